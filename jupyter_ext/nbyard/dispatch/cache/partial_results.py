"""Keep partial predictions of an interrupted attempt, and pass them to the next attempt.

Predictions are written in parts, of which only whole ones are kept. The next attempt with the
same key continues after them, in any run. Files are moved, not copied.
"""

import contextlib
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nbyard.attempts import folders
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.attempt_snapshot import AttemptSnapshot
from nbyard.domain import cache_policy
from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.domain.models.structs import SERVING_FOLDER
from nbyard.runner.process.path_states import walk

KEPT = timedelta(days=1)
# The line contains the whole model.json, with the metadata of the model.
MAX_LINE = 16 * 2**20


def key_of(snapshot: AttemptSnapshot, version: ExecutableVersion) -> str:
    """Return the key of predictions that attempts may share.

    It consists of the cache key and the digest of the code's bundle.
    """
    return f"{snapshot.task.cache_key} {version.bundle_digest}"


def set_outputs_aside(store: Path, attempt_id: str) -> None:
    """Set aside the predictions of an ended attempt, if it predicted a dataset."""
    if os.path.isdir(folders.attempt_folder_of(store, attempt_id) / SERVING_FOLDER / "nbyard"):
        folders.set_outputs_aside(store, attempt_id)


def pass_on_predictions(context: DispatchContext, snapshot: AttemptSnapshot, key: str) -> int:
    """Pass predictions of an earlier attempt to a starting one.

    Return their number of rows. Forced tasks, and tasks that skip the cache, continue only attempts
    of the same task.
    """
    plan, rows = snapshot.task.plan, context.store.attempts
    with context.store.read() as c:
        before = rows.earlier_ids(c, snapshot.attempt)
    # The clean-up of an earlier attempt may be pending, or its dispatcher was killed.
    for name in before:
        set_outputs_aside(context.folder, name)
    names = {*folders.all_unfinished(context.folder)}
    if plan.force or not cache_policy.is_asked(plan.cache):
        names &= {*before, snapshot.attempt.id}
    if not names:
        return 0
    with context.store.read() as c:
        alike = rows.without_result(c, names, snapshot.task.owner, snapshot.task.cache_key)
    # This attempt itself may have predicted rows before a reboot of the machine.
    left = [
        Leavings(folders.set_aside_folder(context.folder, attempt_id), key)
        for attempt_id in {*alike, snapshot.attempt.id}
    ]
    # Only one set can be continued, so keep the largest and delete the others.
    most = max(left, key=lambda leavings: leavings.rows)
    most.move(snapshot.order.folder / folders.OUTPUTS)
    for leavings in left:
        folders.delete_path(leavings.place)
    return most.rows


class Leavings:
    """Predictions that one attempt left in the folder `place`, if they have this key.

    `rows` is the number of predicted rows.
    """

    def __init__(self, place: Path, key: str):
        self.place = place
        self._files: list[str] = []
        self.rows = 0
        from nbyard.serving.batch import prediction_parts  # imported late: unused without models

        self._parts = prediction_parts
        for folder, _, names in walk(os.fspath(place)):
            if folder.endswith(prediction_parts.SUFFIX):
                self._find_parts(folder, names, folder.removesuffix(prediction_parts.SUFFIX), key)

    def _find_parts(self, folder: str, names: list[str], target: str, key: str) -> None:
        about, done = f"{folder}/{self._parts.ABOUT}", f"{folder}/{self._parts.DONE}"
        if self._parts.key_in(_line(about)) != key:
            return
        self._files.append(about)
        # The work may have written any number. 18 digits always fit into 64 bits.
        if whole := re.match(r"\d{1,18} ", _line(done)):
            self._files += [done, target]
            self.rows += int(whole[0])
            return
        for part in self._parts.in_order(names):
            self._files.append(f"{folder}/{part[0]}")
            self.rows += int(part[2])

    def move(self, to: Path) -> None:
        """Move the files of the predictions; incomplete parts stay."""
        for path in self._files:
            target = to / os.path.relpath(path, self.place)
            target.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(OSError):  # the work may have deleted or locked it
                os.rename(path, target)


def _line(path: str) -> str:
    """Return the first line of a file, which the work may have replaced with anything."""
    try:
        with open(path, "rb", opener=folders.only_a_file) as file:
            return file.readline(MAX_LINE).decode("utf-8", "replace")
    except OSError:
        return ""


def sweep(context: DispatchContext) -> None:
    """Delete predictions that no attempt will continue.

    Their task has its result, ended more than 1 day ago, or is deleted.
    """
    names = folders.all_unfinished(context.folder)
    if not names:
        return
    with context.store.read() as c:
        wanted = context.store.attempts.may_continue(c, names, datetime.now(UTC) - KEPT)
    for name in names:
        if name not in wanted:
            folders.delete_path(folders.set_aside_folder(context.folder, name))
