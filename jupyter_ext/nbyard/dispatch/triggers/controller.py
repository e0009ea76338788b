"""The controller of triggers: looks for events and handles firings in threads.

Create the run of each waiting firing in one transaction, or record why it has none.
"""

import logging
import time
from collections.abc import Callable
from functools import partial

from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.threads import Threads
from nbyard.dispatch.triggers.store_events import KINDS, StoreEvents
from nbyard.dispatch.triggers.watched_files import WatchedFiles
from nbyard.domain.schedules.overlap import action_for
from nbyard.domain.schedules.structs import Missed
from nbyard.errors import Busy, NbyardError, StaleWrite, Unavailable, reason_of
from nbyard.freezing.runs.templates import FrozenRequest
from nbyard.freezing.runs.trigger_runs import create_fired_run, freeze_fired
from nbyard.ipc.crash_points import crash_point
from nbyard.reasons.structs import because
from nbyard.store import Connection
from nbyard.store.leases import LeaseLost
from nbyard.store.triggers.firings import FiringRow
from nbyard.store.triggers.queries import TriggerRow

log = logging.getLogger("nbyard.dispatch")
MOST_WAITING = 100
MOST_READ = 1_000


class FiringRuns:
    """Handles one firing of a trigger at a time."""

    def __init__(self, context: DispatchContext):
        self._context = context
        self._store = context.store
        self._rows = context.store.firings

    def handle(self, trigger_id: str) -> bool:
        """Handle the next firing; return whether anything changed."""
        with self._store.read() as c:
            row = self._store.triggers.by_id(c, trigger_id)
            waiting = self._rows.waiting_of(c, trigger_id, MOST_READ)
            live = self._rows.live_runs(c, trigger_id)
        if row is None or not waiting:
            return False
        overlap = row.trigger.overlap
        # The overlap policies of schedules apply. Events are never missed, unlike due times.
        action = action_for(
            overlap, Missed(), is_active=bool(live), is_waiting=False, is_late=False
        )
        if action == "wait":
            return self._drop_excess_firings(row, waiting)
        if action == "skip":
            self._skip(row, waiting[0], live)
            return True
        if overlap == "replace" and len(waiting) > 1:
            self._keep_newest(row, waiting)
        try:
            self._start(row, waiting[-1] if overlap == "replace" else waiting[0])
        except StaleWrite:
            log.info("trigger %s was changed meanwhile", trigger_id)
        return True

    def _drop_excess_firings(self, row: TriggerRow, waiting: list[FiringRow]) -> bool:
        """Drop the firings beyond the number that may wait; return whether there were any."""
        ids = [firing_row.firing.id for firing_row in waiting[MOST_WAITING:]]
        if not ids:
            return False
        why = because("firing-queue-full", count=MOST_WAITING)
        with self._context.write() as c:
            self._rows.mark_overlapped(c, row.trigger, why, ids)
        return True

    def _skip(self, row: TriggerRow, firing: FiringRow, live: list[str]) -> None:
        with self._context.write() as c:
            run = self._store.runs.by_id(c, live[0])
            why = because("firing-overlapped", number=run.number if run else 0)
            self._rows.conclude(c, row.trigger, firing.firing.id, "overlapped", why)

    def _keep_newest(self, row: TriggerRow, waiting: list[FiringRow]) -> None:
        ids = [firing_row.firing.id for firing_row in waiting[:-1]]
        with self._context.write() as c:
            self._rows.mark_overlapped(c, row.trigger, because("firing-replaced"), ids)

    def _start(self, row: TriggerRow, firing: FiringRow) -> None:
        """Start the run of a firing; record why there is none if it is refused."""
        try:
            with self._context.blobs.without_collection():
                frozen = self._freeze(row, firing)
                with self._context.write() as c:
                    self._create(c, row, firing, frozen)
                    crash_point("firing-run-inserted")
        except NbyardError as error:
            if isinstance(error, Busy | Unavailable | LeaseLost | StaleWrite):
                raise
            # The files cannot be frozen, or a value is refused and the transaction rolled back.
            with self._context.write() as c:
                self._check_same(c, row)
                self._rows.conclude(c, row.trigger, firing.firing.id, "failed", reason_of(error))
        crash_point("firing-run-committed")

    def _create(
        self, c: Connection, row: TriggerRow, firing: FiringRow, frozen: FrozenRequest | None
    ) -> None:
        self._check_same(c, row)
        live = self._rows.live_runs(c, row.trigger.id)
        made = create_fired_run(self._store, c, row, firing, frozen)
        if not self._rows.conclude(c, row.trigger, firing.firing.id, "started", run_id=made):
            raise StaleWrite
        self._store.runs.request_cancels(c, live)  # only the policy `replace` has any here

    def _check_same(self, c: Connection, row: TriggerRow) -> None:
        """Check that the trigger was not changed since it was read.

        Raises:
            StaleWrite: The trigger was changed; the firing is handled again.
        """
        now = self._store.triggers.by_id(c, row.trigger.id)
        if now is None or now.trigger.revision != row.trigger.revision:
            raise StaleWrite

    def _freeze(self, row: TriggerRow, firing: FiringRow) -> FrozenRequest | None:
        context = self._context
        return freeze_fired(context.settings, context.store, context.blobs, row, firing.given)


