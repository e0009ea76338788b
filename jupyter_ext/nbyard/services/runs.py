"""Runs: what you can ask of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from nbyard import folders
from nbyard.domain.attempts import Surroundings
from nbyard.domain.callers import Caller
from nbyard.domain.ids import new_id
from nbyard.domain.names import check_name
from nbyard.domain.paging import Page, check_count, check_limit, page_of
from nbyard.domain.planning import Wish, plan_tasks
from nbyard.domain.runs import Activity, Cells, LogChunk, NewRun, Run, RunDetail, Task, TaskPlan
from nbyard.domain.states import RUN
from nbyard.domain.usage import Usage
from nbyard.domain.workflows import Document, read_document, selection, semantic
from nbyard.errors import Conflict, Invalid, NotFound
from nbyard.services.naming import check_free
from nbyard.services.operation import operation
from nbyard.services.parts import Parts, keeping_bytes, made_before, remember
from nbyard.services.resolving import Freeze, Resolver
from nbyard.services.runtimes import check_runtimes
from nbyard.services.single import checked_values, single_document

if TYPE_CHECKING:
    from nbyard.store import Connection
    from nbyard.store.tasks import TaskRecord

T = TypeVar("T")
MAX_PRIORITY = 100


class Draft(msgspec.Struct, frozen=True):
    """A run that is checked and frozen but not yet written."""

    body: NewRun
    name: str | None
    document: Document
    values: dict[str, Any]
    plans: list[TaskPlan]


class RunService:
    """Executions of a workflow version or of one executable."""

    noun = "runs"

    def __init__(self, parts: Parts):
        self._parts = parts
        self._store = parts.store

    @operation("POST", "/runs", scope="runs:write", status=201)
    @keeping_bytes
    def create(self, caller: Caller, body: NewRun, idempotency_key: str = "") -> Run:
        """Start a run: freeze what is saved, and queue its tasks.

        `scope` says which nodes are meant: all, the `selected` ones, `from` them or up `to` them;
        what they need is always part of it and comes from the cache when nothing changed.
        """
        with self._store.read() as c:
            before = made_before(self._parts, c, caller.name, idempotency_key, body)
        if before is not None:
            return self.get(caller, before).run
        name = check_name(body.name) if isinstance(body.name, str) else None
        if abs(body.priority) > MAX_PRIORITY:
            raise Invalid.field("priority", f"may be from -{MAX_PRIORITY} to {MAX_PRIORITY}")
        document, base = self._document(caller, body)
        chosen = selection(document, body.scope, body.nodes)
        check_runtimes(document, body.runtime)
        freeze = Freeze(Resolver(self._parts, caller.name, base), document.nodes)
        wish = self._wish(body)
        with self._store.write() as c:
            made = made_before(self._parts, c, caller.name, idempotency_key, body)
            if made is None:
                if name is not None:
                    check_free(self._store.runs.names(c, caller.name), "a run", name)
                resolved = freeze.rows(c)
                values = checked_values(document, resolved, body)
                plans = plan_tasks(document, resolved, values, chosen, wish)
                if not plans:
                    raise Invalid.field("document", "there is no executable to run")
                made = self._insert(c, caller, Draft(body, name, document, values, plans))
                remember(self._parts, c, caller.name, idempotency_key, body, made)
        self._parts.call_dispatcher()
        return self.get(caller, made).run

    def _document(self, caller: Caller, body: NewRun) -> tuple[Document, str]:
        """The frozen document, and the folder its paths are relative to."""
        if bool(body.path) == bool(body.executable):
            raise Invalid.field("path", "name either a path or an executable")
        if body.path.endswith(".nbflow"):
            real = self._parts.files.locate(body.path)
            document = read_document(self._parts.files.read(body.path), strict=True)
            return semantic(document), self._parts.files.shown(real.parent)
        return single_document(self._parts, caller, body)

    def _wish(self, body: NewRun) -> Wish:
        runtime = body.runtime or self._parts.settings.default_runtime
        return Wish(runtime, body.image, body.force, bool(body.runtime))

    def _insert(self, c: Connection, caller: Caller, draft: Draft) -> str:
        body, document = draft.body, draft.document
        workflow_id, version_id, path = self._workflow(c, caller, body, document)
        now = datetime.now(UTC)
        row = {
            "id": new_id(),
            "name": draft.name,
            "title": document.meta.title or PurePosixPath(body.path).stem or draft.plans[0].label,
            "owner": caller.name,
            "path": path,
            "workflow_id": workflow_id,
            "workflow_version_id": version_id,
            "parameters": draft.values,
            "runtime": self._wish(body).runtime,
            "priority": body.priority,
            "edges": msgspec.to_builtins(list(document.edges.values())),
            "reason": "",
            "created_at": now,
        }
        self._store.runs.insert(c, row)
        run = self._store.runs.by_id(c, str(row["id"]))
        assert run is not None
        rows = [_task_row(run, place, plan, now) for place, plan in enumerate(draft.plans)]
        self._store.tasks.insert(c, run, rows)
        return run.id

    def _workflow(
        self, c: Connection, caller: Caller, body: NewRun, document: Document
    ) -> tuple[str, str, str]:
        if not body.path.endswith(".nbflow"):
            return "", "", body.path
        path = self._parts.files.shown(self._parts.files.locate(body.path))
        real = str(self._parts.files.locate(body.path))
        workflow = self._store.workflows.seen(c, caller.name, real, document)
        return workflow.id, self._store.workflows.freeze(c, workflow, document), path

    @operation("GET", "/runs", scope="runs:read")
    def list(  # noqa: PLR0913, PLR0917  these are the query's parameters
        self,
        caller: Caller,
        limit: int = 50,
        after: str = "",
        state: str = "",
        workflow: str = "",
        executable: str = "",
        search: str = "",
    ) -> Page[Run]:
        """List runs, newest first; by state, workflow (id or path), executable or words."""
        check_limit(limit)
        if state and state not in RUN.moves:
            raise Invalid.field("state", "must be one of " + ", ".join(RUN.moves))
        filters = {
            "state": state,
            "workflow": workflow,
            "executable": executable,
            "search": search,
        }
        with self._store.read() as c:
            found = self._store.runs.page(c, caller.name, limit + 1, after, **filters)
        return page_of(found, limit, lambda r: r.id)

    @operation("GET", "/runs/{run}", scope="runs:read")
    def get(self, caller: Caller, run: str) -> RunDetail:
        """Show a run with its tasks, attempts and artifacts; by id, name or number."""
        self._parts.watch()
        with self._store.read() as c:
            found = self._find(c, caller, run)
            tasks = self._store.tasks.views(c, found.id)
            attempts = [
                msgspec.structs.replace(a, folder=str(folders.place(self._store.folder, a.id)))
                for a in self._store.attempts.views(c, found.id)
            ]
            artifacts = self._store.artifacts.of_run(c, found.id)
            edges = self._store.runs.edges(c, found.id)
            places = self._store.tasks.places(c, found.id)
        attempts_of = _grouped(attempts, lambda a: a.task_id)
        artifacts_of = _grouped(artifacts, lambda a: a.node)
        full = [
            msgspec.structs.replace(
                task,
                attempts=attempts_of[task.id],
                artifacts=artifacts_of[task.node],
                place=places.get(task.id),
            )
            for task in tasks
        ]
        return RunDetail(found, full, edges)

    def _find(self, c: Connection, caller: Caller, run: str) -> Run:
        found = self._store.runs.get(c, caller.name, run)
        if found is None:
            raise NotFound(f"There is no run {run[:80]!r}.")
        return found

    @operation("POST", "/runs/{run}/retry", scope="runs:write", status=201)
    def retry(self, caller: Caller, run: str, idempotency_key: str = "") -> Run:
        """Go on, as a new run, where one failed or was cancelled.

        Code, data and values are those that it had frozen; results that it had are taken over, and
        only the other tasks are worked on.
        """
        with self._store.write() as c:
            found = self._find(c, caller, run)
            made = made_before(self._parts, c, caller.name, idempotency_key, ("retry", found.id))
            if made is None:
                if found.state not in ("failed", "cancelled"):
                    raise Conflict(f"The run is {found.state}; there is nothing to try again.")
                made = self._insert_retry(c, found)
                body = ("retry", found.id)
                remember(self._parts, c, caller.name, idempotency_key, body, made)
        self._parts.call_dispatcher()
        return self.get(caller, made).run

    def _insert_retry(self, c: Connection, old: Run) -> str:
        now = datetime.now(UTC)
        same = ("title", "owner", "path", "workflow_id", "workflow_version_id", "parameters")
        row = {name: getattr(old, name) for name in (*same, "runtime", "priority")}
        row |= {"id": new_id(), "name": None, "created_at": now}
        row["reason"] = f"goes on from run {old.number}"
        row["edges"] = msgspec.to_builtins(self._store.runs.edges(c, old.id))
        self._store.runs.insert(c, row)
        run = self._store.runs.by_id(c, str(row["id"]))
        assert run is not None
        tasks = self._store.tasks.of_run(c, old.id)
        rows = [_task_row(run, n, _taken_over(task), now) for n, task in enumerate(tasks)]
        self._store.tasks.insert(c, run, rows)
        return run.id

    @operation("POST", "/runs/{run}/cancel", scope="runs:write", status=202)
    def cancel(self, caller: Caller, run: str) -> Run:
        """Ask a run to end; it is acknowledged at once and made true in the background."""
        with self._store.write() as c:
            found = self._find(c, caller, run)
            if found.state in RUN.terminal:
                raise Conflict(f"The run has {found.state} already.")
            self._store.runs.request_cancel(c, found)
        self._parts.call_dispatcher()
        with self._store.read() as c:
            return self._find(c, caller, found.id)

    @operation("DELETE", "/runs/{run}", scope="runs:write", status=204)
    def delete(self, caller: Caller, run: str) -> None:
        """Remove the record of a run that is at its end.

        Bytes that nothing names any more are deleted in the background.
        """
        with self._store.write() as c:
            found = self._find(c, caller, run)
            if found.state not in RUN.terminal:
                raise Conflict("The run is not at its end; cancel it first.")
            attempts = self._store.attempts.views(c, found.id)
            self._store.runs.delete(c, found)
            self._store.facts.set_collect_at(c)
        self._parts.call_dispatcher()
        for attempt in attempts:
            folders.remove(self._store.folder, attempt.id)

    @operation("GET", "/runs/{run}/tasks/{node}/log", scope="runs:read")
    def log(self, caller: Caller, run: str, node: str, after: int = 0) -> LogChunk:
        """Read the log of a task's newest attempt from a byte on."""
        check_count(after, "after")
        return folders.log(self._store.folder, self._task(caller, run, node), after)

    @operation("GET", "/runs/{run}/tasks/{node}/cells", scope="runs:read")
    def cells(self, caller: Caller, run: str, node: str) -> Cells:
        """Show the executed notebook of a task as far as it ran."""
        return folders.cells(self._store.folder, self._task(caller, run, node))

    @operation("GET", "/runs/{run}/tasks/{node}/surroundings", scope="runs:read")
    def surroundings(self, caller: Caller, run: str, node: str) -> Surroundings:
        """Show the machine, environment, image and code of a task's newest attempt."""
        found = folders.surroundings(self._store.folder, self._task(caller, run, node))
        if found is None:
            raise NotFound(f"{node[:80]!r} has no attempt yet.")
        return found

    @operation("GET", "/runs/{run}/tasks/{node}/usage", scope="runs:read")
    def usage(self, caller: Caller, run: str, node: str, attempt: int = 0) -> Usage:
        """Show what an attempt at a task used over time: CPU, memory, GPUs; by default the newest.

        A task from the cache shows what making its result had used.
        """
        check_count(attempt, "attempt")
        attempts = self._task(caller, run, node).attempts
        found = [one for one in attempts if attempt in (0, one.number)]
        if attempt and not found:
            raise NotFound(f"{node[:80]!r} has no attempt {attempt}.")
        return folders.usage(self._store.folder, found[-1]) if found else Usage(0, done=False)

    def activity(self, caller: Caller, runs: Sequence[str]) -> Sequence[Activity]:
        """How far the tasks under way of these runs are; unknown runs are left out."""
        self._parts.watch()
        found = []
        with self._store.read() as c:
            for key in runs:
                run = self._store.runs.get(c, caller.name, key)
                live = self._store.attempts.newest(c, run.id) if run else []
                found += [folders.activity(self._store.folder, key, *one) for one in live]
        return found

    def _task(self, caller: Caller, run: str, node: str) -> Task:
        """The task and its attempts; a cached one with those of the task whose result it took.

        Logs are polled through this: it reads no more of the run than that.
        """
        self._parts.watch()
        with self._store.read() as c:
            found = self._store.tasks.view(c, self._find(c, caller, run).id, node)
            if found is None:
                raise NotFound(f"The run has no node {node[:80]!r}.")
            if found.cached:
                attempts = self._store.attempts.behind_cache(c, caller.name, found.id)
            else:
                attempts = self._store.attempts.of_task(c, found.id)
        return msgspec.structs.replace(found, attempts=attempts)


def _grouped(items: Sequence[T], key: Callable[[T], str]) -> Mapping[str, list[T]]:
    found: defaultdict[str, list[T]] = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return found


def _taken_over(task: TaskRecord) -> TaskPlan:
    """The plan of a task once more; one that succeeded keeps its result."""
    done = task.id if task.state == "succeeded" else ""
    return msgspec.structs.replace(task.plan, reuse=done)


def _task_row(run: Run, place: int, plan: TaskPlan, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "run_id": run.id,
        "node": plan.node,
        "place": place,
        "cached": False,
        "reason": "",
        "plan": msgspec.to_builtins(plan),
        "cache_key": "",
        "executable_id": plan.executable_id,
        "created_at": now,
    }
