"""Create the runs of backfills: each past due time and its run in one transaction."""

import logging

from nbyard.dispatch.context import DispatchContext
from nbyard.domain.automations.backfills import forecast_of, left_out_reason
from nbyard.domain.automations.structs import Firing
from nbyard.errors import Busy, NbyardError, NotFound, StaleWrite, Unavailable, reason_of
from nbyard.freezing.runs.automation_runs import create_backfill_run
from nbyard.ipc.crash_points import crash_point
from nbyard.reasons.structs import because
from nbyard.store import Connection
from nbyard.store.automations.backfills import BackfillRow
from nbyard.store.leases import LeaseLost

log = logging.getLogger("nbyard.dispatch")


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
