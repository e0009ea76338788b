"""Create the run of each waiting firing in one transaction, or record why it has none."""

import logging

from nbyard.dispatch.context import DispatchContext
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