# Between two comparisons with the events of the store.
PAUSE_SECONDS = 0.1


class TriggerController:
    """Finds events that fire triggers, and the firings that wait for their run.

    `wake` wakes the loop after a thread has recorded a firing or created a run.
    """

    def __init__(self, context: DispatchContext, threads: Threads, wake: Callable[[], None]):
        self._context = context
        self._threads = threads
        self._wake = wake
        self._events = StoreEvents(context)
        self._files = WatchedFiles(context, wake)
        self._firing_runs = FiringRuns(context)
        self._has_changed = True
        self._reads_events = False
        self._watched_until: int | None = None
        self._next_match = 0.0
        self.is_enabled = False

    def tick(self, *, has_news: bool = True, has_time: bool = True) -> bool:
        """Handle events and firings; return whether anything changed since the last round."""
        has_changed, self._has_changed = self._has_changed, False
        if has_news or has_time or has_changed:
            self._handle_due()
        if self._is_behind():
            self._next_match = time.monotonic() + PAUSE_SECONDS
            self._threads.submit("trigger events", self._events.match, then=self._done)
        if self._files.has_dropped:
            self._threads.submit("dropped watches", self._files.stop_unneeded_watches)
        for trigger_id in self._files.due_triggers():
            look = partial(self._files.compare, trigger_id)
            self._threads.submit(f"files of trigger {trigger_id}", look, then=self._done)
        return has_changed

    def seconds_until_due(self) -> float:
        """Return the seconds until events or files are compared again."""
        files = self._files.seconds_until_due()
        if not self._is_behind(soon=True):
            return files
        return min(files, max(self._next_match - time.monotonic(), 0.0))

    def close(self) -> None:
        """Stop watching files."""
        self._files.close()

    def _handle_due(self) -> None:
        store = self._context.store
        with store.read() as c:
            kinds = store.triggers.enabled_kinds(c)
            waiting = store.firings.waiting(c)
            self._watch(c, has_files="file" in kinds)
        self.is_enabled = bool(kinds or waiting)
        self._reads_events = not kinds.isdisjoint(KINDS)
        for trigger_id in waiting:
            handle = partial(self._firing_runs.handle, trigger_id)
            self._threads.submit(f"trigger {trigger_id}", handle, then=self._done)

    def _watch(self, c: Connection, *, has_files: bool) -> None:
        """Watch the files of the enabled triggers, which are read only if a trigger changed."""
        store, seen = self._context.store, self._watched_until
        # First the newest event: a trigger may be changed meanwhile.
        newest = store.events.newest_id(c)
        if not has_files:
            self._files.update({})
        elif seen is None or store.events.has_topic_after(c, "trigger", seen):
            self._files.update(store.triggers.revisions(c, "file"))
        self._watched_until = newest  # after a failure, they are read again

    def _is_behind(self, *, soon: bool = False) -> bool:
        """Return whether events of the store are to be compared now, or soon."""
        if not self._reads_events or (not soon and time.monotonic() < self._next_match):
            return False
        with self._context.store.read() as c:
            return self._events.is_behind(self._context.store.events.newest_id(c))

    def _done(self, has_changed: bool | None) -> None:
        """Look again: a firing waits, or its run is to start."""
        if has_changed:
            self._has_changed = True
            self._wake()
