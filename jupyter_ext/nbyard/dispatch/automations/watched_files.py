"""Watch the files of automations: changes since the stored snapshot become firings.

The snapshot and the firing are written in one transaction. So changes that happened while no
dispatcher ran are found, and none starts two runs.
"""

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nbyard.dispatch.context import DispatchContext
from nbyard.domain.automations.file_changes import (
    MOST_FILES,
    RunWindow,
    Settling,
    Snapshot,
    cause_of,
    changes_between,
    merge_snapshot,
    path_pattern,
    run_that_made_changes,
)
from nbyard.domain.automations.structs import MOST_IN_CHAIN, Fire, OnFile
from nbyard.domain.automations.values import values_or_reason
from nbyard.domain.ids import new_id
from nbyard.domain.runs.origins import FileCause
from nbyard.errors import StaleWrite
from nbyard.host import clock
from nbyard.host.watching import ChangeHints, TooManyFiles, changed_at, present_files
from nbyard.ipc.crash_points import crash_point
from nbyard.reasons.structs import Reason, because
from nbyard.store import Connection
from nbyard.store.automations.queries import AutomationRow

log = logging.getLogger("nbyard.dispatch")
# Seconds between two comparisons, and seconds more for each automation, so that many cost little.
# With hints, the comparisons at intervals find changes without a hint.
HINTED, POLLED = (30.0, 0.2), (2.0, 0.05)
LEAST_SECONDS = 0.2  # between two comparisons, however many hints come
NEVER = float("inf")


@dataclass
class Watch:
    """One automation with its files. Times are of the monotonic clock."""

    row: AutomationRow
    on: OnFile
    settling: Settling
    is_hinted: bool = False  # the system reports changes
    next_look: float = 0.0
    last_look: float = 0.0
    hints: int = 0  # number of its reports
    has_begun: bool = False
    is_held: bool = False  # changes wait, because runs of the automation seem to cause them

    @property
    def key(self) -> str:
        """Return a key that differs after each change."""
        return f"{self.row.automation.id} {self.row.automation.revision}"


