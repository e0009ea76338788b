"""Handle due times of automations: each due time, its firing and its run in one transaction."""

import logging
from datetime import UTC, datetime
from itertools import chain, islice, takewhile

from nbyard.dispatch.context import DispatchContext
from nbyard.domain.automations.structs import Firing, FiringRow, action_for, due_key
from nbyard.domain.automations.times.missed import is_late, missed_before_first_run
from nbyard.errors import Busy, NbyardError, StaleWrite, Unavailable, reason_of
from nbyard.freezing.runs.automation_runs import create_automation_run, freeze_automation
from nbyard.freezing.runs.templates import FrozenRequest
from nbyard.host import clock
from nbyard.ipc.crash_points import crash_point
from nbyard.reasons.structs import because
from nbyard.store import Connection
from nbyard.store.automations.queries import AutomationRow
from nbyard.store.leases import LeaseLost

log = logging.getLogger("nbyard.dispatch")
MOST_COUNTED = 200_000  # due times that one step counts as missed: below a second
MOST_WAITING = 100
NEVER = datetime.min.replace(tzinfo=UTC)


class DueTimes:
    """Handles one due time of an automation at a time."""

    def __init__(self, context: DispatchContext):
        self._context = context
        self._store = context.store
        self._rows = context.store.automations
        self._firings = context.store.firings
        # The newest due time that had passed when missed ones were found, by automation.
        self._missed_until: dict[str, datetime] = {}

    def handle(self, automation_id: str) -> bool:
        """Handle the first due time that has passed; return whether there was one."""
        now = clock.now()
        with self._store.read() as c:
            row = self._rows.by_id(c, automation_id)
        times = self._passed_due_times(row, now) if row else []
        if row is None or not times:
            return False
        if is_late(times[0], now):
            self._missed_until[automation_id] = times[-1]
        has_more = len(times) > MOST_COUNTED
        times = times[:MOST_COUNTED]
        missed = missed_before_first_run(times, now, row.automation.missed, has_more=has_more)
        try:
            self._record_missed(row, missed) if missed else self._start(row, times[0])
        except StaleWrite:
            log.info("automation %s was changed meanwhile", automation_id)
        return True

    def reset_after_clock_change(self, automation_id: str) -> bool:
        """Renew the next due time after the clock was set back.

        Return whether it changed. Due times that had their run before the change get no second one,
        because they have a firing.
        """
        now = clock.now()
        with self._context.write() as c:
            row = self._rows.by_id(c, automation_id)
            if row is None or row.automation.next_due is None or row.handled_until <= now:
                return False
            self._rows.advance(c, row, row.plan.next(now), now)
        self._missed_until.pop(automation_id, None)
        return True

    def _passed_due_times(self, row: AutomationRow, now: datetime) -> list[datetime]:
        first = row.automation.next_due
        if first is None:
            return []
        times = takewhile(lambda due: due <= now, chain([first], row.plan.after(first)))
        return list(islice(times, MOST_COUNTED + 1))

    def _record_missed(self, row: AutomationRow, missed: list[datetime]) -> None:
        """Record due times that passed while no dispatcher ran."""
        automation, why = row.automation, because("due-time-missed")
        with self._context.write() as c:
            new = sorted({*missed} - self._firings.with_firing(c, automation.id, missed))
            if new:
                since, count = new[0] if len(new) > 1 else None, len(new)
                self._firings.add_due(
                    c, automation, new[-1], "missed", why, since=since, count=count
                )
            self._advance(c, row, missed[-1])

    def _start(self, row: AutomationRow, due: datetime) -> None:
        """Start the run of a due time, or apply the overlap policy."""
        context = self._context
        try:
            with context.blobs.without_collection():
                # Files are read before the transaction: SQLite has only one writer at a time.
                frozen = freeze_automation(context.settings, context.store, context.blobs, row)
                with context.write() as c:
                    self._handle_due_time(c, row, due, frozen)
        except NbyardError as error:
            if isinstance(error, Busy | Unavailable | LeaseLost | StaleWrite):
                raise
            # The files cannot be frozen, or a value is refused and the transaction rolled back.
            with context.write() as c:
                reason = reason_of(error)
                if not self._firings.with_firing(c, row.automation.id, [due]):
                    self._firings.add_due(c, row.automation, due, "failed", reason)
                self._advance(c, row, due)
        crash_point("due-time-committed")

    def _handle_due_time(
        self,
        c: Connection,
        row: AutomationRow,
        due: datetime,
        frozen: FrozenRequest | None,
    ) -> None:
        automation = row.automation
        if self._firings.with_firing(c, automation.id, [due]):
            self._advance(c, row, due)
            return
        live = self._firings.live_runs(c, automation.id)
        waiting = self._count_waiting(c, automation.id)
        action = action_for(
            automation.overlap,
            automation.missed,
            is_active=bool(live),
            is_waiting=waiting > 0,
            # Due times of the last minute passed together with the missed ones.
            is_late=due <= self._missed_until.get(automation.id, NEVER),
        )
        if action == "wait" and waiting >= MOST_WAITING:
            why = because("due-times-full", count=waiting)
            self._firings.add_due(c, automation, due, "overlapped", why)
        elif action == "wait":
            self._firings.add_due(c, automation, due, "waiting")
        elif action == "skip":
            run = self._store.runs.by_id(c, live[0]) if live else None
            why = because("firing-overlapped", number=run.number if run else 0)
            self._firings.add_due(c, automation, due, "overlapped", why)
        else:
            if action == "replace":
                self._firings.drop_waiting(c, automation, because("firing-replaced"))
                self._store.runs.request_cancels(c, live)
            firing = Firing("", automation.id, "started", due, due_at=due)
            fired = FiringRow(firing, due_key(due))
            made = create_automation_run(self._store, c, row, fired, frozen)
            self._firings.add_due(c, automation, due, "started", run_id=made)
            crash_point("due-time-inserted")
        self._advance(c, row, due, is_run=action in {"start", "replace"})

    def _count_waiting(self, c: Connection, automation_id: str) -> int:
        return self._firings.counts_of_waiting(c, [automation_id]).get(automation_id, 0)

    def _advance(
        self, c: Connection, row: AutomationRow, due: datetime, *, is_run: bool = False
    ) -> None:
        """Set the next due time after `due`, or none if `at_most` runs were created by then.

        `is_run` means that the run of `due` is created, and not yet counted.
        """
        automation = row.automation
        following = row.plan.next(due)
        if automation.at_most is not None:
            runs = automation.counts.started + self._count_waiting(c, automation.id)
            # The firing of this due time is counted only if it waits.
            if runs + is_run >= automation.at_most:
                following = None
        self._rows.advance(c, row, following, due)
