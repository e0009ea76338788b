"""Service operations on schedules."""

from __future__ import annotations

import builtins
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.callers import Caller
from nbyard.domain.ids import new_id
from nbyard.domain.naming.names import check_name
from nbyard.domain.naming.unique_names import check_free
from nbyard.domain.paging import Page, check_limit, check_range, page_of
from nbyard.domain.runs.structs import NewRun, Run
from nbyard.domain.schedules.due_times import TimingPlan, check_runs, first_due, plan_of_timing
from nbyard.domain.schedules.missed import check_missed
from nbyard.domain.schedules.sentences import due_times, sentence_of
from nbyard.domain.schedules.structs import (
    AskedTiming,
    AutomaticRun,
    Mode,
    NewSchedule,
    Phrase,
    Schedule,
    SchedulePatch,
    SchedulePreview,
    SchedulePreviewRequest,
    Tick,
)
from nbyard.errors import Conflict, StaleWrite
from nbyard.freezing.pushed_folders import folder_of, pushed_context, pushed_project
from nbyard.host import clock
from nbyard.host.clock import local_zone
from nbyard.reasons.structs import because
from nbyard.services.idempotency_keys import find_earlier_request, store_idempotency_key
from nbyard.services.notices.schedule_notices import replace_notices
from nbyard.services.operation import operation
from nbyard.services.patches import given_fields
from nbyard.services.project_filter import filter_project
from nbyard.services.runs.service import RunService
from nbyard.services.schedules.run_requests import (
    check_file,
    freeze_request,
    keep_template,
    name_of_code,
    parts_of,
    run_columns,
    start_now,
    stored_request,
)
from nbyard.services.service_context import ServiceContext, pin_blobs
from nbyard.services.workflows.pushed_workflows import release_workflows

if TYPE_CHECKING:
    from nbyard.freezing.runs.templates import FrozenRequest
    from nbyard.store import Connection
    from nbyard.store.schedules.queries import ScheduleRow

MOST_SHOWN = 100
OF_TIMING = ("timing", "zone", "starts_at", "ends_at")
PLAIN = ("overlap", "missed", "mode", "at_most")


