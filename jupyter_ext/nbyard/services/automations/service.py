"""Service operations on automations."""

from __future__ import annotations

import builtins
import hashlib
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.automations.sentences import event_sentence
from nbyard.domain.automations.structs import (
    MOST_IN_CHAIN,
    Automation,
    AutomationPatch,
    Fire,
    Firing,
    FiringRow,
    Kind,
    NewAutomation,
    OnFile,
    OnWebhook,
    TimePreview,
    TimePreviewRequest,
    check_fitting,
    kind_of,
)
from nbyard.domain.automations.times.due_times import (
    TimingPlan,
    check_runs,
    first_due,
    plan_of_timing,
)
from nbyard.domain.automations.times.missed import check_missed
from nbyard.domain.automations.times.sentences import due_times, sentence_of
from nbyard.domain.automations.times.structs import OnTime, Phrase
from nbyard.domain.automations.values import check_references
from nbyard.domain.automations.webhooks import SECRET_BYTES, Message, secret_text
from nbyard.domain.callers import Caller
from nbyard.domain.ids import new_id
from nbyard.domain.naming.names import check_name, derived_name
from nbyard.domain.naming.unique_names import check_free, free_name
from nbyard.domain.paging import Page, check_range, page_of
from nbyard.domain.runs.origins import FireCause
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Conflict, Invalid, StaleWrite
from nbyard.freezing.pushed_folders import folder_of, pushed_context, pushed_project
from nbyard.freezing.runs.automation_runs import (
    check_fired,
    create_automation_run,
    freeze_automation,
)
from nbyard.host import clock
from nbyard.host.clock import local_zone
from nbyard.host.project_files import ProjectFiles
from nbyard.reasons.structs import because
from nbyard.services.automations.deliveries import Delivery, Refusals, deliver
from nbyard.services.automations.event_sources import (
    EventSource,
    LoopCheck,
    event_source,
    shown_event,
)
from nbyard.services.automations.run_requests import (
    check_file,
    checked_template,
    freeze_checked,
    run_columns,
    stored_request,
)
from nbyard.services.notices.automation_notices import replace_notices
from nbyard.services.operation import operation
from nbyard.services.requests import (
    filter_project,
    find_earlier_request,
    given_fields,
    store_idempotency_key,
)
from nbyard.services.service_context import Service, ServiceContext, pin_blobs
from nbyard.services.workflows.pushed_workflows import release_workflows

if TYPE_CHECKING:
    from nbyard.freezing.runs.templates import FrozenRequest
    from nbyard.store import Connection
    from nbyard.store.automations.queries import AutomationRow

ADDRESS = "nbyard/api/hooks"
MOST_SHOWN = 100
OF_TIMING = ("on", "zone", "starts_at", "ends_at")
PLAIN = ("overlap", "missed", "mode", "at_most", "values_from")


