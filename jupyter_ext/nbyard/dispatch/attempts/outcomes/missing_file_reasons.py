"""Explain why a file that the work did not find is not in the bundle of its code."""

import contextlib
import logging
import os
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from glob import escape, iglob
from itertools import islice
from pathlib import Path, PurePosixPath

import msgspec

from nbyard.blobs import Blobs
from nbyard.dispatch.attempts.input_staging import CODE_KINDS, place_of
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.attempt_snapshot import AttemptSnapshot
from nbyard.domain.attempts.failure_reader import failure_text
from nbyard.domain.attempts.missing_modules import COLOURS
from nbyard.domain.attempts.other_files import OtherFiles
from nbyard.domain.attempts.structs import Failure
from nbyard.domain.caching.file_probes import probes_of
from nbyard.domain.caching.path_mentions import (
    code_of,
    likely_paths,
    literal_folder,
    possible_paths,
)
from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.domain.ignore_rules import is_cache, may_hold_secrets
from nbyard.domain.inspection.functions import split_function_path
from nbyard.errors import NbyardError
from nbyard.reasons.structs import Reason, because, joined
from nbyard.runner.attempt_folder import CODE
from nbyard.transfer import bundles
from nbyard.transfer.dataset_links import shows_dataset

log = logging.getLogger("nbyard.dispatch")
# Python, shells and libraries report missing files and modules in these words.
SIGNS = ("No such file", "No module named", "cannot open", "does not exist", "not found")
MOST_NAMED = 3
MOST_FITTING = 1000


class _Code(msgspec.Struct, frozen=True):
    """The code of a task, as its user sees it on this machine."""

    path: Path
    base: Path  # the source folder of its bundle
    below: str  # the code's folder in it
    taken: frozenset[str]  # the files of the bundle and their folders
    version: ExecutableVersion
    content: bytes

    def place(self, name: str) -> str:
        """Return the path in the bundle for a path relative to the code; "" if outside."""
        place = os.path.normpath(os.path.join(self.below, name))
        return "" if place == "." or place.startswith(("../", "/")) else place

    def is_left_out(self, place: str) -> bool:
        """Return whether the path exists on disk, but not in the bundle."""
        return place not in self.taken and os.path.exists(self.base / place)

    def paths_meant_by(self, name: str) -> list[str]:
        """Return the paths to which a string in the code may refer.

        With wildcards, that is the folder before them if it is not in the bundle, else the matching
        files.
        """
        start = literal_folder(name)
        place = self.place(start) if start else self.below
        if start == name or (start and place not in self.taken):
            return [start]
        # Placeholders stand for unknown texts, as in `day-{n}.csv`, `part-%d.csv` or `$DATA/*.csv`.
        if "*" not in name or set("{%$") & set(name) or "**" in name or not re.search(r"\w", name):
            return []
        folder = self.base / self.below
        fits = (os.path.relpath(path, folder) for path in iglob(f"{escape(str(folder))}/{name}"))
        return [path for path in islice(fits, MOST_FITTING) if not is_cache(path)]


def _code(
    context: DispatchContext, snapshot: AttemptSnapshot, version: ExecutableVersion | None
) -> _Code | None:
    if version is None:
        return None
    with context.store.read() as c:
        known = context.store.executables.get(c, snapshot.run.owner, version.executable_id)
    if not (known and known.path):
        return None
    own = split_function_path(version.file).file
    path = Path(split_function_path(known.path).file)
    taken, content = _bundle(context.blobs, version.bundle_digest, version.content_digest)
    # For `src/train.py` in the bundle, the source folder is two levels above the file.
    base = path.parents[own.count("/")]
    return _Code(path, base, os.path.dirname(own), taken, version, content)


@lru_cache(maxsize=32)  # the same code runs repeatedly
def _bundle(blobs: Blobs, tree_digest: str, content_digest: str) -> tuple[frozenset[str], bytes]:
    """Return the paths of a bundle with its folders, and the content of its code."""
    tree = blobs.tree(tree_digest)
    taken = {*tree.folders, *(entry.path for entry in tree.files)}
    # A folder travelled if any file in it did.
    taken |= {str(folder) for path in taken for folder in PurePosixPath(path).parents}
    with blobs.open(content_digest) as handle:
        return frozenset(taken), handle.read()