class ScheduleService:
    """Runs that start at set times."""

    noun = "schedules"

    def __init__(self, parts: ServiceContext):
        self._parts = parts
        self._store = parts.store
        self._rows = parts.store.schedules

    @operation("POST", "/schedules", scope="schedules:write", status=201)
    @pin_blobs
    def create(self, caller: Caller, body: NewSchedule, idempotency_key: str = "") -> Schedule:
        """Create a schedule: a run starts whenever its timing is due."""
        with self._store.read() as c:
            before = find_earlier_request(self._parts, c, caller.name, idempotency_key, body)
        if before is not None:
            return self.get(caller, before)
        if pushed := pushed_context(self._parts, caller.name, body.run.path):
            run = msgspec.structs.replace(body.run, path=pushed[1])
            of_push = msgspec.structs.replace(body, run=run)
            return type(self)(pushed[0]).create(caller, of_push, idempotency_key)
        now = clock.now()
        zone = body.zone or local_zone()
        plan = plan_of_timing(body.timing, zone, body.starts_at, body.ends_at, now)
        check_runs(body.at_most)
        check_missed(body.missed)
        run, path = stored_request(self._parts, body.run)
        frozen = freeze_request(self._parts, caller.name, run)
        with self._store.write() as c:
            made = find_earlier_request(self._parts, c, caller.name, idempotency_key, body)
            if made is None:
                made = new_id()
                columns = {
                    "id": made,
                    "name": self._name(c, caller, body.name, run),
                    "owner": caller.name,
                    "revision": 1,
                    "is_enabled": body.is_enabled,
                    **self._run_columns(c, frozen, path, body.mode),
                    **_plan_columns(plan, body.timing),
                    **_plain(body, PLAIN),
                    "next_due": plan.next(now) if body.is_enabled else None,
                    # Due times before now are never caught up.
                    "handled_until": now,
                    **dict.fromkeys(("started_count", "missed_count"), 0),
                    **dict.fromkeys(("overlapped_count", "failed_count"), 0),
                    "created_at": now,
                    "updated_at": now,
                }
                self._rows.insert(c, columns)
                replace_notices(self._store, c, caller.name, made, body.notify)
                store_idempotency_key(self._parts, c, caller.name, idempotency_key, body, made)
        self._parts.ensure_dispatcher()
        return self.get(caller, made)

    @operation("GET", "/schedules", scope="schedules:read")
    def list(
        self,
        caller: Caller,
        limit: int = 50,
        after: str = "",
        search: str = "",
        path: str = "",
        project: str = "",
    ) -> Page[Schedule]:
        """List schedules, newest first; `path` limits the list to those of one file."""
        check_limit(limit)
        real = str(self._parts.files.locate_code(path)) if path else ""
        with self._store.read() as c:
            of = filter_project(self._store, c, caller, project)
            rows = self._rows.page(c, caller.name, limit + 1, after, search, real, project=of)
            shown = self._all_shown(c, rows)
        return page_of(shown, limit, lambda schedule: schedule.id)

    @operation("GET", "/schedules/{schedule}", scope="schedules:read")
    def get(self, caller: Caller, schedule: str) -> Schedule:
        """Show a schedule with its newest ticks. `schedule` is an ID or a name."""
        with self._store.read() as c:
            return self._all_shown(c, [self._rows.find(c, caller.name, schedule)])[0]

    @operation("PATCH", "/schedules/{schedule}", scope="schedules:write")
    @pin_blobs
    def update(self, caller: Caller, schedule: str, body: SchedulePatch) -> Schedule:
        """Change a schedule. Omitted fields keep their values.

        Raises:
            NotFound: the file of its runs does not exist.
            StaleWrite: another request changed the schedule.
        """
        with self._store.read() as c:
            row = self._rows.find(c, caller.name, schedule)
        if body.revision != row.schedule.revision:
            raise StaleWrite
        now = clock.now()
        given = given_fields(body)
        wanted = msgspec.structs.replace(row.schedule, **{n: given[n] for n in PLAIN if n in given})
        check_runs(wanted.at_most)
        check_missed(wanted.missed)
        plan, columns = self._plan(row, given, now)
        is_frozen = body.refreeze or "run" in given or wanted.mode != row.schedule.mode
        parts = self._parts_for(row, is_given="run" in given)
        run, path = stored_request(parts, given.get("run", row.schedule.run))
        if is_frozen or wanted.mode == "follows":
            check_file(self.noun, row.schedule.name, run, path)
        frozen = freeze_request(parts, caller.name, run) if is_frozen else None
        with self._store.write() as c:
            if "name" in given:
                columns["name"] = self._free(c, caller, given["name"], row.schedule.id)
            if frozen is not None:
                columns |= self._run_columns(c, frozen, path, wanted.mode)
            columns |= _plain(given, PLAIN)
            columns["next_due"] = _next(wanted, plan, now) if wanted.is_enabled else None
            if not self._rows.change(c, row.schedule, "changed", **columns):
                raise StaleWrite
            if "notify" in given:
                named = (caller.name, row.schedule.id, given["notify"])
                replace_notices(self._store, c, *named)
        self._parts.ensure_dispatcher()
        return self.get(caller, row.schedule.id)

    @operation("POST", "/schedules/{schedule}/enable", scope="schedules:write")
    def enable(self, caller: Caller, schedule: str) -> Schedule:
        """Enable a schedule. Due times that passed meanwhile are not caught up.

        Raises:
            Conflict: the schedule has no due time left.
        """
        now = clock.now()
        with self._store.write() as c:
            row = self._rows.find(c, caller.name, schedule)
            if not row.schedule.is_enabled:
                due = _next(row.schedule, row.plan, now)
                if due is None:
                    raise Conflict("The schedule has no due time left.")
                columns = {"is_enabled": True, "next_due": due, "handled_until": now}
                self._rows.change(c, row.schedule, "enabled", **columns)
        self._parts.ensure_dispatcher()
        return self.get(caller, row.schedule.id)

    @operation("POST", "/schedules/{schedule}/disable", scope="schedules:write")
    def disable(self, caller: Caller, schedule: str) -> Schedule:
        """Disable a schedule. Its runs continue, but waiting due times are dropped."""
        with self._store.write() as c:
            row = self._rows.find(c, caller.name, schedule)
            if row.schedule.is_enabled:
                self._rows.drop_waiting(c, row.schedule.id, because("tick-disabled"))
                self._rows.change(c, row.schedule, "disabled", is_enabled=False, next_due=None)
        return self.get(caller, row.schedule.id)

    @operation("POST", "/schedules/{schedule}/run", scope="runs:write", status=201)
    @pin_blobs
    def run(self, caller: Caller, schedule: str) -> Run:
        """Start a run of a schedule now, besides its due times."""
        with self._store.read() as c:
            row = self._rows.find(c, caller.name, schedule)
        self._parts.retire_idle_dispatcher()
        made = start_now(self._parts, row, caller.submitter)
        self._parts.ensure_dispatcher()
        return RunService(self._parts).get(caller, made).run

    @operation("POST", "/schedules/preview", scope="schedules:read")
    def preview(self, caller: Caller, body: SchedulePreviewRequest) -> SchedulePreview:
        """Explain a timing and show its next due times, without saving anything.

        Raises:
            Invalid: the count is out of range.
        """
        check_range("count", body.count, 1, MOST_SHOWN)
        now = clock.now()
        plan = plan_of_timing(
            body.timing, body.zone or local_zone(), body.starts_at, body.ends_at, now
        )
        check_runs(body.at_most)
        sentence = sentence_of(plan, body.at_most)
        count, ended = body.count, None
        if body.at_most is not None:
            started = self._started_runs(caller, body.schedule)
            count = min(count, max(0, body.at_most - started))
            if not count:
                ended = because("schedule-runs-started", started=started, most=body.at_most)
        shown = due_times(plan, first_due(plan, now, count))
        return SchedulePreview(plan.timing, plan.zone, sentence, str(sentence), shown, ended)

    def _started_runs(self, caller: Caller, schedule: str) -> int:
        """Return the number of runs that a schedule started; 0 without a schedule."""
        if not schedule:
            return 0
        with self._store.read() as c:
            return self._rows.find(c, caller.name, schedule).schedule.counts.started

    @operation("GET", "/schedules/{schedule}/ticks", scope="schedules:read")
    def ticks(self, caller: Caller, schedule: str, limit: int = 50, after: str = "") -> Page[Tick]:
        """List what the due times of a schedule led to, newest first."""
        check_limit(limit)
        with self._store.read() as c:
            row = self._rows.find(c, caller.name, schedule)
            ticks = self._rows.ticks(c, row.schedule.id, limit + 1, after)
        return page_of(ticks, limit, lambda tick: tick.id)

    @operation("DELETE", "/schedules/{schedule}", scope="schedules:write", status=204)
    def delete(self, caller: Caller, schedule: str) -> None:
        """Delete a schedule and its backfills. Its runs are kept."""
        with self._store.write() as c:
            row = self._rows.find(c, caller.name, schedule)
            self._rows.delete(c, row.schedule)
            left = self._unused_folder(c, caller, row)
            if left is not None:
                release_workflows(self._store, c, left)
        if left is not None:
            shutil.rmtree(left, ignore_errors=True)

    def _unused_folder(self, c: Connection, caller: Caller, row: ScheduleRow) -> Path | None:
        """Return the folder of a pushed project if the project and its schedules are deleted."""
        project = pushed_project(self._store, Path(row.root))
        # A project that still exists uses the folder for its next push.
        if not project or self._store.projects.id_of(c, caller.name, project):
            return None
        folder = folder_of(self._store, project)
        return None if self._rows.below(c, caller.name, str(folder)) else folder

    def _parts_for(self, row: ScheduleRow, *, is_given: bool) -> ServiceContext:
        """Return the context in which a schedule's files are found.

        `is_given` states whether the request gives a path. Users give paths of a pushed schedule
        relative to its project's folder. A push itself already has the folder of the new files.
        """
        is_push = bool(pushed_project(self._store, self._parts.files.root))
        return self._parts if is_given and is_push else parts_of(self._parts, row)

    def _all_shown(self, c: Connection, rows: Sequence[ScheduleRow]) -> builtins.list[Schedule]:
        ids = [row.schedule.id for row in rows]
        recent, notify = self._rows.recent(c, ids), self._store.rules.of_schedules(c, ids)
        waiting = self._rows.counts_of_waiting(c, ids)
        return [
            msgspec.structs.replace(
                row.schedule,
                run=self._with_shown_path(row),
                sentence=sentence_of(row.plan, row.schedule.at_most),
                recent=recent.get(row.schedule.id, []),
                waiting=waiting.get(row.schedule.id, 0),
                notify=notify.get(row.schedule.id, []),
            )
            for row in rows
        ]

    def _with_shown_path(self, row: ScheduleRow) -> AutomaticRun:
        path = self._parts.files.without_root(row.schedule.run.path)
        if pushed_project(self._store, Path(row.root)):
            path = path.removeprefix(f"{row.root}/")
        return msgspec.structs.replace(row.schedule.run, path=path)

    def _name(self, c: Connection, caller: Caller, name: str, run: NewRun) -> str:
        """Return the name of a new schedule: the requested one, or one derived from its code."""
        if name:
            return self._free(c, caller, name, "")
        return name_of_code(run, self._rows.names(c, caller.name).values())

    def _free(self, c: Connection, caller: Caller, name: str, own: str) -> str:
        checked = check_name(name)
        check_free(self._rows.names(c, caller.name), "schedule", checked, own)
        return checked

    def _plan(
        self, row: ScheduleRow, given: dict[str, Any], now: datetime
    ) -> tuple[TimingPlan, dict[str, Any]]:
        """Return the timing plan after a change, and its columns if the timing changes."""
        if not given.keys() & set(OF_TIMING):
            return row.plan, {}
        new = {name: given.get(name, getattr(row.schedule, name)) for name in OF_TIMING}
        new["zone"] = new["zone"] or local_zone()
        plan = plan_of_timing(**{"asked": new.pop("timing"), **new}, now=now)
        asked = given.get("timing", Phrase(row.schedule.words))
        return plan, {**_plan_columns(plan, asked), "handled_until": now}

    def _run_columns(
        self, c: Connection, frozen: FrozenRequest, path: str, mode: Mode
    ) -> dict[str, Any]:
        # Also without a pin: this checks the values, and an unused template is deleted later.
        template = keep_template(c, frozen)
        files = frozen.context.files
        return run_columns(frozen.body, path, files, template.id if mode == "pinned" else "")


def _plain(source: Any, names: tuple[str, ...]) -> dict[str, Any]:
    given = source if isinstance(source, dict) else msgspec.structs.asdict(source)
    return {name: msgspec.to_builtins(given[name]) for name in names if name in given}


def _plan_columns(plan: TimingPlan, asked: AskedTiming) -> dict[str, Any]:
    return {
        "timing": msgspec.to_builtins(plan.timing),
        "words": asked.text.strip() if isinstance(asked, Phrase) else "",
        "zone": plan.zone,
        "anchor": plan.anchor,
        "starts_at": plan.starts_at,
        "ends_at": plan.ends_at,
    }


def _next(schedule: Schedule, plan: TimingPlan, now: datetime) -> datetime | None:
    """Return the next due time, None if the schedule has no further run."""
    if schedule.at_most is not None and schedule.counts.started >= schedule.at_most:
        return None
    return plan.next(now)
