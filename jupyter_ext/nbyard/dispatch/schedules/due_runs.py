"""Handle due times of schedules: each due time, its tick and its run in one transaction."""

import logging
from datetime import UTC, datetime
from itertools import chain, islice, takewhile

from nbyard.dispatch.context import DispatchContext
from nbyard.domain.schedules.missed import is_late, missed_before_first_run
from nbyard.domain.schedules.overlap import Action, action_for
from nbyard.domain.schedules.structs import Tick
from nbyard.errors import Busy, Conflict, NbyardError, StaleWrite, Unavailable, reason_of
from nbyard.freezing.runs.schedule_runs import create_due, freeze_due
from nbyard.freezing.runs.templates import FrozenRequest
from nbyard.host import clock
from nbyard.ipc.crash_points import crash_point
from nbyard.reasons.structs import Reason, because
from nbyard.store import Connection
from nbyard.store.leases import LeaseLost
from nbyard.store.schedules.queries import ScheduleRow

log = logging.getLogger("nbyard.dispatch")
MOST_COUNTED = 200_000  # due times that one step counts as missed: below a second
MOST_WAITING = 100
NEVER = datetime.min.replace(tzinfo=UTC)


class DueRuns:
    """Handles one due time of a schedule at a time."""

    def __init__(self, context: DispatchContext):
        self._context = context
        self._store = context.store
        self._rows = context.store.schedules
        # The newest due time that had passed when missed ones were found, by schedule.
        self._missed_until: dict[str, datetime] = {}

    def handle(self, schedule_id: str) -> bool:
        """Handle the first due time that waits or has passed; return whether there was one."""
        now = clock.now()
        with self._store.read() as c:
            row = self._rows.by_id(c, schedule_id)
            tick = self._rows.first_waiting(c, schedule_id)
            live = self._rows.live_runs(c, schedule_id)
        if row is None:
            return False
        if tick is not None and not live and self._start_waiting_run(row, tick):
            return True
        times = self._passed_due_times(row, now)
        if not times:
            return False
        if is_late(times[0], now):
            self._missed_until[schedule_id] = times[-1]
        has_more = len(times) > MOST_COUNTED
        times = times[:MOST_COUNTED]
        missed = missed_before_first_run(times, now, row.schedule.missed, has_more=has_more)
        try:
            self._record_missed(row, missed) if missed else self._start(row, times[0])
        except StaleWrite:
            log.info("schedule %s was changed meanwhile", schedule_id)
        return True

    def reset_after_clock_change(self, schedule_id: str) -> bool:
        """Renew the next due time after the clock was set back.

        Return whether it changed. Due times that had their run before the change get no second one,
        because they have a tick.
        """
        now = clock.now()
        with self._context.write() as c:
            row = self._rows.by_id(c, schedule_id)
            if row is None or row.schedule.next_due is None or row.handled_until <= now:
                return False
            self._rows.advance(c, row, row.plan.next(now), now)
        self._missed_until.pop(schedule_id, None)
        return True

    def _passed_due_times(self, row: ScheduleRow, now: datetime) -> list[datetime]:
        first = row.schedule.next_due
        if first is None:
            return []
        times = takewhile(lambda due: due <= now, chain([first], row.plan.after(first)))
        return list(islice(times, MOST_COUNTED + 1))

    def _record_missed(self, row: ScheduleRow, missed: list[datetime]) -> None:
        """Record due times that passed while no dispatcher ran."""
        why = because("tick-missed")
        with self._context.write() as c:
            new = sorted({*missed} - self._rows.with_tick(c, row.schedule.id, missed))
            if new:
                since, count = new[0] if len(new) > 1 else None, len(new)
                self._rows.record(
                    c, row.schedule, new[-1], "missed", reason=why, since=since, count=count
                )
            self._advance(c, row, missed[-1])

    def _start(self, row: ScheduleRow, due: datetime) -> None:
        """Start the run of a due time, or apply the overlap policy."""
        try:
            with self._context.blobs.without_collection():
                # Files are read before the transaction: SQLite has only one writer at a time.
                frozen = self._freeze(row)
                with self._context.write() as c:
                    self._handle_due_time(c, row, due, frozen)
        except NbyardError as error:
            if isinstance(error, Busy | Unavailable | LeaseLost | StaleWrite):
                raise
            # The files cannot be frozen, or a value is refused and the transaction rolled back.
            with self._context.write() as c:
                self._fail(c, row, due, reason_of(error))
        crash_point("tick-committed")

    def _handle_due_time(
        self,
        c: Connection,
        row: ScheduleRow,
        due: datetime,
        frozen: FrozenRequest | None,
    ) -> None:
        if self._rows.with_tick(c, row.schedule.id, [due]):
            self._advance(c, row, due)
            return
        live = self._rows.live_runs(c, row.schedule.id)
        waiting = self._rows.count_waiting(c, row.schedule.id)
        action = action_for(
            row.schedule.overlap,
            row.schedule.missed,
            is_active=bool(live),
            is_waiting=waiting > 0,
            # Due times of the last minute passed together with the missed ones.
            is_late=due <= self._missed_until.get(row.schedule.id, NEVER),
        )
        if action == "wait" and waiting >= MOST_WAITING:
            why = because("tick-queue-full", count=waiting)
            self._rows.record(c, row.schedule, due, "overlapped", reason=why)
        elif action == "wait":
            self._rows.record(c, row.schedule, due, "waiting")
        elif action == "skip":
            why = because("tick-overlapped", number=self._number(c, live))
            self._rows.record(c, row.schedule, due, "overlapped", reason=why)
        else:
            self._replace(c, row, live, action)
            made = create_due(self._store, c, row, due, frozen)
            self._rows.record(c, row.schedule, due, "started", run_id=made)
            crash_point("tick-inserted")
        self._advance(c, row, due, is_run=action in {"start", "replace"})

    def _number(self, c: Connection, live: list[str]) -> int:
        run = self._store.runs.by_id(c, live[0]) if live else None
        return run.number if run else 0

    def _replace(self, c: Connection, row: ScheduleRow, live: list[str], action: Action) -> None:
        """Cancel live runs and drop waiting due times.

        Do nothing unless the action is `replace`.
        """
        if action != "replace":
            return
        self._rows.drop_waiting(c, row.schedule.id, because("replaced-by-schedule"))
        self._store.runs.request_cancels(c, live)

    def _start_waiting_run(self, row: ScheduleRow, tick: Tick) -> bool:
        """Start the run of a due time that waited; return False if it still waits."""
        schedule = row.schedule
        try:
            with self._context.blobs.without_collection():
                frozen = self._freeze(row)
                with self._context.write() as c:
                    if self._rows.live_runs(c, schedule.id):
                        return False
                    made = create_due(self._store, c, row, tick.due_at, frozen)
                    self._rows.conclude(c, schedule, tick, "started", run_id=made)
        except NbyardError as error:
            if isinstance(error, Busy | Unavailable | LeaseLost):
                raise
            with self._context.write() as c:
                self._rows.conclude(c, schedule, tick, "failed", reason_of(error))
        return True

    def _freeze(self, row: ScheduleRow) -> FrozenRequest | None:
        context = self._context
        try:
            return freeze_due(context.settings, context.store, context.blobs, row)
        except OSError as error:
            raise Conflict(reason_of(error)) from error

    def _fail(self, c: Connection, row: ScheduleRow, due: datetime, reason: Reason) -> None:
        if not self._rows.with_tick(c, row.schedule.id, [due]):
            self._rows.record(c, row.schedule, due, "failed", reason=reason)
        self._advance(c, row, due)

    def _advance(
        self, c: Connection, row: ScheduleRow, due: datetime, *, is_run: bool = False
    ) -> None:
        """Set the next due time after `due`, or none if `at_most` runs were created by then.

        `is_run` means that the run of `due` is created, and not yet counted.
        """
        schedule = row.schedule
        following = row.plan.next(due)
        if schedule.at_most is not None:
            runs = schedule.counts.started + self._rows.count_waiting(c, schedule.id)
            # The tick of this due time is counted only if it waits.
            if runs + is_run >= schedule.at_most:
                following = None
        self._rows.advance(c, row, following, due)
