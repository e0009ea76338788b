"""Service operations on backfills of schedules."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

import msgspec

from nbyard.domain.callers import Caller
from nbyard.domain.ids import new_id
from nbyard.domain.paging import Page, check_limit, page_of
from nbyard.domain.schedules.backfills import (
    Backfill,
    BackfillForecast,
    BackfillPreview,
    BackfillTick,
    NewBackfill,
    Range,
    checked_range,
    forecast_of,
    left_out_reason,
    past_due,
)
from nbyard.domain.schedules.zones import local_time, zone_of
from nbyard.errors import Conflict, NotFound
from nbyard.freezing.runs.schedule_runs import pinned_template
from nbyard.freezing.runs.templates import freeze, store_template
from nbyard.host import clock
from nbyard.services.idempotency_keys import find_earlier_request, store_idempotency_key
from nbyard.services.operation import operation
from nbyard.services.schedules.run_requests import parts_of
from nbyard.services.service_context import ServiceContext, pin_blobs

if TYPE_CHECKING:
    from nbyard.freezing.runs.templates import FrozenRequest
    from nbyard.store import Connection
    from nbyard.store.schedules.backfills import BackfillRow
    from nbyard.store.schedules.queries import ScheduleRow


class BackfillService:
    """Runs for past due times of schedules."""

    noun = "backfills"

    def __init__(self, parts: ServiceContext):
        self._parts = parts
        self._store = parts.store
        self._rows = parts.store.backfills

    @operation("POST", "/schedules/{schedule}/backfills", scope="runs:write", status=201)
    @pin_blobs
    def create(
        self, caller: Caller, schedule: str, body: NewBackfill, idempotency_key: str = ""
    ) -> Backfill:
        """Start runs for the past due times of a schedule, the earliest first.

        All runs use the files of a pinned schedule, or the files as they are now.
        """
        with self._store.read() as c:
            before = find_earlier_request(self._parts, c, caller.name, idempotency_key, body)
            row = self._store.schedules.find(c, caller.name, schedule)
        if before is not None:
            return self.get(caller, before)
        wanted = checked_range(body, row.schedule.zone, clock.now())
        # Refuse a range without due times before any file is frozen.
        past_due(row.plan, wanted, row.schedule.next_due)
        self._parts.retire_idle_dispatcher()
        frozen = None
        if row.schedule.mode == "follows":
            frozen = freeze(parts_of(self._parts, row), caller.name, row.schedule.run)
        with self._store.write() as c:
            made = find_earlier_request(self._parts, c, caller.name, idempotency_key, body)
            if made is None:
                # The schedule may have changed while its files were frozen.
                row = self._store.schedules.find(c, caller.name, row.schedule.id)
                made = self._insert(c, row, wanted, body, frozen)
                store_idempotency_key(self._parts, c, caller.name, idempotency_key, body, made)
        self._parts.ensure_dispatcher()
        return self.get(caller, made)

    @operation("POST", "/schedules/{schedule}/backfills/preview", scope="schedules:read")
    def preview(self, caller: Caller, schedule: str, body: NewBackfill) -> BackfillPreview:
        """Show what a backfill would do, without starting anything."""
        with self._store.read() as c:
            row = self._store.schedules.find(c, caller.name, schedule)
            wanted = checked_range(body, row.schedule.zone, clock.now())
            due_times = past_due(row.plan, wanted, row.schedule.next_due)
            runs = self._rows.past_runs(c, row.schedule.id, due_times[0], due_times[-1])
        zone, times = zone_of(row.schedule.zone), []
        for due in due_times:
            forecast, run = forecast_of(runs.get(due, ()), again=body.again)
            local = local_time(due, zone).isoformat()
            times.append(BackfillForecast(due, local, forecast, run.id if run else ""))
        return BackfillPreview(
            row.schedule.name,
            row.schedule.zone,
            wanted.since,
            wanted.until,
            sum(due_time.forecast == "run" for due_time in times),
            times,
        )

    @operation("GET", "/backfills", scope="schedules:read")
    def list(
        self, caller: Caller, limit: int = 50, after: str = "", schedule: str = ""
    ) -> Page[Backfill]:
        """List backfills, newest first; `schedule` limits the list to those of one schedule."""
        check_limit(limit)
        with self._store.read() as c:
            of = schedule and self._store.schedules.find(c, caller.name, schedule).schedule.id
            backfills = self._rows.page(c, caller.name, limit + 1, after, of)
            counts = self._rows.counts(c, [backfill.id for backfill in backfills])
        shown = [
            msgspec.structs.replace(backfill, counts=counts[backfill.id]) for backfill in backfills
        ]
        return page_of(shown, limit, lambda backfill: backfill.id)

    @operation("GET", "/backfills/{backfill}", scope="schedules:read")
    def get(self, caller: Caller, backfill: str) -> Backfill:
        """Show a backfill with its ticks."""
        with self._store.read() as c:
            record = self._find(c, caller, backfill).backfill
            counts = self._rows.counts(c, [record.id])[record.id]
            ticks = self._rows.ticks(c, record.id)
        return msgspec.structs.replace(record, counts=counts, ticks=ticks)

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

    def _ticks(
        self, c: Connection, row: ScheduleRow, wanted: Range, *, again: bool
    ) -> builtins.list[BackfillTick]:
        """Return the due times in a range, in the form in which a backfill stores them.

        Raises:
            Conflict: No due time needs a run.
        """
        due_times = past_due(row.plan, wanted, row.schedule.next_due)
        runs = self._rows.past_runs(c, row.schedule.id, due_times[0], due_times[-1])
        ticks = []
        for due in due_times:
            _, run = forecast_of(runs.get(due, ()), again=again)
            if run is None:
                ticks.append(BackfillTick(due, "waiting"))
            else:
                ticks.append(BackfillTick(due, "skipped", left_out_reason(run), run.id))
        if all(tick.outcome == "skipped" for tick in ticks):
            hint = None if again else "Set `again` to repeat due times with a succeeded run."
            raise Conflict("Each due time has a run that succeeded or is active.", hint=hint)
        return ticks

    def _insert(
        self,
        c: Connection,
        row: ScheduleRow,
        wanted: Range,
        body: NewBackfill,
        frozen: FrozenRequest | None,
    ) -> str:
        ticks = self._ticks(c, row, wanted, again=body.again)
        if frozen is None:
            template = pinned_template(self._store, c, row)
        else:
            template = store_template(c, frozen)
        made = new_id()
        columns = {
            "id": made,
            "schedule_id": row.schedule.id,
            "owner": row.schedule.owner,
            "since": wanted.since,
            "until": wanted.until,
            "at_once": body.at_once,
            "again": body.again,
            "template_id": template.id,
            "created_at": clock.now(),
            "finished_at": None,
        }
        self._rows.insert(c, columns, ticks)
        return made
