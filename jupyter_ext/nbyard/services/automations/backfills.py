"""Service operations on backfills of automations."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

import msgspec

from nbyard.domain.automations.backfills import (
    Backfill,
    BackfillForecast,
    BackfillPreview,
    NewBackfill,
    Range,
    checked_range,
    forecast_of,
    left_out_reason,
    past_due,
)
from nbyard.domain.automations.structs import Firing, FiringRow, Outcome, due_key
from nbyard.domain.automations.times.zones import local_time, zone_of
from nbyard.domain.callers import Caller
from nbyard.domain.ids import new_id
from nbyard.domain.paging import Page, page_of
from nbyard.errors import Conflict, NotFound
from nbyard.freezing.runs.automation_runs import freeze_automation, template_of
from nbyard.host import clock
from nbyard.services.operation import operation
from nbyard.services.requests import find_earlier_request, store_idempotency_key
from nbyard.services.service_context import Service, ServiceContext, pin_blobs

if TYPE_CHECKING:
    from nbyard.freezing.runs.templates import FrozenRequest
    from nbyard.store import Connection
    from nbyard.store.automations.firings import BackfillRow
    from nbyard.store.automations.queries import AutomationRow


class BackfillService(Service):
    """Runs for past due times of automations."""

    noun = "backfills"

    def __init__(self, context: ServiceContext):
        super().__init__(context)
        self._rows = context.store.backfills

    @operation("POST", "/automations/{automation}/backfills", scope="runs:write", status=201)
    @pin_blobs
    def create(
        self, caller: Caller, automation: str, body: NewBackfill, idempotency_key: str = ""
    ) -> Backfill:
        """Start runs for the past due times of an automation, the earliest first.

        All runs use the files of a pinned automation, or the files as they are now.
        """
        with self._store.read() as c:
            before = find_earlier_request(self._context, c, caller.name, idempotency_key, body)
            row = self._store.automations.find(c, caller.name, automation)
        if before is not None:
            return self.get(caller, before)
        _check_is_timed(row)
        wanted = checked_range(body, row.automation.zone, clock.now())
        # Refuse a range without due times before any file is frozen.
        past_due(row.plan, wanted, row.automation.next_due)
        self._context.retire_idle_dispatcher()
        frozen = freeze_automation(self._context.settings, self._store, self._context.blobs, row)
        with self._context.writing_work() as c:
            made = find_earlier_request(self._context, c, caller.name, idempotency_key, body)
            if made is None:
                # The automation may have changed while its files were frozen.
                row = self._store.automations.find(c, caller.name, row.automation.id)
                made = self._insert(c, row, wanted, body, frozen)
                store_idempotency_key(self._context, c, caller.name, idempotency_key, body, made)
        return self.get(caller, made)

    @operation("POST", "/automations/{automation}/backfills/preview", scope="automations:read")
    def preview(self, caller: Caller, automation: str, body: NewBackfill) -> BackfillPreview:
        """Show what a backfill would do, without starting anything."""
        with self._store.read() as c:
            row = self._store.automations.find(c, caller.name, automation)
            _check_is_timed(row)
            wanted = checked_range(body, row.automation.zone, clock.now())
            due_times = past_due(row.plan, wanted, row.automation.next_due)
            runs = self._rows.past_runs(c, row.automation.id, due_times[0], due_times[-1])
        zone, times = zone_of(row.automation.zone), []
        for due in due_times:
            forecast, run = forecast_of(runs.get(due, ()), again=body.again)
            local = local_time(due, zone).isoformat()
            times.append(BackfillForecast(due, local, forecast, run.id if run else ""))
        return BackfillPreview(
            row.automation.name,
            row.automation.zone,
            wanted.since,
            wanted.until,
            sum(due_time.forecast == "run" for due_time in times),
            times,
        )

    @operation("GET", "/backfills", scope="automations:read")
    def list(
        self, caller: Caller, limit: int = 50, after: str = "", automation: str = ""
    ) -> Page[Backfill]:
        """List backfills, newest first; `automation` limits the list to those of one."""
        with self._store.read() as c:
            find = self._store.automations.find
            of = automation and find(c, caller.name, automation).automation.id
            backfills = self._rows.page(c, caller.name, limit + 1, after, of)
            counts = self._rows.counts(c, [backfill.id for backfill in backfills])
        shown = [
            msgspec.structs.replace(backfill, counts=counts[backfill.id]) for backfill in backfills
        ]
        return page_of(shown, limit)

    @operation("GET", "/backfills/{backfill}", scope="automations:read")
    def get(self, caller: Caller, backfill: str) -> Backfill:
        """Show a backfill with its due times."""
        with self._store.read() as c:
            record = self._find(c, caller, backfill).backfill
            counts = self._rows.counts(c, [record.id])[record.id]
            firings = self._rows.firings(c, record.id)
        return msgspec.structs.replace(record, counts=counts, firings=firings)

    @operation("POST", "/backfills/{backfill}/cancel", scope="runs:write")
    def cancel(self, caller: Caller, backfill: str, cancel_runs: bool = False) -> Backfill:
        """Cancel a backfill. Its active runs continue, unless `cancel_runs` is set."""
        with self._store.write() as c:
            record = self._find(c, caller, backfill).backfill
            self._rows.cancel(c, record)
            if cancel_runs:
                self._store.runs.request_cancels(c, self._rows.live_runs(c, record.id))
        return self.get(caller, record.id)

    def _find(self, c: Connection, caller: Caller, key: str) -> BackfillRow:
        row = self._rows.get(c, caller.name, key)
        if row is None:
            raise NotFound(f"There is no backfill '{key[:80]}'.")
        return row

    def _firings(
        self, c: Connection, row: AutomationRow, wanted: Range, made: str, *, again: bool
    ) -> builtins.list[FiringRow]:
        """Return the firings of the due times in a range."""
        due_times = past_due(row.plan, wanted, row.automation.next_due)
        runs = self._rows.past_runs(c, row.automation.id, due_times[0], due_times[-1])
        firings = []
        for due in due_times:
            _, run = forecast_of(runs.get(due, ()), again=again)
            outcome: Outcome = "skipped" if run else "waiting"
            firing = Firing(new_id(), row.automation.id, outcome, clock.now(), due_at=due)
            if run is not None:
                why = left_out_reason(run)
                firing = msgspec.structs.replace(firing, reason=why, run_id=run.id)
            firings.append(FiringRow(firing, f"backfill:{made}:{due_key(due)}"))
        if all(fired.firing.outcome == "skipped" for fired in firings):
            hint = None if again else "Set `again` to repeat due times with a succeeded run."
            raise Conflict("Each due time has a run that succeeded or is active.", hint=hint)
        return firings

    def _insert(
        self,
        c: Connection,
        row: AutomationRow,
        wanted: Range,
        body: NewBackfill,
        frozen: FrozenRequest | None,
    ) -> str:
        made = new_id()
        firings = self._firings(c, row, wanted, made, again=body.again)
        columns = {
            "id": made,
            "automation_id": row.automation.id,
            "owner": row.automation.owner,
            "since": wanted.since,
            "until": wanted.until,
            "at_once": body.at_once,
            "again": body.again,
            "template_id": template_of(self._store, c, row, frozen).id,
            "created_at": clock.now(),
            "finished_at": None,
        }
        self._rows.insert(c, columns, firings)
        return made


def _check_is_timed(row: AutomationRow) -> None:
    if row.automation.timing is None:
        raise Conflict(f"Only times have a past to run; this automation is on {row.kind}")