class WatchedFiles:
    """Looks at the files of automations when they may have changed; `wake` wakes the loop."""

    def __init__(self, context: DispatchContext, wake: Callable[[], None]):
        self._context = context
        self._store = context.store
        self._wake = wake
        self._hints = ChangeHints()
        self.watches: dict[str, Watch] = {}
        # How many watches get hints (True), and how many get none (False).
        self._known = Counter[bool]()
        self._dropped: list[str] = []
        # No comparison is due before this time. The loop asks often, with many automations.
        self._first_look = NEVER
        self._lock = threading.Lock()

    def update(self, revisions: Mapping[str, int]) -> None:
        """Watch the files of the automations with these IDs and revisions, and no others.

        Only automations that are new or changed are read.
        """
        for key, watch in [*self.watches.items()]:
            if revisions.get(key) != watch.row.automation.revision:
                del self.watches[key]
                self._dropped.append(watch.key)
        if not self.watches:
            self._first_look = NEVER
        new = revisions.keys() - self.watches.keys()
        if not new:
            return
        with self._store.read() as c:
            rows = [self._store.automations.by_id(c, key) for key in sorted(new)]
        for row in rows:
            if row is not None and row.automation.is_enabled:
                on = row.automation.on
                assert isinstance(on, OnFile)
                settling = Settling(on.settle_seconds)
                self.watches[row.automation.id] = Watch(row, on, settling)
                self._first_look = 0.0

    def _begin(self, watch: Watch) -> None:
        """Ask the system to report changes of the automation's files.

        This takes long in a large tree of folders.
        """

        def hint() -> None:
            with self._lock:
                watch.hints += 1
                self._plan(watch, min(watch.next_look, watch.last_look + LEAST_SECONDS))
            self._wake()

        watch.has_begun = True
        path, pattern = Path(watch.row.source_path), path_pattern(watch.on.pattern)
        watch.is_hinted = self._hints.watch(watch.key, path, pattern.is_deep, hint)
        # The loop may have stopped watching meanwhile.
        if self.watches.get(watch.row.automation.id) is not watch:
            self._hints.unwatch(watch.key)

    @property
    def has_dropped(self) -> bool:
        """Return whether a watch sends hints that nothing needs."""
        return bool(self._dropped)

    def stop_unneeded_watches(self) -> None:
        """Stop watching folders that nothing needs; call this in a thread, it may take long."""
        while self._dropped:
            self._hints.unwatch(self._dropped.pop())

    def due_automations(self) -> list[str]:
        """Return the IDs of the automations to compare now.

        The following comparison of each is planned.
        """
        now = time.monotonic()
        with self._lock:
            if now < self._first_look:
                return []
            begun = (watch for watch in self.watches.values() if watch.has_begun)
            self._known = Counter(watch.is_hinted for watch in begun)
            due = [key for key, watch in self.watches.items() if watch.next_look <= now]
            for key in due:
                # If the comparison fails, the next one must not follow at once.
                watch = self.watches[key]
                watch.last_look, watch.next_look = now, now + self._interval(watch)
            times = (watch.next_look for watch in self.watches.values())
            self._first_look = min(times, default=NEVER)
        return due

    def seconds_until_due(self) -> float:
        """Return the seconds until the next comparison of files."""
        return max(self._first_look - time.monotonic(), 0.0)

    def _plan(self, watch: Watch, at: float) -> None:
        """Set the time of the next look; the caller holds the lock."""
        watch.next_look = at
        self._first_look = min(self._first_look, at)

    def _interval(self, watch: Watch) -> float:
        """Return the seconds until the next look without a hint."""
        least, each = HINTED if watch.is_hinted else POLLED
        # At random, so that not all automations are due at the same time.
        alike = len(self.watches) - self._known[not watch.is_hinted]
        return max(least, each * alike) * random.uniform(0.75, 1.0)

    def compare(self, automation_id: str) -> bool:
        """Compare the files of an automation with their stored states; return whether it fired.

        The next comparison is planned, earlier if a changed file may still be incomplete.
        """
        watch = self.watches.get(automation_id)
        if watch is None:
            return False
        if not watch.has_begun:
            # The hints begin before the first look at the files, so that no change is missed.
            self._begin(watch)
        hints = watch.hints
        new = self._files(watch)
        has_fired = new is not None and self.compare_with_stored(watch, new)
        now = time.monotonic()
        wait = watch.settling.wait(now)
        if watch.is_held:  # nothing is new before the next hint
            wait = None
        interval = self._interval(watch)
        with self._lock:
            if wait is None:
                # A hint during the comparison may be about a later change.
                wait = interval if watch.hints == hints else LEAST_SECONDS
            self._plan(watch, now + min(wait, interval))
        if wait < interval:
            self._wake()  # the loop may sleep for longer
        return has_fired

    def _files(self, watch: Watch) -> Snapshot | None:
        path, pattern = Path(watch.row.source_path), path_pattern(watch.on.pattern)
        try:
            files = present_files(path, pattern.matches, is_deep=pattern.is_deep, most=MOST_FILES)
        except TooManyFiles:
            self._fail(watch, because("too-many-watched-files", most=MOST_FILES))
        except OSError as error:
            text = error.strerror or str(error)
            self._fail(watch, because("watched-files-unreadable", path=str(path), message=text))
        else:
            return files
        return None

    def _fail(self, watch: Watch, reason: Reason) -> None:
        """Record once a day that the files cannot be watched."""
        key = f"files-failed:{clock.now():%Y-%m-%d}"
        with self._context.write() as c:
            cause = FileCause([], 0)
            self._store.firings.add(c, watch.row.automation, key, cause, reason=reason)

    def compare_with_stored(self, watch: Watch, new: Snapshot) -> bool:
        """Record a firing if files are complete; return if one was."""
        automation_id = watch.row.automation.id
        with self._store.read() as c:
            known = self._store.automations.stored_files(c, automation_id)
        if known is None:
            return False
        version, old = known
        changed = changes_between(old, new)
        wanted = {path: change for path, change in changed.items() if change in watch.on.changes}
        complete = watch.settling.complete(wanted, new, time.monotonic())
        others = changed.keys() - wanted.keys()
        # A file that is deleted and comes back is a new one.
        has_gone = any(changed[path] == "deleted" for path in others)
        if not complete and not has_gone:
            watch.is_held = False
            return False
        behind = self._run_that_made_changes(watch, complete)
        if behind is not None and len(behind.chain) >= MOST_IN_CHAIN:
            self._hold(watch, behind, is_all=len(complete) == len(wanted))
            return False
        watch.is_held = False
        try:
            with self._context.write() as c:
                now = self._store.automations.by_id(c, automation_id)
                if now is None or now.automation.revision != watch.row.automation.revision:
                    return False
                self._store.automations.advance_files(
                    c, automation_id, version, merge_snapshot(old, new, {*complete, *others})
                )
                if complete:
                    cause = cause_of(wanted, complete)
                    self._record(c, watch, cause, behind.run_id if behind else "")
                crash_point("files-matched")
        except StaleWrite:
            return False
        crash_point("firings-committed")
        return bool(complete)

    def _record(self, c: Connection, watch: Watch, cause: FileCause, after_run: str) -> None:
        row = watch.row.automation
        values, reason = values_or_reason(row.values_from, cause)
        self._store.firings.add(
            c,
            row,
            f"files:{new_id()}",
            cause,
            given=Fire(values),
            after_run=after_run,
            reason=reason,
        )

    def _run_that_made_changes(self, watch: Watch, complete: list[str]) -> RunWindow | None:
        """Return the run of the automation that may itself have made these changes."""
        with self._store.read() as c:
            windows = self._store.firings.run_windows(c, watch.row.automation)
        if not windows:
            return None  # most folders, whose files need no further look
        try:
            return run_that_made_changes([changed_at(path) for path in complete], windows)
        except OSError:  # a change by others, as far as anybody can tell
            return None

    def _hold(self, watch: Watch, behind: RunWindow, *, is_all: bool) -> None:
        """Record once that changes wait for the user.

        Runs of the automation seem to cause its events. Unless `is_all`, nothing is recorded,
        because further changed files are complete soon.
        """
        watch.is_held = is_all
        if not is_all:
            return
        automation, key = watch.row.automation, f"files-held:{behind.run_id}"
        with self._store.read() as c:
            is_known = self._store.firings.find(c, automation.id, key) is not None
        if not is_known:
            why = because("watched-files-change-with-runs", most=MOST_IN_CHAIN)
            with self._context.write() as c:
                self._store.firings.add(c, automation, key, FileCause([], 0), reason=why)

    def close(self) -> None:
        """Stop watching."""
        self._hints.close()
