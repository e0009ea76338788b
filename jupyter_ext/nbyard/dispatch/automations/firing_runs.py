"""Create the run of each waiting firing in one transaction, or record why it has none."""

import logging

from nbyard.dispatch.context import DispatchContext
from nbyard.domain.automations.overlap import action_for
from nbyard.domain.automations.structs import FiringRow
from nbyard.domain.automations.times.structs import Missed
from nbyard.errors import Busy, NbyardError, StaleWrite, Unavailable, reason_of
from nbyard.freezing.runs.automation_runs import create_automation_run, freeze_automation
from nbyard.freezing.runs.templates import FrozenRequest
from nbyard.ipc.crash_points import crash_point
from nbyard.reasons.structs import because
from nbyard.store import Connection
from nbyard.store.automations.queries import AutomationRow
from nbyard.store.leases import LeaseLost

log = logging.getLogger("nbyard.dispatch")
MOST_WAITING = 100
MOST_READ = 1_000


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
            self._skip(row, waiting[0], live)
            return True
        if overlap == "replace" and len(waiting) > 1:
            self._keep_newest(row, waiting)
        try:
            self._start(row, waiting[-1] if overlap == "replace" else waiting[0])
        except StaleWrite:
            log.info("automation %s was changed meanwhile", automation_id)
        return True

    def _drop_excess_firings(self, row: AutomationRow, waiting: list[FiringRow]) -> bool:
        """Drop the firings beyond the number that may wait; return whether there were any."""
        ids = [firing_row.firing.id for firing_row in waiting[MOST_WAITING:]]
        if not ids:
            return False
        why = because("firing-queue-full", count=MOST_WAITING)
        with self._context.write() as c:
            self._rows.drop_waiting(c, row.automation, why, ids)
        return True

    def _skip(self, row: AutomationRow, firing: FiringRow, live: list[str]) -> None:
        with self._context.write() as c:
            run = self._store.runs.by_id(c, live[0])
            why = because("firing-overlapped", number=run.number if run else 0)
            self._rows.conclude(c, row.automation, firing.firing, "overlapped", why)

    def _keep_newest(self, row: AutomationRow, waiting: list[FiringRow]) -> None:
        ids = [firing_row.firing.id for firing_row in waiting[:-1]]
        with self._context.write() as c:
            self._rows.drop_waiting(c, row.automation, because("firing-replaced"), ids)

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
        made = create_automation_run(self._store, c, row, firing, frozen)
        if not self._rows.conclude(c, row.automation, firing.firing, "started", run_id=made):
            raise StaleWrite
        self._store.runs.request_cancels(c, live)  # only the policy `replace` has any here

    def _check_same(self, c: Connection, row: AutomationRow) -> None:
        """Check that the automation was not changed since it was read.

        Raises:
            StaleWrite: The automation was changed; the firing is handled again.
        """
        now = self._store.automations.by_id(c, row.automation.id)
        if now is None or now.automation.revision != row.automation.revision:
            raise StaleWrite
