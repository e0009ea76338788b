"""Service operations on triggers.

Refuses triggers that would cause their own event, as far as the store shows it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.callers import Caller
from nbyard.domain.ids import new_id
from nbyard.domain.naming.names import check_name
from nbyard.domain.naming.unique_names import check_free
from nbyard.domain.paging import Page, check_limit, page_of
from nbyard.domain.runs.causes import FireCause
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.triggers.loops import Link, find_loop
from nbyard.domain.triggers.sentences import sentence_of
from nbyard.domain.triggers.structs import (
    Fire,
    Firing,
    NewTrigger,
    OnFile,
    Trigger,
    TriggerPatch,
)
from nbyard.domain.triggers.values import check_references
from nbyard.domain.triggers.webhooks import SECRET_BYTES, Message, secret_text
from nbyard.errors import Conflict, Invalid, StaleWrite
from nbyard.freezing.pushed_folders import pushed_context
from nbyard.freezing.runs.trigger_runs import check_fired
from nbyard.host import clock
from nbyard.reasons.structs import because
from nbyard.services.idempotency_keys import find_earlier_request, store_idempotency_key
from nbyard.services.operation import operation
from nbyard.services.patches import given_fields
from nbyard.services.project_filter import filter_project
from nbyard.services.schedules.run_requests import (
    check_file,
    name_of_code,
    run_columns,
    stored_request,
)
from nbyard.services.service_context import ServiceContext, pin_blobs
from nbyard.services.triggers.checked_runs import checked_template, freeze_checked
from nbyard.services.triggers.deliveries import Delivery, deliver
from nbyard.services.triggers.event_sources import (
    EventSource,
    event_source,
    kind_of,
    shown_event,
)
from nbyard.services.triggers.refusals import Refusals

if TYPE_CHECKING:
    from nbyard.domain.runs.structs import NewRun
    from nbyard.freezing.runs.templates import FrozenRequest
    from nbyard.services.service_context import ServiceContext
    from nbyard.store import Connection
    from nbyard.store.triggers.queries import TriggerRow

# Only for these events does the store know in advance which code may cause them.
LINKED = ("dataset", "workflow")


class LoopCheck:
    """Finds loops among the triggers of an owner, in one transaction.

    A dataset leads to the runs that its triggers start. So does a workflow or executable, which
    also leads to the datasets that its runs have published.
    """

    def __init__(self, parts: ServiceContext, c: Connection, owner: str):
        self._parts = parts
        self._store = parts.store
        self._c = c
        self._owner = owner

    def check(
        self, kind: str, source_id: str, source_path: str, run: NewRun, own: str = ""
    ) -> None:
        """Check that a trigger's run does not lead to the trigger's own event.

        `own` is the ID of the trigger when it is changed, so that its old event does not count.

        Raises:
            Invalid: There is a loop. The message names the places along it.
        """
        if kind not in LINKED:
            return
        new = self._link(kind, source_id, source_path, run)
        loop = find_loop(self._links(own), new)
        if loop is not None:
            raise Invalid.field("on", f"would close a loop: {' → '.join(loop)}")

    def _links(self, own: str) -> Iterator[Link]:
        for row in self._store.triggers.all_of(self._c, self._owner):
            if row.kind in LINKED and row.trigger.id != own:
                yield self._link(row.kind, row.source_id, row.source_path, row.trigger.run)
        for path, dataset_id, name in self._store.triggers.publishers(self._c, self._owner):
            yield Link(self._place(path), dataset_id, name)

    def _link(self, kind: str, source_id: str, source_path: str, run: NewRun) -> Link:
        source = source_id if kind == "dataset" else self._place(source_path, source_id)
        if run.path:
            return Link(source, self._place(run.path), self._parts.files.without_root(run.path))
        executable = self._store.executables.get(self._c, self._owner, run.executable)
        return Link(source, executable.id if executable else run.executable, run.executable)

    def _place(self, path: str, known_id: str = "") -> str:
        """Return the ID of a workflow, which stays when its file moves, else the code's path."""
        if known_id:
            return known_id
        workflow = self._store.workflows.by_path(self._c, self._owner, path)
        return workflow.id if workflow else path


ADDRESS = "nbyard/api/hooks"
PLAIN = ("overlap", "mode", "values_from")
OF_RUN = {"run", "mode", "values_from"}