class AutomationService(Service):
    """Runs that start by themselves: at set times, or when something happens."""

    noun = "automations"

    def __init__(self, context: ServiceContext):
        super().__init__(context)
        self._rows = context.store.automations
        self._firings = context.store.firings
        self._refusals = Refusals()

    @operation("POST", "/automations", scope="automations:write", status=201)
    @pin_blobs
    def create(self, caller: Caller, body: NewAutomation, idempotency_key: str = "") -> Automation:
        """Create an automation: a run starts at set times, or when something happens."""
        with self._store.read() as c:
            before = find_earlier_request(self._context, c, caller.name, idempotency_key, body)
        if before is not None:
            return self.get(caller, before)
        if pushed := pushed_context(self._context, caller.name, body.run.path):
            run = msgspec.structs.replace(body.run, path=pushed[1])
            of_push = msgspec.structs.replace(body, run=run)
            return type(self)(pushed[0]).create(caller, of_push, idempotency_key)
        now, kind = clock.now(), kind_of(body.on)
        given = msgspec.structs.asdict(body)
        check_fitting(kind, given)
        plan, source = self._start_of(caller, given, now)
        run, path = stored_request(self._context, body.run)
        frozen = freeze_checked(self._context, caller.name, run, body.values_from, body.mode)
        secret = _new_secret() if kind == "webhook" else ""
        if body.overlap is msgspec.UNSET:
            given["overlap"] = "skip" if plan else "queue"
        with self._context.writing_work() as c:
            made = find_earlier_request(self._context, c, caller.name, idempotency_key, body)
            if made is None:
                made = new_id()
                columns = {
                    "id": made,
                    "name": self._name(c, caller, body.name, run),
                    "owner": caller.name,
                    "revision": 1,
                    "is_enabled": body.is_enabled,
                    "kind": kind,
                    **_plain(given),
                    **self._run_columns(c, frozen, run, path, kind, body),
                    **_time_columns(plan, body.on, now),
                    **self._source_columns(c, caller, kind, source, run),
                    "next_due": plan.next(now) if plan and body.is_enabled else None,
                    "secret": self._sealed(c, caller, made, secret),
                    **dict.fromkeys(("started_count", "missed_count"), 0),
                    **dict.fromkeys(("overlapped_count", "failed_count"), 0),
                    "created_at": now,
                    "updated_at": now,
                }
                self._rows.insert(c, columns)
                self._watch(c, made, source)
                replace_notices(self._store, c, caller.name, made, body.notify)
                store_idempotency_key(self._context, c, caller.name, idempotency_key, body, made)
        return msgspec.structs.replace(self.get(caller, made), secret=secret)

    @operation("GET", "/automations", scope="automations:read")
    def list(
        self,
        caller: Caller,
        limit: int = 50,
        after: str = "",
        search: str = "",
        path: str = "",
        project: str = "",
    ) -> Page[Automation]:
        """List automations, newest first; `path` limits the list to those of one file."""
        real = str(self._context.files.locate_code(path)) if path else ""
        with self._store.read() as c:
            of = filter_project(self._store, c, caller, project)
            rows = self._rows.page(c, caller.name, limit + 1, after, search, of, path=real)
            shown = self._all_shown(c, caller, rows)
        return page_of(shown, limit)

    @operation("GET", "/automations/{automation}", scope="automations:read")
    def get(self, caller: Caller, automation: str) -> Automation:
        """Show an automation with its newest firings. `automation` is an ID or a name."""
        with self._store.read() as c:
            rows = [self._rows.find(c, caller.name, automation)]
            return self._all_shown(c, caller, rows)[0]

    @operation("PATCH", "/automations/{automation}", scope="automations:write")
    @pin_blobs
    def update(self, caller: Caller, automation: str, body: AutomationPatch) -> Automation:
        """Change an automation. Omitted fields keep their values.

        A changed event counts from now on. Events that already wait still start their runs.

        Raises:
            NotFound: the file of its runs does not exist.
            StaleWrite: another request changed the automation.
        """
        with self._store.read() as c:
            row = self._rows.find(c, caller.name, automation)
        if body.revision != row.automation.revision:
            raise StaleWrite
        now, given = clock.now(), given_fields(body)
        wanted = msgspec.structs.replace(
            row.automation, **{n: given[n] for n in PLAIN if n in given}
        )
        kind = _changed_kind(row, given)
        check_fitting(kind, given)
        plan, source = self._changed_start(caller, row, given, now)
        is_frozen = wanted.mode != row.automation.mode or (
            (body.run, body.values_from, body.refreeze) != (msgspec.UNSET, msgspec.UNSET, False)
        )
        context = self._context_for(row, is_given="run" in given)
        run, path = stored_request(context, given.get("run", row.automation.run))
        if is_frozen or wanted.mode == "follows":
            check_file(self.noun, row.automation.name, run, path)
        frozen = None
        if is_frozen:
            frozen = freeze_checked(context, caller.name, run, wanted.values_from, wanted.mode)
        columns = {"kind": kind, **_plain(given), **_changed_time(row, wanted, plan, given, now)}
        with self._context.writing_work() as c:
            if "name" in given:
                columns["name"] = self._free(c, caller, given["name"], row.automation.id)
            if is_frozen:
                columns |= type(self)(context)._run_columns(c, frozen, run, path, kind, wanted)
            if plan is None:
                columns |= self._changed_event(c, caller, row, source, run, given)
            self._rows.change(c, row.automation, "changed", **columns)
            if "notify" in given:
                replace_notices(self._store, c, caller.name, row.automation.id, given["notify"])
        return self.get(caller, row.automation.id)

    @operation("POST", "/automations/{automation}/enable", scope="automations:write")
    def enable(self, caller: Caller, automation: str) -> Automation:
        """Enable an automation. What was due or happened meanwhile starts no run.

        Raises:
            Conflict: the automation has no due time left.
        """
        now = clock.now()
        with self._store.read() as c:
            row = self._rows.find(c, caller.name, automation)
        on = row.automation.on
        source = None if isinstance(on, OnTime) else event_source(self._context, caller.name, on)
        with self._context.writing_work() as c:
            if not row.automation.is_enabled:
                columns: dict[str, Any] = {"is_enabled": True, "handled_until": now}
                if source is None:
                    columns["next_due"] = _next(row.automation, row.plan, now)
                    if columns["next_due"] is None:
                        raise Conflict("The automation has no due time left.")
                else:
                    of = (row.kind, source, row.automation.run, row.automation.id)
                    columns |= self._source_columns(c, caller, *of)
                    self._watch(c, row.automation.id, source)
                self._rows.change(c, row.automation, "enabled", **columns)
        return self.get(caller, row.automation.id)

    @operation("POST", "/automations/{automation}/disable", scope="automations:write")
    def disable(self, caller: Caller, automation: str) -> Automation:
        """Disable an automation. Its runs continue, but what waits for a run is dropped."""
        with self._store.write() as c:
            row = self._rows.find(c, caller.name, automation)
            if row.automation.is_enabled:
                self._firings.drop_waiting(c, row.automation, because("firing-disabled"))
                self._rows.change(c, row.automation, "disabled", is_enabled=False, next_due=None)
        return self.get(caller, row.automation.id)

    @operation("POST", "/automations/{automation}/fire", scope="runs:write", status=202)
    @pin_blobs
    def fire(
        self, caller: Caller, automation: str, body: Fire, idempotency_key: str = ""
    ) -> Firing:
        """Start a run of an automation now, with values of parameters.

        An automation on times starts its run at once, besides its due times. That of an event
        treats this as its event: the run starts in the background, and parameters whose values
        come from an event need values here.

        Raises:
            Conflict: the automation waits for an event, and is disabled.
            Invalid: a parameter needs a value, or a value is refused.
        """
        self._context.retire_idle_dispatcher()
        digest = hashlib.sha256(idempotency_key.encode()).hexdigest() if idempotency_key else ""
        with self._store.read() as c:
            row, key = self._fireable(c, caller, automation, body, digest)
            before = find_earlier_request(self._context, c, caller.name, key, body)
        frozen = None
        # Files are frozen before the write transaction, because it takes long.
        if before is None and row.automation.timing:
            of = (self._context.settings, self._store, self._context.blobs)
            frozen = freeze_automation(*of, row, body)
        elif before is None and (body.parameters or body.texts):
            check_fired(self._context.settings, self._store, self._context.blobs, row, body)
        with self._context.writing_work() as c:
            # The automation may have been disabled or changed since the first look.
            row, key = self._fireable(c, caller, automation, body, digest)
            before = find_earlier_request(self._context, c, caller.name, key, body)
            event_key = f"fire:{digest or new_id()}"
            made = before or self._record_fired(c, caller, row, event_key, body, frozen)
            if before is None:
                store_idempotency_key(self._context, c, caller.name, key, body, made)
            firing = self._firings.get(c, made)
            assert firing is not None
        return firing

    @operation("POST", "/automations/preview", scope="automations:read")
    def preview(self, caller: Caller, body: TimePreviewRequest) -> TimePreview:
        """Explain a time and show its next due times, without saving anything.

        Raises:
            Invalid: the count is out of range.
        """
        check_range("count", body.count, 1, MOST_SHOWN)
        now = clock.now()
        plan = plan_of_timing(body.on, body.zone or local_zone(), body.starts_at, body.ends_at, now)
        check_runs(body.at_most)
        sentence = sentence_of(plan, body.at_most)
        count, ended = body.count, None
        if body.at_most is not None:
            started = 0
            if body.automation:
                with self._store.read() as c:
                    row = self._rows.find(c, caller.name, body.automation)
                started = row.automation.counts.started
            count = min(count, max(0, body.at_most - started))
            if not count:
                ended = because("automation-runs-started", started=started, most=body.at_most)
        shown = due_times(plan, first_due(plan, now, count))
        return TimePreview(plan.timing, plan.zone, sentence, str(sentence), shown, ended)

    @operation("POST", "/automations/{automation}/rotate", scope="automations:write")
    def rotate(self, caller: Caller, automation: str) -> Automation:
        """Replace the secret of a webhook; the old one is refused from now on.

        The response has the new secret, which is not shown again.

        Raises:
            Conflict: the automation is not on a webhook.
        """
        secret = _new_secret()
        with self._store.write() as c:
            row = self._rows.find(c, caller.name, automation)
            if row.kind != "webhook":
                raise Conflict(f"Only webhooks have a secret; this automation is on {row.kind}")
            sealed = self._sealed(c, caller, row.automation.id, secret)
            self._rows.change(c, row.automation, "changed", secret=sealed)
        return msgspec.structs.replace(self.get(caller, row.automation.id), secret=secret)

    @operation("GET", "/automations/{automation}/firings", scope="automations:read")
    def firings(
        self, caller: Caller, automation: str, limit: int = 50, after: str = ""
    ) -> Page[Firing]:
        """List what the due times or events of an automation led to, newest first."""
        with self._store.read() as c:
            row = self._rows.find(c, caller.name, automation)
            firings = self._firings.page(c, row.automation.id, limit + 1, after)
        return page_of(firings, limit)

    @operation("DELETE", "/automations/{automation}", scope="automations:write", status=204)
    def delete(self, caller: Caller, automation: str) -> None:
        """Delete an automation and its backfills. Its runs are kept."""
        with self._store.write() as c:
            row = self._rows.find(c, caller.name, automation)
            self._rows.delete(c, row.automation)
            left = self._unused_folder(c, caller, row)
            if left is not None:
                release_workflows(self._store, c, left)
                self._store.quotas.set_files(c, f"push:{left.name}", row.automation.owner, 0)
        if left is not None:
            shutil.rmtree(left, ignore_errors=True)

    def deliver(self, automation_id: str, message: Message, sender: str) -> Delivery:
        """Record a signed message of a webhook. The caller needs no token.

        `sender` is the network address from which the message came.
        """
        return deliver(self._context, self._refusals, automation_id, message, sender)

    # What starts a run

    def _start_of(
        self, caller: Caller, given: Mapping[str, Any], now: datetime
    ) -> tuple[TimingPlan | None, EventSource | None]:
        """Check what starts a run: return the plan of a time, or the source of an event."""
        on = given["on"]
        if isinstance(on, OnTime):
            check_runs(given["at_most"])
            check_missed(given["missed"])
            limits = (given["starts_at"], given["ends_at"])
            return plan_of_timing(on, given["zone"] or local_zone(), *limits, now), None
        source = event_source(self._context, caller.name, on)
        check_references(kind_of(on), given["values_from"])
        return None, source

    def _changed_start(
        self, caller: Caller, row: AutomationRow, given: dict[str, Any], now: datetime
    ) -> tuple[TimingPlan | None, EventSource | None]:
        """Return the plan or the source after a change; no source if the event stays the same."""
        automation = row.automation
        wanted = msgspec.structs.asdict(automation) | given
        if automation.timing is not None and not given.keys() & {*OF_TIMING}:
            check_runs(wanted["at_most"])
            check_missed(wanted["missed"])
            return row.plan, None
        if automation.timing is None and "on" not in given:
            check_references(row.kind, wanted["values_from"])
            return None, None
        if "on" not in given:
            # A phrase such as "tomorrow" keeps the meaning that it had when it was typed.
            wanted["on"] = automation.timing
        plan, source = self._start_of(caller, wanted, now)
        return plan, None if source and source.on == automation.on else source

    def _changed_event(
        self,
        c: Connection,
        caller: Caller,
        row: AutomationRow,
        source: EventSource | None,
        run: NewRun,
        given: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Return the columns of a changed event; check that a changed run closes no loop."""
        own = row.automation.id
        if source is not None:
            self._watch(c, own, source)
            return self._source_columns(c, caller, row.kind, source, run, own)
        if "run" in given:
            loops = LoopCheck(self._context, c, caller.name)
            loops.check(row.kind, row.source_id, row.source_path, run, own)
        return {}

    def _source_columns(
        self,
        c: Connection,
        caller: Caller,
        kind: Kind,
        source: EventSource | None,
        run: NewRun,
        own: str = "",
    ) -> dict[str, Any]:
        """Return the columns for an event that counts from now on, after checking for loops."""
        if source is None:
            return {"source_id": "", "source_path": "", "since_event": 0}
        loops = LoopCheck(self._context, c, caller.name)
        loops.check(kind, source.source_id, source.source_path, run, own)
        return {
            "event": msgspec.to_builtins(source.on),
            "source_id": source.source_id,
            "source_path": source.source_path,
            "since_event": self._store.events.newest_id(c),
        }

    def _watch(self, c: Connection, automation_id: str, source: EventSource | None) -> None:
        """Store the state of the watched files at the check."""
        if source is not None and isinstance(source.on, OnFile):
            self._rows.store_files(c, automation_id, source.files or {})

    def _fireable(
        self, c: Connection, caller: Caller, automation: str, body: Fire, digest: str
    ) -> tuple[AutomationRow, str]:
        """Return an automation that may be fired now, and the key of the request, if it has one."""
        row = self._rows.find(c, caller.name, automation)
        if not row.automation.is_enabled and row.automation.timing is None:
            raise Conflict("The automation is disabled.")
        for name in row.automation.values_from.keys() - {*body.parameters, *body.texts}:
            raise Invalid.field(f"parameters.{name}", "a value is needed")
        # The same key may fire several automations.
        return row, f"fire:{row.automation.id}:{digest}" if digest else ""

    def _record_fired(
        self,
        c: Connection,
        caller: Caller,
        row: AutomationRow,
        event_key: str,
        given: Fire,
        frozen: FrozenRequest | None,
    ) -> str:
        """Record that an automation was fired, and start its run if it is on times."""
        automation = row.automation
        # The chain of automations of a run that fires is counted, which ends endless loops.
        run_id = self._store.attempts.run_of(c, caller.name, caller.attempt_id)
        cause = FireCause(run_id)
        if automation.timing is None:
            made = self._firings.add(c, automation, event_key, cause, given=given, after_run=run_id)
            return made or self._firings.find(c, automation.id, event_key) or ""
        firing = Firing("", automation.id, "started", clock.now(), cause=cause)
        chain = [*self._firings.chain_of(c, run_id), automation.id]
        if len(chain) > MOST_IN_CHAIN:
            raise Conflict(because("automation-chain-too-long", most=MOST_IN_CHAIN))
        fired = FiringRow(firing, event_key, chain, given)
        made_run = create_automation_run(
            self._store, c, row, fired, frozen, person=caller.submitter
        )
        return self._firings.add_fired(c, automation, fired, made_run)

    # What an automation is called, runs and looks like

    def _name(self, c: Connection, caller: Caller, name: str, run: NewRun) -> str:
        if name:
            return self._free(c, caller, name, "")
        stem = PurePosixPath(run.path or run.executable).stem
        return free_name(self._rows.names(c, caller.name).values(), derived_name(stem))

    def _free(self, c: Connection, caller: Caller, name: str, own: str) -> str:
        checked = check_name(name)
        check_free(self._rows.names(c, caller.name), "automation", checked, own)
        return checked

    def _run_columns(
        self,
        c: Connection,
        frozen: FrozenRequest | None,
        run: NewRun,
        path: str,
        kind: Kind,
        wanted: NewAutomation | Automation,
    ) -> dict[str, Any]:
        if frozen is None:
            return run_columns(run, path, self._context.files, "")
        # Also without a pin: this checks the values; an unused template is deleted later.
        template = checked_template(c, frozen, kind, wanted.values_from, wanted.mode)
        template_id = template.id if wanted.mode == "pinned" else ""
        return run_columns(frozen.body, path, frozen.context.files, template_id)

    def _context_for(self, row: AutomationRow, *, is_given: bool) -> ServiceContext:
        """Return the context in which an automation's files are found.

        `is_given` states whether the request gives a path. Users give paths of a pushed automation
        relative to its project's folder in the store. A push has the folder of the new files.
        """
        is_push = bool(pushed_project(self._store, self._context.files.root))
        if (is_given and is_push) or not pushed_project(self._store, Path(row.root)):
            return self._context
        return replace(self._context, files=ProjectFiles(Path(row.root), Path(row.start)))

    def _unused_folder(self, c: Connection, caller: Caller, row: AutomationRow) -> Path | None:
        """Return the folder of a pushed project if it and its automations are deleted."""
        project = pushed_project(self._store, Path(row.root))
        # A project that still exists uses the folder for its next push.
        if not project or self._store.projects.by_id(c, project):
            return None
        folder = folder_of(self._store, project)
        return None if self._rows.below(c, "", str(folder)) else folder

    def _all_shown(
        self, c: Connection, caller: Caller, rows: Sequence[AutomationRow]
    ) -> builtins.list[Automation]:
        ids = [row.automation.id for row in rows]
        recent, notify = self._firings.recent(c, ids), self._store.rules.of_automations(c, ids)
        waiting = self._firings.counts_of_waiting(c, ids)
        names = self._source_names(c, caller, rows)
        shown = []
        for row in rows:
            automation = row.automation
            on = shown_event(self._context, automation.on, names)
            plan = row.plan if automation.timing else None
            sentence = (
                sentence_of(plan, automation.at_most) if plan is not None else event_sentence(on)
            )
            path = self._context.files.without_root(row.automation.run.path)
            if pushed_project(self._store, Path(row.root)):
                path = path.removeprefix(f"{row.root}/")
            view = msgspec.structs.replace(
                automation,
                run=msgspec.structs.replace(row.automation.run, path=path),
                on=on,
                sentence=sentence,
                recent=recent.get(automation.id, []),
                waiting=waiting.get(automation.id, 0),
                notify=notify.get(automation.id, []),
                address=f"{ADDRESS}/{automation.id}" if isinstance(on, OnWebhook) else "",
            )
            shown.append(view)
        return shown

    def _source_names(
        self, c: Connection, caller: Caller, rows: Sequence[AutomationRow]
    ) -> Mapping[str, str]:
        """Return the names of datasets and executables by ID, if an automation needs one."""
        names: dict[str, str] = {}
        if any(row.kind == "dataset" for row in rows):
            names |= self._store.datasets.names(c, caller.name)
        if any(row.kind == "run" and not row.source_path for row in rows):
            names |= self._store.executables.names(c, caller.name)
        return names

    def _sealed(self, c: Connection, caller: Caller, automation_id: str, secret: str) -> str:
        sealed = self._store.automation_secrets.seal
        return sealed(c, caller.name, automation_id, secret) if secret else ""


def _changed_kind(row: AutomationRow, given: Mapping[str, Any]) -> Kind:
    """Return the kind of an automation after a change."""
    on = given.get("on", row.automation.on)
    kind = kind_of(on)
    if kind != row.kind and not (row.automation.timing and isinstance(on, OnTime)):
        raise Invalid.field(
            "on.kind", f"is {row.kind}, which cannot change. Create another automation"
        )
    return kind


def _plain(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: msgspec.to_builtins(given[name]) for name in PLAIN if name in given}


def _time_columns(plan: TimingPlan | None, on: Any, now: datetime) -> dict[str, Any]:
    """Return the columns of a time. Earlier due times are lost."""
    return {
        "event": msgspec.to_builtins(plan.timing if plan and not isinstance(on, Phrase) else on),
        "timing": msgspec.to_builtins(plan.timing) if plan else None,
        "zone": plan.zone if plan else "",
        "anchor": plan.anchor if plan else now,
        "starts_at": plan.starts_at if plan else None,
        "ends_at": plan.ends_at if plan else None,
        "handled_until": now,
    }


def _changed_time(
    row: AutomationRow,
    wanted: Automation,
    plan: TimingPlan | None,
    given: Mapping[str, Any],
    now: datetime,
) -> dict[str, Any]:
    if plan is None:
        return {}
    is_changed = given.keys() & {*OF_TIMING}
    on = given.get("on", row.automation.on)
    columns = _time_columns(plan, on, now) if is_changed else {}
    return {**columns, "next_due": _next(wanted, plan, now) if wanted.is_enabled else None}


def _next(automation: Automation, plan: TimingPlan, now: datetime) -> datetime | None:
    """Return the next due time, None without a further run."""
    if automation.at_most is not None and automation.counts.started >= automation.at_most:
        return None
    return plan.next(now)


def _new_secret() -> str:
    return secret_text(secrets.token_bytes(SECRET_BYTES))
