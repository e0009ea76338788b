"""Runs: what you can ask of them."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from nbyard import folders
from nbyard.crash import crash_point
from nbyard.domain.callers import Caller
from nbyard.domain.functions import spot
from nbyard.domain.ids import is_id, new_id
from nbyard.domain.names import check_name, name_key
from nbyard.domain.paging import Page, check_count, check_limit, page_of
from nbyard.domain.planning import Wish, plan_tasks
from nbyard.domain.runs import NewRun, Run, RunDetail, Task, TaskPage, TaskPlan
from nbyard.domain.states import RUN, TASK
from nbyard.domain.workflows import Document, read_document, repinned, selection, semantic
from nbyard.errors import Conflict, Invalid, NotFound
from nbyard.services.naming import check_free
from nbyard.services.operation import operation
from nbyard.services.parts import keeping_bytes, made_before, remember
from nbyard.services.pinning import asked_pins
from nbyard.services.resolving import Freeze, Resolver
from nbyard.services.run_estimates import RunEstimates
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


class RunService(RunEstimates):
    """Executions of a workflow version or of one executable."""

    noun = "runs"

    @operation("POST", "/runs", scope="runs:write", status=201)
    @keeping_bytes
    def create(self, caller: Caller, body: NewRun, idempotency_key: str = "") -> Run:
        """Start a run: freeze what is saved, and queue its tasks.

        `scope` says which nodes are meant: all, the `selected` ones, `from` them or up `to` them;
        what they need is always part of it and comes from the cache when nothing changed. A pinned
        node takes the result of its run, also with `force`, and needs nothing.
        """
        crash_point("request-read")
        with self._store.read() as c:
            before = made_before(self._parts, c, caller.name, idempotency_key, body)
        if before is not None:
            return self._summary(caller, before)
        name = _checked_name(body)
        document, base = self._document(caller, body)
        meant = repinned(document, asked_pins(self._parts, caller.name, document, body.pins))
        chosen = selection(meant, body.scope, body.nodes)
        check_runtimes(document, body.runtime)
        freeze = Freeze(Resolver(self._parts, caller.name, base), meant.nodes)
        wish = self._wish(body)
        with self._store.write() as c:
            made = made_before(self._parts, c, caller.name, idempotency_key, body)
            if made is None:
                if name is not None:
                    self._take_name(c, caller, name, body.replace)
                resolved = freeze.rows(c)
                values = checked_values(document, resolved, body)
                plans = plan_tasks(meant, resolved, values, chosen, wish)
                made = self._insert(c, caller, Draft(body, name, document, values, plans))
                remember(self._parts, c, caller.name, idempotency_key, body, made)
                crash_point("run-inserted")
        crash_point("run-committed")
        self._parts.call_dispatcher()
        return self._summary(caller, made)

    def _take_name(self, c: Connection, caller: Caller, name: str, replace: bool) -> None:
        names = self._store.runs.names(c, caller.name)
        same = [key for key, taken in names.items() if name_key(taken) == name_key(name)]
        if not (replace and same):
            check_free(names, "a run", name)
            return
        older = self._find(c, caller, same[0])
        if older.state in RUN.live:
            raise Conflict(
                f"{older.name!r} is {older.state}; it can be replaced when it has ended.",
                hint=f"From a shell: nbyard runs cancel {older.number}",
            )
        self._store.runs.pass_name(c, older)

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
        warm = body.containers == "warm" or (
            not body.containers and self._parts.settings.warm_containers
        )
        return Wish(runtime, body.image, body.force, bool(body.runtime), warm)

    def _insert(self, c: Connection, caller: Caller, draft: Draft) -> str:
        body, document = draft.body, draft.document
        if not draft.plans:
            raise Invalid.field("document", "there is no executable to run")
        workflow_id, version_id, path = self._workflow(c, caller, body, document)
        now = datetime.now(UTC)
        row = {
            "id": new_id(),
            "name": draft.name,
            "title": document.meta.title
            or spot(body.path).function
            or PurePosixPath(body.path).stem
            or draft.plans[0].label,
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
        """Its id, that of its version, and the real place of what is run, as far as there are."""
        if not body.path:
            return "", "", ""
        real = str(self._parts.files.locate_code(body.path))
        if not body.path.endswith(".nbflow"):
            return "", "", real
        workflow = self._store.workflows.seen(c, caller.name, real, document)
        return workflow.id, self._store.workflows.freeze(c, workflow, document), real

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
        node: str = "",
    ) -> Page[Run]:
        """List runs, newest first; by state, workflow (id or path), executable or words.

        With a `node`, those in which it has a result: its task succeeded.
        """
        check_limit(limit)
        if state and state not in RUN.moves:
            raise Invalid.field("state", "must be one of " + ", ".join(RUN.moves))
        filters = {
            "state": state,
            "workflow": workflow,
            "path": self._real(workflow),
            "executable": self._executable(caller, executable),
            "search": search,
            "node": node,
        }
        with self._store.read() as c:
            found = self._store.runs.page(c, caller.name, limit + 1, after, **filters)
        return page_of([self._spoken(run) for run in found], limit, lambda r: r.id)

    def _real(self, path: str) -> str:
        """The place of a workflow as the store has it; absolute ones are what we told ourselves."""
        if not path or path.startswith("/"):
            return path and os.path.realpath(path)
        return str(self._parts.files.locate_code(path, "workflow"))

    def _executable(self, caller: Caller, key: str) -> str:
        """The id of an executable, named by that (it may be gone), its name or its file."""
        if not key or is_id(key):
            return key
        with self._store.read() as c:
            found = self._store.executables.get(c, caller.name, key)
            if found is None:
                found = self._store.executables.by_path(c, caller.name, self._real(key))
        if found is None:
            raise NotFound(f"There is no executable {key[:80]!r}.")
        return found.id

    @operation("GET", "/runs/{run}", scope="runs:read")
    def get(self, caller: Caller, run: str) -> RunDetail:
        """Show a run with its tasks, attempts and artifacts; by id, name or number."""
        self._parts.watch()
        with self._store.read() as c:
            found = self._find(c, caller, run)
            tasks = self._told(c, found, self._store.tasks.views(c, found.id))
            return RunDetail(self._spoken(found), [*tasks], self._store.runs.edges(c, found.id))

    def _told(
        self, c: Connection, run: Run, tasks: Sequence[Task], of: Collection[str] | None = None
    ) -> Sequence[Task]:
        """Tasks with their attempts, artifacts and places in the queue; `of` names them where
        they are not all of the run."""
        attempts = [
            msgspec.structs.replace(
                a, folder=str(folders.place(self._store.folder, a.worker or a.id))
            )
            for a in self._store.attempts.views(c, run.id, of)
        ]
        attempts_of = _grouped(attempts, lambda a: a.task_id)
        artifacts_of = _grouped(self._store.artifacts.of_run(c, run.id, of), lambda a: a.node)
        waiting = any(task.state == "queued" for task in tasks)
        places = self._store.tasks.places(c, run.id) if waiting else {}
        return [
            msgspec.structs.replace(
                task,
                attempts=attempts_of[task.id],
                artifacts=artifacts_of[task.node],
                place=places.get(task.id),
            )
            for task in tasks
        ]

    @operation("GET", "/runs/{run}/tasks", scope="runs:read")
    def tasks(
        self,
        caller: Caller,
        run: str,
        limit: int = 500,
        after: str = "",
        state: str = "",
        since: int = 0,
    ) -> TaskPage:
        """List tasks in the order of the graph, after the node `after`, in one of the states
        `state` (by comma), or those that changed after the event `since`.

        Who follows a run asks again `since` the `last` of the first page of what it was told.
        """
        check_limit(limit)
        check_count(since, "since")
        states = [word for word in state.split(",") if word]
        if unknown := set(states) - set(TASK.moves):
            raise Invalid.field("state", f"there is no state {sorted(unknown)[0][:40]!r}")
        self._parts.watch()
        with self._store.read() as c:
            found = self._find(c, caller, run)
            oldest, last = self._store.events.first(c), self._store.events.last(c)
            kept = oldest - 1 <= since <= last
            asked = (after, states, since if kept else 0)
            views = self._store.tasks.page(c, found.id, limit + 1, *asked)
            shown = views[:limit]
            tasks = self._told(c, found, shown, [task.id for task in shown])
        following = tasks[-1].node if len(views) > limit else None
        return TaskPage(self._spoken(found), [*tasks], last, following)

    def _summary(self, caller: Caller, run: str) -> Run:
        with self._store.read() as c:
            return self._spoken(self._find(c, caller, run))

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
        return self._summary(caller, made)

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
        crash_point("cancel-written")
        self._parts.call_dispatcher()
        return self._summary(caller, found.id)

    @operation("DELETE", "/runs/{run}", scope="runs:write", status=204)
    def delete(self, caller: Caller, run: str) -> None:
        """Remove the record of a run that is at its end.

        Bytes that nothing names any more are deleted in the background.
        """
        self._store.reserve.spend()
        with self._store.write() as c:
            found = self._find(c, caller, run)
            if found.state not in RUN.terminal:
                raise Conflict("The run is not at its end; cancel it first.")
            attempts = self._store.attempts.views(c, found.id)
            self._store.cache.let_go(c, found)
            self._store.runs.delete(c, found)
            self._store.facts.set_collect_at(c)
        self._parts.call_dispatcher()
        for name in {attempt.worker or attempt.id for attempt in attempts}:
            folders.remove(self._store.folder, name)


def _checked_name(body: NewRun) -> str | None:
    """The name that was given; raises Invalid for it and for a priority beyond the limits. What is
    the number or the id of another run would hide that one."""
    if abs(body.priority) > MAX_PRIORITY:
        raise Invalid.field("priority", f"may be from -{MAX_PRIORITY} to {MAX_PRIORITY}")
    if isinstance(body.name, str):
        name = check_name(body.name)
        if name.isdecimal() or is_id(name):
            raise Invalid.field("name", "may not be a number or an id: these name other runs")
        return name
    if body.replace:
        raise Invalid.field("name", "name what is replaced")
    return None


def _grouped(items: Sequence[T], key: Callable[[T], str]) -> Mapping[str, list[T]]:
    found: defaultdict[str, list[T]] = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return found


def _taken_over(task: TaskRecord) -> TaskPlan:
    """The plan of a task once more; one that succeeded keeps its result, and one that had not
    come to taking over a result, this wish."""
    done = task.id if task.state == "succeeded" else task.plan.reuse
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