def first_missing_file_reason(
    context: DispatchContext,
    snapshot: AttemptSnapshot,
    version: ExecutableVersion | None,
    failure: Failure,
) -> Reason | None:
    """Return why a file named by the failure is not in the bundle.

    `version` is the code of the attempt. The file exists beside or above the code. If there are
    several, the first one counts. Return None if there is none.
    """
    # IPython colours its tracebacks with escape sequences, which would become parts of paths.
    printed = COLOURS.sub("", f"{failure_text(failure)}\n{failure.traceback}")
    lines = [line for line in printed.splitlines() if any(sign in line for sign in SIGNS)]
    code = _code(context, snapshot, version) if lines else None
    if code is None:
        return None
    # Paths in the attempt's folder become relative to the code.
    attempt = snapshot.order.folder
    up = "../" * len(Path(code.below).parts)
    message = "\n".join(lines)
    if code.below:
        message = message.replace(f"{attempt}/code/{code.below}/", "")
    message = message.replace(f"{attempt}/code/", up).replace(f"{attempt}/", f"../{up}")
    named = possible_paths(message)
    # The name of a module means a file or a folder.
    modules = [text.replace(".", "/") for text in named if "/" not in text]
    names = [*named, *(f"{text}.py" for text in modules), *modules]
    for name in names:
        place = code.place(name)
        if place and code.is_left_out(place):
            return _not_copied(code, name, missing_file_reason(code.base, place))
    if higher := find_higher_in_bundle(code.base, code.below, named):
        return higher
    above = [
        text
        for text in possible_paths(code_of(code.path.name, code.content))
        if text.startswith("..")
    ]
    return find_outside_bundle(code.base, code.below, names, above)


def warning_about_missing_files(
    context: DispatchContext,
    snapshot: AttemptSnapshot,
    version: ExecutableVersion | None,
    others: OtherFiles | None,
) -> Reason | None:
    """Return a warning about files that are not in the bundle.

    The code names them, and they exist beside it. Work that lists files or tests for them does
    not fail without them. `others` holds the files that the work wrote.
    """
    try:
        code = _code(context, snapshot, version)
        if code is None or code.version.kind not in CODE_KINDS or code.version.invocation.apart:
            return None
        missing = _missing_files(context, snapshot, code, others)
    except (NbyardError, OSError, ValueError, KeyError, TypeError) as error:
        # A warning must not fail finished work: its code may have moved or may not be text.
        log.info("what the attempt %s did not find is not known: %s", snapshot.attempt.id, error)
        return None
    more = len(missing) - MOST_NAMED
    rest = because("more-did-not-travel", more=more) if more > 0 else None
    return joined([*(_not_copied(code, name, cause) for name, cause in missing[:MOST_NAMED]), rest])


def warning_about_secrets(
    context: DispatchContext, version: ExecutableVersion | None
) -> Reason | None:
    """Return a warning about files that are not in the bundle because they may hold secrets."""
    if version is None or not version.bundle_digest:
        return None
    with contextlib.suppress(NbyardError):  # the code was deleted meanwhile
        return bundles.secrets_left_out(context.blobs.tree(version.bundle_digest).left_out)
    return None


def _not_copied(code: _Code, name: str, cause: Reason) -> Reason:
    return because("file-did-not-travel", name=name, beside=code.path.name, cause=cause)