class TriggerService:
    """Runs that start when something happens."""

    noun = "triggers"

    def __init__(self, parts: ServiceContext):
        self._parts = parts
        self._store = parts.store
        self._rows = parts.store.triggers
        self._firings = parts.store.firings
        self._refusals = Refusals()

    @operation("POST", "/triggers", scope="triggers:write", status=201)
    @pin_blobs
    def create(self, caller: Caller, body: NewTrigger, idempotency_key: str = "") -> Trigger:
        """Create a trigger: a run starts whenever its event happens.

        The response has the secret of a webhook, which is not shown again.
        """
        with self._store.read() as c:
            before = find_earlier_request(self._parts, c, caller.name, idempotency_key, body)
        if before is not None:
            return self.get(caller, before)
        if pushed := pushed_context(self._parts, caller.name, body.run.path):
            run = msgspec.structs.replace(body.run, path=pushed[1])
            of_push = msgspec.structs.replace(body, run=run)
            return type(self)(pushed[0]).create(caller, of_push, idempotency_key)
        source = event_source(self._parts, caller.name, body.on)
        check_references(source.kind, body.values_from)
        run, path = stored_request(self._parts, body.run)
        frozen = freeze_checked(self._parts, caller.name, run, body.values_from, body.mode)
        secret = _new_secret() if source.kind == "webhook" else ""
        now = clock.now()
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
                    **self._source_columns(c, caller, source, run),
                    **_plain(msgspec.structs.asdict(body)),
                    **self._run_columns(c, frozen, run, path, body, source),
                    "secret": self._sealed(c, caller, made, secret),
                    **dict.fromkeys(("started_count", "overlapped_count", "failed_count"), 0),
                    "created_at": now,
                    "updated_at": now,
                }
                self._rows.insert(c, columns)
                self._watch(c, made, source)
                store_idempotency_key(self._parts, c, caller.name, idempotency_key, body, made)
        self._parts.ensure_dispatcher()
        return msgspec.structs.replace(self.get(caller, made), secret=secret)

    @operation("GET", "/triggers", scope="triggers:read")
    def list(
        self,
        caller: Caller,
        limit: int = 50,
        after: str = "",
        search: str = "",
        path: str = "",
        project: str = "",
    ) -> Page[Trigger]:
        """List triggers, newest first; `path` limits the list to those of one file."""
        check_limit(limit)
        real = str(self._parts.files.locate_code(path)) if path else ""
        with self._store.read() as c:
            of = filter_project(self._store, c, caller, project)
            rows = self._rows.page(c, caller.name, limit + 1, after, search, real, project=of)
            recent = self._firings.recent(c, [row.trigger.id for row in rows])
            names = self._sources(c, caller, rows)
        shown = [self._trigger_view(row, recent.get(row.trigger.id, []), names) for row in rows]
        return page_of(shown, limit, lambda trigger: trigger.id)

    @operation("GET", "/triggers/{trigger}", scope="triggers:read")
    def get(self, caller: Caller, trigger: str) -> Trigger:
        """Show a trigger with its newest firings. `trigger` is an ID or a name."""
        with self._store.read() as c:
            row = self._rows.find(c, caller.name, trigger)
            recent = self._firings.recent(c, [row.trigger.id])
            names = self._sources(c, caller, [row])
        return self._trigger_view(row, recent.get(row.trigger.id, []), names)

    @operation("PATCH", "/triggers/{trigger}", scope="triggers:write")
    @pin_blobs
    def update(self, caller: Caller, trigger: str, body: TriggerPatch) -> Trigger:
        """Change a trigger. Omitted fields keep their values.

        A changed event counts from now on. Events that already wait still start their runs.

        Raises:
            NotFound: the file of its runs does not exist.
            StaleWrite: another request changed the trigger.
        """
        with self._store.read() as c:
            row = self._rows.find(c, caller.name, trigger)
        if body.revision != row.trigger.revision:
            raise StaleWrite
        given = given_fields(body)
        wanted = msgspec.structs.replace(row.trigger, **{n: given[n] for n in PLAIN if n in given})
        source = self._changed_source(caller, row, given)
        check_references(row.kind, wanted.values_from)
        run, path = stored_request(self._parts, given.get("run", row.trigger.run))
        is_frozen = body.refreeze or given.keys() & OF_RUN
        if is_frozen or wanted.mode == "follows":
            check_file(self.noun, row.trigger.name, run, path)
        frozen = (
            freeze_checked(self._parts, caller.name, run, wanted.values_from, wanted.mode)
            if is_frozen
            else None
        )
        columns = _plain(given)
        with self._store.write() as c:
            if "name" in given:
                columns["name"] = self._free(c, caller, given["name"], row.trigger.id)
            if source is not None:
                columns |= self._source_columns(c, caller, source, run, row.trigger.id)
                self._watch(c, row.trigger.id, source)
            elif "run" in given:
                loops = LoopCheck(self._parts, c, caller.name)
                loops.check(row.kind, row.source_id, row.source_path, run, row.trigger.id)
            if is_frozen:
                same = source or EventSource(row.trigger.on)
                columns |= self._run_columns(c, frozen, run, path, wanted, same)
            self._rows.change(c, row.trigger, "changed", **columns)
        self._parts.ensure_dispatcher()
        return self.get(caller, row.trigger.id)

    @operation("POST", "/triggers/{trigger}/enable", scope="triggers:write")
    def enable(self, caller: Caller, trigger: str) -> Trigger:
        """Enable a trigger. Events that happened meanwhile start no run."""
        with self._store.read() as c:
            row = self._rows.find(c, caller.name, trigger)
        source = event_source(self._parts, caller.name, row.trigger.on)
        with self._store.write() as c:
            if not row.trigger.is_enabled:
                columns = self._source_columns(c, caller, source, row.trigger.run, row.trigger.id)
                self._rows.change(c, row.trigger, "enabled", is_enabled=True, **columns)
                self._watch(c, row.trigger.id, source)
        self._parts.ensure_dispatcher()
        return self.get(caller, row.trigger.id)

    @operation("POST", "/triggers/{trigger}/disable", scope="triggers:write")
    def disable(self, caller: Caller, trigger: str) -> Trigger:
        """Disable a trigger. Its runs continue, but waiting events are dropped."""
        with self._store.write() as c:
            row = self._rows.find(c, caller.name, trigger)
            if row.trigger.is_enabled:
                self._firings.mark_overlapped(c, row.trigger, because("firing-disabled"))
                self._rows.change(c, row.trigger, "disabled", is_enabled=False)
        return self.get(caller, row.trigger.id)

    @operation("POST", "/triggers/{trigger}/fire", scope="runs:write", status=202)
    def fire(self, caller: Caller, trigger: str, body: Fire, idempotency_key: str = "") -> Firing:
        """Fire a trigger, with values of parameters; the run starts in the background.

        Parameters whose values come from an event need values here.

        Raises:
            Conflict: the trigger is disabled.
            Invalid: a parameter needs a value, or a value is refused.
        """
        self._parts.retire_idle_dispatcher()
        digest = hashlib.sha256(idempotency_key.encode()).hexdigest() if idempotency_key else ""
        with self._store.read() as c:
            row, key = self._fireable(c, caller, trigger, body, digest)
            before = find_earlier_request(self._parts, c, caller.name, key, body)
        if before is None and (body.parameters or body.texts):
            # The check may freeze files, which takes long, so it precedes the write transaction.
            check_fired(self._parts.settings, self._store, self._parts.blobs, row, body)
        with self._store.write() as c:
            # The trigger may have been disabled or changed since the first look.
            row, key = self._fireable(c, caller, trigger, body, digest)
            record = row.trigger
            before = find_earlier_request(self._parts, c, caller.name, key, body)
            # If a run fires the trigger, its chain of triggers is counted, which ends endless
            # loops.
            run_id = self._store.attempts.run_of(c, caller.name, caller.attempt_id)
            event_key = f"fire:{digest or new_id()}"
            made = self._firings.add(
                c, record, event_key, FireCause(run_id), given=body, after_run=run_id
            )
            if made is not None and before is None:
                store_idempotency_key(self._parts, c, caller.name, key, body, made)
            firing = self._firings.get(c, made or self._firings.find(c, record.id, event_key) or "")
            assert firing is not None
        self._parts.ensure_dispatcher()
        return firing

    @operation("POST", "/triggers/{trigger}/rotate", scope="triggers:write")
    def rotate(self, caller: Caller, trigger: str) -> Trigger:
        """Replace the secret of a webhook; the old one is refused from now on.

        The response has the new secret, which is not shown again.

        Raises:
            Conflict: the trigger is not a webhook.
        """
        secret = _new_secret()
        with self._store.write() as c:
            row = self._rows.find(c, caller.name, trigger)
            if row.kind != "webhook":
                raise Conflict(f"Only webhooks have a secret; this trigger is {row.kind}")
            sealed = self._sealed(c, caller, row.trigger.id, secret)
            self._rows.change(c, row.trigger, "changed", secret=sealed)
        return msgspec.structs.replace(self.get(caller, row.trigger.id), secret=secret)

    @operation("GET", "/triggers/{trigger}/firings", scope="triggers:read")
    def firings(
        self, caller: Caller, trigger: str, limit: int = 50, after: str = ""
    ) -> Page[Firing]:
        """List what the events of a trigger led to, newest first."""
        check_limit(limit)
        with self._store.read() as c:
            row = self._rows.find(c, caller.name, trigger)
            firings = self._firings.page(c, row.trigger.id, limit + 1, after)
        return page_of(firings, limit, lambda firing: firing.id)

    @operation("DELETE", "/triggers/{trigger}", scope="triggers:write", status=204)
    def delete(self, caller: Caller, trigger: str) -> None:
        """Delete a trigger. Its runs are kept."""
        with self._store.write() as c:
            row = self._rows.find(c, caller.name, trigger)
            self._rows.delete(c, row.trigger)

    def deliver(self, trigger_id: str, message: Message, sender: str) -> Delivery:
        """Record a signed message of a webhook. The caller needs no token.

        `sender` is the network address from which the message came.
        """
        return deliver(self._parts, self._refusals, trigger_id, message, sender)

    def _sources(
        self, c: Connection, caller: Caller, rows: Sequence[TriggerRow]
    ) -> Mapping[str, str]:
        """Return the names of datasets and executables by ID, if a trigger needs one."""
        names: dict[str, str] = {}
        if any(row.kind == "dataset" for row in rows):
            names |= self._store.datasets.names(c, caller.name)
        if any(row.kind == "workflow" and not row.source_path for row in rows):
            names |= self._store.executables.names(c, caller.name)
        return names

    def _fireable(
        self, c: Connection, caller: Caller, trigger: str, body: Fire, digest: str
    ) -> tuple[TriggerRow, str]:
        """Return a trigger that may be fired now, and the key of the request, if it has one."""
        row = self._rows.find(c, caller.name, trigger)
        if not row.trigger.is_enabled:
            raise Conflict("The trigger is disabled.")
        for name in row.trigger.values_from.keys() - {*body.parameters, *body.texts}:
            raise Invalid.field(f"parameters.{name}", "a value is needed")
        # The same key may fire several triggers.
        return row, f"fire:{row.trigger.id}:{digest}" if digest else ""

    def _trigger_view(
        self, row: TriggerRow, recent: Sequence[Firing], names: Mapping[str, str]
    ) -> Trigger:
        trigger = row.trigger
        path = self._parts.files.without_root(trigger.run.path)
        on = shown_event(self._parts, trigger.on, names)
        return msgspec.structs.replace(
            trigger,
            run=msgspec.structs.replace(trigger.run, path=path),
            on=on,
            sentence=sentence_of(on),
            recent=[*recent],
            address=f"{ADDRESS}/{trigger.id}" if row.kind == "webhook" else "",
        )

    def _name(self, c: Connection, caller: Caller, name: str, run: NewRun) -> str:
        """Return the name of a new trigger: the requested one, or one derived from its code."""
        if name:
            return self._free(c, caller, name, "")
        return name_of_code(run, self._rows.names(c, caller.name).values())

    def _free(self, c: Connection, caller: Caller, name: str, own: str) -> str:
        checked = check_name(name)
        check_free(self._rows.names(c, caller.name), "trigger", checked, own)
        return checked

    def _changed_source(
        self, caller: Caller, row: TriggerRow, given: Mapping[str, Any]
    ) -> EventSource | None:
        """Return the new event of a trigger, None if the event does not change."""
        if "on" not in given:
            return None
        if kind_of(given["on"]) != row.kind:
            raise Invalid.field(
                "on.kind", f"is {row.kind}, which cannot change. Create another trigger"
            )
        source = event_source(self._parts, caller.name, given["on"])
        return None if source.on == row.trigger.on else source

    def _source_columns(
        self, c: Connection, caller: Caller, source: EventSource, run: NewRun, own: str = ""
    ) -> dict[str, Any]:
        """Return the columns for an event that counts from now on, after checking for loops."""
        loops = LoopCheck(self._parts, c, caller.name)
        loops.check(source.kind, source.source_id, source.source_path, run, own)
        return {**source.columns(), "since_event": self._store.events.newest_id(c)}

    def _run_columns(
        self,
        c: Connection,
        frozen: FrozenRequest | None,
        run: NewRun,
        path: str,
        wanted: NewTrigger | Trigger,
        source: EventSource,
    ) -> dict[str, Any]:
        files, template_id = self._parts.files, ""
        if frozen is not None:
            # Also without a pin: this checks the values; an unused template is deleted later.
            of_mode = (wanted.values_from, wanted.mode)
            template = checked_template(c, frozen, source.kind, *of_mode)
            template_id = template.id if wanted.mode == "pinned" else ""
        return run_columns(run, path, files, template_id)

    def _watch(self, c: Connection, trigger_id: str, source: EventSource) -> None:
        """Store the state of the watched files at the time of the check."""
        if isinstance(source.on, OnFile):
            self._rows.store_files(c, trigger_id, source.files or {})

    def _sealed(self, c: Connection, caller: Caller, trigger_id: str, secret: str) -> str:
        sealed = self._store.trigger_secrets.seal
        return sealed(c, caller.name, trigger_id, secret) if secret else ""


def _plain(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in PLAIN if name in given}


def _new_secret() -> str:
    return secret_text(secrets.token_bytes(SECRET_BYTES))
