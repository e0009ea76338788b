"""The controller of automations: looks for due times and events, and handles them in threads.

Each firing of an event, and each due time of a backfill, becomes a run.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from nbyard.dispatch.automations.due_times import DueTimes
from nbyard.dispatch.automations.store_events import KINDS, StoreEvents
from nbyard.dispatch.automations.watched_files import WatchedFiles
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.threads import Threads
from nbyard.domain.automations.backfills import forecast_of, left_out_reason
from nbyard.domain.automations.structs import Firing, FiringRow, action_for
from nbyard.domain.automations.times.structs import Missed
from nbyard.errors import Busy, NbyardError, NotFound, StaleWrite, Unavailable, reason_of
from nbyard.freezing.runs.automation_runs import (
    create_automation_run,
    create_backfill_run,
    freeze_automation,
)
from nbyard.freezing.runs.templates import FrozenRequest
from nbyard.host import clock
from nbyard.ipc.crash_points import crash_point
from nbyard.reasons.structs import because
from nbyard.store import Connection
from nbyard.store.automations.firings import BackfillRow
from nbyard.store.automations.queries import AutomationRow
from nbyard.store.leases import LeaseLost

MOST_WAITING = 100
MOST_READ = 1_000
log = logging.getLogger("nbyard.dispatch")
MOST_AT_ONCE = 200
RETRY_SECONDS = 2.0
NEVER = float("inf")
# Between two comparisons with the events of the store.
PAUSE_SECONDS = 0.1


class FiringRuns:
    """Handles one waiting firing of an automation at a time."""

    def __init__(self, context: DispatchContext):
        self._context = context
        self._store = context.store
        self._rows = context.store.firings

    def handle(self, automation_id: str) -> bool:
        """Handle the next firing; return whether anything changed."""
        with self._store.read() as c:
            row = self._store.automations.by_id(c, automation_id)
            waiting = self._rows.waiting_of(c, automation_id, MOST_READ)
            live = self._rows.live_runs(c, automation_id)
        if row is None or not waiting:
            return False
        # Due times wait because of their policies; events are recorded before any policy applies.
        is_event = row.automation.timing is None
        overlap = row.automation.overlap if is_event else "queue"
        # Events are never missed, unlike due times.
        action = action_for(
            overlap, Missed(), is_active=bool(live), is_waiting=False, is_late=False
        )
        if action == "wait":
            return is_event and self._drop_excess_firings(row, waiting)
        if action == "skip":
            with self._context.write() as c:
                run = self._store.runs.by_id(c, live[0])
                why = because("firing-overlapped", number=run.number if run else 0)
                self._rows.conclude(c, row.automation, waiting[0].firing, "overlapped", why)
            return True
        if overlap == "replace" and len(waiting) > 1:
            ids = [firing_row.firing.id for firing_row in waiting[:-1]]
            with self._context.write() as c:
                self._rows.drop_waiting(c, row.automation, because("firing-replaced"), ids)
        try:
            self._start(row, waiting[-1] if overlap == "replace" else waiting[0])
        except StaleWrite:
            log.info("automation %s was changed meanwhile", automation_id)
        return True

    def _drop_excess_firings(self, row: AutomationRow, waiting: list[FiringRow]) -> bool:
        ids = [firing_row.firing.id for firing_row in waiting[MOST_WAITING:]]
        if not ids:
            return False
        why = because("firing-queue-full", count=MOST_WAITING)
        with self._context.write() as c:
            self._rows.drop_waiting(c, row.automation, why, ids)
        return True

    def _start(self, row: AutomationRow, firing: FiringRow) -> None:
        """Start the run of a firing; record why there is none if it is refused."""
        context = self._context
        try:
            with context.blobs.without_collection():
                frozen = freeze_automation(
                    context.settings, context.store, context.blobs, row, firing.given
                )
                with context.write() as c:
                    self._create(c, row, firing, frozen)
                    crash_point("firing-run-inserted")
        except NbyardError as error:
            if isinstance(error, Busy | Unavailable | LeaseLost | StaleWrite):
                raise
            # The files cannot be frozen, or a value is refused and the transaction rolled back.
            with context.write() as c:
                self._check_same(c, row)
                self._rows.conclude(c, row.automation, firing.firing, "failed", reason_of(error))
        crash_point("firing-run-committed")

    def _create(
        self, c: Connection, row: AutomationRow, firing: FiringRow, frozen: FrozenRequest | None
    ) -> None:
        self._check_same(c, row)
        live = self._rows.live_runs(c, row.automation.id)
        if live and (row.automation.timing is not None or row.automation.overlap != "replace"):
            raise StaleWrite  # fired meanwhile: the firing waits for this run
        made = create_automation_run(self._store, c, row, firing, frozen)
        if not self._rows.conclude(c, row.automation, firing.firing, "started", run_id=made):
            raise StaleWrite
        self._store.runs.request_cancels(c, live)

    def _check_same(self, c: Connection, row: AutomationRow) -> None:
        """Check that the automation was not changed since it was read.

        Raises:
            StaleWrite: The automation was changed; the firing is handled again.
        """
        now = self._store.automations.by_id(c, row.automation.id)
        if now is None or now.automation.revision != row.automation.revision:
            raise StaleWrite


class BackfillRuns:
    """Handles one due time of a backfill at a time."""

    def __init__(self, context: DispatchContext):
        self._context = context
        self._store = context.store
        self._rows = context.store.backfills

    def handle(self, backfill_id: str) -> bool:
        """Handle the next due time if another run may be active.

        Return whether anything changed.
        """
        with self._store.read() as c:
            row = self._rows.by_id(c, backfill_id)
            due = self._rows.first_waiting(c, backfill_id)
            active = len(self._rows.live_runs(c, backfill_id))
        if row is None or row.backfill.state != "running":
            return False
        if due is None:
            if active:
                return False
            with self._context.write() as c:
                return self._rows.finish(c, row.backfill)
        if active >= row.backfill.at_once:
            return False
        try:
            self.start(row, due)
        except StaleWrite:
            log.info("backfill %s was changed meanwhile", backfill_id)
        return True

    def start(self, row: BackfillRow, firing: Firing) -> None:
        """Start the run of a due time, or record why it is refused."""
        try:
            with self._context.write() as c:
                self._create(c, row, firing)
                crash_point("backfill-run-inserted")
        except NbyardError as error:
            if isinstance(error, Busy | Unavailable | LeaseLost | StaleWrite):
                raise
            # A value is refused, and the transaction was rolled back.
            with self._context.write() as c:
                self._rows.conclude(c, firing, "failed", reason_of(error))
        crash_point("backfill-run-committed")

    def _create(self, c: Connection, row: BackfillRow, firing: Firing) -> None:
        """Create a run, unless one of the due time succeeded or became active meanwhile.

        Raises:
            StaleWrite: the backfill was cancelled or deleted meanwhile.
        """
        backfill, due = row.backfill, firing.due_at
        assert due is not None
        runs = self._rows.past_runs(c, backfill.automation_id, due, due)
        _, run = forecast_of(runs.get(due, ()), again=backfill.again)
        if run is None:
            template = self._store.templates.get(c, backfill.owner, row.template_id)
            if template is None:
                raise NotFound(because("no-template"))
            made = create_backfill_run(self._store, c, template, backfill, due)
            is_written = self._rows.conclude(c, firing, "started", run_id=made)
        else:
            is_written = self._rows.conclude(c, firing, "skipped", left_out_reason(run), run.id)
        if not is_written:
            raise StaleWrite


class AutomationController:
    """Finds due times, events that start runs, and firings and backfills that wait for their runs.

    `wake` wakes the loop after a thread has recorded a firing or created a run.
    """

    def __init__(self, context: DispatchContext, threads: Threads, wake: Callable[[], None]):
        self._context = context
        self.threads = threads
        self._wake = wake
        self._due_times = DueTimes(context)
        self._firing_runs = FiringRuns(context)
        self.backfill_runs = BackfillRuns(context)
        self.events = StoreEvents(context)
        self.files = WatchedFiles(context, wake)
        self._has_changed = True
        self._has_backfills = False
        self._reads_events = False
        self._watched_until: int | None = None
        self._next_look = self.next_match = 0.0
        self.is_enabled = False

    def tick(self, *, has_news: bool = True, has_time: bool = True) -> bool:
        """Start threads for due times, events, firings and backfills.

        Return whether one of them changed anything since the last round.
        """
        has_changed, self._has_changed = self._has_changed, False
        if has_news or has_time or has_changed or time.monotonic() >= self._next_look:
            self._look(clock.now(), has_time=has_time)
        elif self._has_backfills:  # the end of a run, which the dispatcher writes, is no news
            with self._context.store.read() as c:
                self._continue(self._context.store.backfills.running(c))
        if self._is_behind():
            self.next_match = time.monotonic() + PAUSE_SECONDS
            self._submit("store events", self.events.match)
        if self.files.has_dropped:
            stop = self.files.stop_unneeded_watches
            self.threads.submit("dropped watches", stop, runtime="files")
        for automation_id in self.files.due_automations():
            look = partial(self.files.compare, automation_id)
            # A file system that hangs blocks no due times.
            self._submit(f"files of automation {automation_id}", look, runtime="files")
        return has_changed

    def seconds_until_due(self) -> float:
        """Return the seconds until a time is due, or events or files are compared again."""
        next_look = self._next_look
        if self._is_behind(soon=True):
            next_look = min(next_look, self.next_match)
        return min(max(next_look - time.monotonic(), 0.0), self.files.seconds_until_due())

    def close(self) -> None:
        """Stop watching files."""
        self.files.close()

    def _look(self, now: datetime, *, has_time: bool) -> None:
        store = self._context.store
        with store.read() as c:
            following = store.automations.next_due(c)
            is_due = following is not None and following <= now
            due = store.automations.due(c, now, MOST_AT_ONCE) if is_due else []
            ahead = store.automations.ids_handled_beyond_now(c, now) if has_time else []
            waiting = store.firings.waiting(c)
            backfills = store.backfills.running(c)
            kinds = store.automations.enabled_kinds(c)
            self._watch(c, has_files="file" in kinds)
        self.is_enabled = following is not None or bool(waiting or backfills or kinds)
        self._reads_events = not kinds.isdisjoint(KINDS)
        # Before the threads start: one that ends at once asks for another look.
        if due:
            # The threads wake the loop; look again in case one of them pauses after an error.
            self._next_look = time.monotonic() + RETRY_SECONDS
        elif following is None:
            self._next_look = NEVER
        else:
            self._next_look = time.monotonic() + (following - now).total_seconds()
        self._continue(backfills)
        for automation_id in ahead:
            reset = partial(self._due_times.reset_after_clock_change, automation_id)
            self._submit(f"automation {automation_id}", reset)
        for automation_id in dict.fromkeys([*waiting, *due]):
            self._submit(f"automation {automation_id}", partial(self._handle, automation_id))

    def _handle(self, automation_id: str) -> bool:
        """Handle a waiting firing, or else a due time; return whether anything changed."""
        return self._firing_runs.handle(automation_id) or self._due_times.handle(automation_id)

    def _continue(self, backfills: list[str]) -> None:
        self._has_backfills = bool(backfills)
        for backfill_id in backfills:
            self._submit(f"backfill {backfill_id}", partial(self.backfill_runs.handle, backfill_id))

    def _watch(self, c: Connection, *, has_files: bool) -> None:
        """Watch the files of enabled automations, which are read only if an automation changed."""
        store, seen = self._context.store, self._watched_until
        # First the newest event: an automation may be changed meanwhile.
        newest = store.events.newest_id(c)
        if not has_files:
            self.files.update({})
        elif seen is None or store.events.has_topic_after(c, "automation", seen):
            self.files.update(store.automations.revisions(c, "file"))
        self._watched_until = newest  # after a failure, they are read again

    def _is_behind(self, *, soon: bool = False) -> bool:
        """Return whether events of the store are to be compared now, or soon."""
        if not self._reads_events or (not soon and time.monotonic() < self.next_match):
            return False
        with self._context.store.read() as c:
            return self.events.is_behind(self._context.store.events.newest_id(c))

    def _submit(self, name: str, work: Callable[[], bool], *, runtime: str = "") -> None:
        self.threads.submit(name, work, then=self._look_again, runtime=runtime)

    def _look_again(self, has_changed: bool | None) -> None:
        """Look again: another time may be due, a firing waits, or a run is to start."""
        if has_changed:
            self._next_look = 0.0
            self._has_changed = True
            self._wake()
