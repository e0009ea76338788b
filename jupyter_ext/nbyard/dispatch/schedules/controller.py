"""The controller of schedules: waits for the next due time and creates its run in a thread.

It also continues running backfills.

Create the runs of backfills: each past due time and its run in one transaction.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.schedules.due_runs import DueRuns
from nbyard.dispatch.threads import Threads
from nbyard.domain.schedules.backfills import forecast_of, left_out_reason
from nbyard.errors import Busy, NbyardError, NotFound, StaleWrite, Unavailable, reason_of
from nbyard.freezing.runs.schedule_runs import create_backfill_run
from nbyard.host import clock
from nbyard.ipc.crash_points import crash_point
from nbyard.reasons.structs import because
from nbyard.store import Connection
from nbyard.store.leases import LeaseLost
from nbyard.store.schedules.backfills import BackfillRow

log = logging.getLogger("nbyard.dispatch")


class BackfillRuns:
    """Handles one due time of a backfill at a time."""

    def __init__(self, context: DispatchContext):
        self._context = context
        self._store = context.store
        self._rows = context.store.backfills

    def handle(self, backfill_id: str) -> bool:
        """Handle the next due time if fewer runs than allowed are active.

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
            self._start(row, due)
        except StaleWrite:
            log.info("backfill %s was changed meanwhile", backfill_id)
        return True

    def _start(self, row: BackfillRow, due: datetime) -> None:
        """Start the run of a due time; record why there is none if it is refused."""
        try:
            with self._context.write() as c:
                self._create(c, row, due)
                crash_point("backfill-run-inserted")
        except NbyardError as error:
            if isinstance(error, Busy | Unavailable | LeaseLost | StaleWrite):
                raise
            # A value is refused, and the transaction was rolled back.
            with self._context.write() as c:
                self._rows.conclude(c, row.backfill.id, due, "failed", reason_of(error))
        crash_point("backfill-run-committed")

    def _create(self, c: Connection, row: BackfillRow, due: datetime) -> None:
        """Create a run, unless one of the due time succeeded or became active meanwhile.

        Raises:
            StaleWrite: the backfill was cancelled or deleted meanwhile.
        """
        backfill = row.backfill
        runs = self._rows.past_runs(c, backfill.schedule_id, due, due)
        _, run = forecast_of(runs.get(due, ()), again=backfill.again)
        if run is None:
            template = self._store.templates.get(c, backfill.owner, row.template_id)
            if template is None:
                raise NotFound(because("no-template"))
            made = create_backfill_run(self._store, c, template, backfill, due)
            is_written = self._rows.conclude(c, backfill.id, due, "started", run_id=made)
        else:
            is_written = self._rows.conclude(
                c, backfill.id, due, "skipped", left_out_reason(run), run.id
            )
        if not is_written:
            raise StaleWrite


MOST_AT_ONCE = 200
RETRY_SECONDS = 2.0
NEVER = float("inf")


class ScheduleController:
    """Finds due schedules by one indexed query, when the next one is due and at intervals.

    `wake` wakes the loop after a thread has created a run.
    """

    def __init__(self, context: DispatchContext, threads: Threads, wake: Callable[[], None]):
        self._context = context
        self._rows = context.store.schedules
        self._threads = threads
        self._wake = wake
        self._due_runs = DueRuns(context)
        self._backfill_runs = BackfillRuns(context)
        self._has_backfills = False
        self._next_look = 0.0
        self._has_created = False
        self.is_enabled = False

    def tick(self, *, has_news: bool = True, has_time: bool = True) -> bool:
        """Start threads for due schedules and running backfills.

        Return whether one advanced since the last round, which may have created runs.
        """
        if has_news or has_time or time.monotonic() >= self._next_look:
            self._handle_due(clock.now(), has_time=has_time)
        elif self._has_backfills:  # the end of a run, which the dispatcher writes, is no news
            with self._context.store.read() as c:
                self._continue(self._context.store.backfills.running(c))
        has_created, self._has_created = self._has_created, False
        return has_created

    def seconds_until_due(self) -> float:
        """Return the seconds until the next due time."""
        return max(self._next_look - time.monotonic(), 0.0)

    def _handle_due(self, now: datetime, *, has_time: bool) -> None:
        with self._context.store.read() as c:
            following = self._rows.next_due(c)
            waiting = self._rows.waiting(c)
            due = self._rows.due(c, now, MOST_AT_ONCE) if following and following <= now else []
            ahead = self._rows.ids_handled_beyond_now(c, now) if has_time else []
            backfills = self._context.store.backfills.running(c)
        self.is_enabled = following is not None or bool(waiting or backfills)
        # Before the threads start: one that ends at once asks for another look.
        if due:
            # The threads wake the loop; look again in case one of them pauses after an error.
            self._next_look = time.monotonic() + RETRY_SECONDS
        elif following is None:
            self._next_look = NEVER
        else:
            self._next_look = time.monotonic() + (following - now).total_seconds()
        self._continue(backfills)
        for schedule_id in ahead:
            self._submit(schedule_id, self._due_runs.reset_after_clock_change)
        for schedule_id in dict.fromkeys([*waiting, *due]):
            self._submit(schedule_id, self._due_runs.handle)

    def _continue(self, backfills: list[str]) -> None:
        self._has_backfills = bool(backfills)
        for backfill_id in backfills:
            handle = partial(self._backfill_runs.handle, backfill_id)
            self._threads.submit(f"backfill {backfill_id}", handle, then=self._look_again)

    def _submit(self, schedule_id: str, work: Callable[[str], bool]) -> None:
        self._threads.submit(
            f"schedule {schedule_id}", partial(work, schedule_id), then=self._look_again
        )

    def _look_again(self, has_changed: bool | None) -> None:
        """Look again: another time of the schedule may be due, and its run is to start."""
        if has_changed:
            self._next_look = 0.0
            self._has_created = True
            self._wake()