def _missing_files(
    context: DispatchContext, snapshot: AttemptSnapshot, code: _Code, others: OtherFiles | None
) -> list[tuple[str, Reason]]:
    """Return (name, reason) for missing files that the code names, one per reason.

    Paths that exist now or are declared are not missing.
    """
    version, folder = code.version, snapshot.order.folder
    # The folder of a worker's attempt lies inside the folder of the worker.
    copy = (folder.parents[1] if snapshot.attempt.worker else folder) / CODE
    kept = context.blobs.tree(others.digest).files if others and others.digest else []
    left = others.left_out if others else []
    paths = [*(file.path for file in kept), *(entry.path.rstrip("/") for entry in left)]
    declared = {
        place_of(argument, version).removeprefix(f"{CODE}/") for argument in version.arguments
    }
    bound = [
        argument
        for argument in version.arguments
        if argument.role == "output" or argument.name in snapshot.inputs
    ]
    bound += [
        argument for argument in version.arguments if argument.name in snapshot.task.plan.bindings
    ]
    declared |= {
        code.place(argument.default) for argument in bound if isinstance(argument.default, str)
    }
    near = os.listdir(code.base / code.below)
    missing: list[tuple[str, Reason]] = []
    for name in _asked(code.path.name, code.content):
        if literal_folder(name).split("/")[0] not in ("", *near):
            continue  # most strings are not paths
        for meant_path in code.paths_meant_by(name):
            place = code.place(meant_path)
            reason = _reason(code.base, place) if place and code.is_left_out(place) else None
            if reason is None or place in declared or os.path.lexists(copy / place):
                continue
            if any(f"{path}/".startswith(f"{place}/") for path in paths):
                continue
            if all(reason != known for _, known in missing):
                missing.append((meant_path, reason))
    return missing


@lru_cache(maxsize=32)  # the same code runs repeatedly
def _asked(filename: str, content: bytes) -> Sequence[str]:
    probes = probes_of(filename, content, is_own=True)
    return likely_paths(filename, code_of(filename, content), probes.names)


def find_higher_in_bundle(base: Path, below: str, names: Iterable[str]) -> Reason | None:
    """Return where a file is that the code looks for in its own folder.

    `base` is the source folder of the bundle, and `below` the code's folder in it. The `names` are
    looked up from the folders between them. Return None if no name exists there.
    """
    for name in names:
        for folder in Path(below).parents:
            place = base / folder / name
            if not name.startswith(("/", "..")) and place.is_file():
                path = str(place.relative_to(base))
                return because("file-is-higher", path=path, use=os.path.relpath(path, below))
    return None


def find_outside_bundle(
    base: Path, below: str, names: Iterable[str], above: Iterable[str]
) -> Reason | None:
    """Return why the attempt lacks a file outside the bundle.

    `base` is the source folder of the bundle, and `below` the code's folder in it. The `names` are
    looked up from the code's folder, from the folder above `base`, and from the folders `above`.
    Return None if no name exists there.
    """
    folders = ["", os.path.relpath(base.parent, base / below), *above]
    for name, place in (
        (name, os.path.normpath(base / below / folder / name))
        for name in names
        for folder in folders
    ):
        if os.path.exists(place) and not Path(place).is_relative_to(base):
            shared = Path(os.path.commonpath((base, place)))
            if bundles.is_project(base) or shared in bundles.no_projects(base):
                remedy = because("move-or-give-as-input")
            else:
                remedy = because("mark-shared-folder", folder=str(shared))
                if place != os.path.normpath(base / below / name):
                    use = os.path.relpath(place, base / below)
                    remedy = because("remedy-and-path", remedy=remedy, use=use)
            return because("outside-of-code", path=place, folder=str(base), remedy=remedy)
    return None


def missing_file_reason(base: Path, place: str) -> Reason:
    """Return why a path in `base` is not in its bundle.

    The reason also contains what to do.
    """
    folder = base.name or str(base)
    return _reason(base, place) or because("folder-does-not-travel", folder=folder)


def _reason(base: Path, place: str) -> Reason | None:
    """Return the reason if a link or an ignore rule is the cause."""
    parts = place.split("/")
    folders = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    links = (folder for folder in folders if os.path.islink(base / folder))
    if shows_dataset(base / next(links, place)):
        return because("file-is-dataset")
    for above in folders:
        if os.path.islink(base / above):
            return because("link-left-out", path=above)
        name = f"{above}/" if os.path.isdir(base / above) else above
        if may_hold_secrets(name):
            return because("secret-left-out", path=place)
        if rule := bundles.rule_of(base, name):
            return because("rule-leaves-out", rule=rule, path=above)
    return None
