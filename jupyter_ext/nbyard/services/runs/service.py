"""Service operations on runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from nbyard.attempts import folders, monitor_link_files
from nbyard.domain.callers import Caller
from nbyard.domain.ids import new_id
from nbyard.domain.names import name_key
from nbyard.domain.paging import check_count, check_limit
from nbyard.domain.runs.structs import (
    Attempt,
    CheckedRun,
    NewRun,
    Run,
    RunDetail,
    Task,
    TaskPage,
    TaskPlan,
)
from nbyard.domain.state_machines import RUN, TASK
from nbyard.domain.workflows.structs import Document
from nbyard.errors import Conflict, Invalid
from nbyard.freezing.drafts import Draft, check_request, create_draft, plans_of
from nbyard.freezing.environment_resolution import Renew, plan_renewer
from nbyard.freezing.run_names import check_apart, check_run_name_free
from nbyard.freezing.single_run import checked_values
from nbyard.freezing.workflow_files import files_now
from nbyard.ipc.crash_points import crash_point
from nbyard.reasons.structs import because
from nbyard.retention.removal import remove_records, remove_run
from nbyard.services.idempotency_keys import find_earlier_request, store_idempotency_key
from nbyard.services.operation import operation
from nbyard.services.runs.comparisons import RunComparisons
from nbyard.services.service_context import pin_blobs

if TYPE_CHECKING:
    from nbyard.store import Connection
    from nbyard.store.workflows import IsThere

T = TypeVar("T")


class RunService(RunComparisons):
    """Executions of a workflow version or of one executable."""

    noun = "runs"

    @operation("POST", "/runs", scope="runs:write", status=201)
    @pin_blobs
    def create(self, caller: Caller, body: NewRun, idempotency_key: str = "") -> Run:
        """Start a run: freeze the saved workflow and queue its tasks.

        `scope` selects the nodes: all, the `selected` ones, `from` them on or up `to` them. Their
        dependencies always run too, or come from the cache if unchanged. A pinned node uses the
        result of its run, also with `force`, and has no dependencies.
        """
        crash_point("request-read")
        with self._store.read() as c:
            before = find_earlier_request(self._parts, c, caller.name, idempotency_key, body)
        if before is not None:
            return self._summary(caller, before)
        drafted = create_draft(self._parts, caller, body)
        # Read files before the write transaction, which blocks all other writers.
        is_there = files_now(self._parts, caller.name, body.path, drafted.document.meta.id)
        self._parts.make_way()
        with self._store.write() as c:
            made = find_earlier_request(self._parts, c, caller.name, idempotency_key, body)
            if made is None:
                made = self._insert(c, caller, drafted, is_there)
                store_idempotency_key(self._parts, c, caller.name, idempotency_key, body, made)
                crash_point("run-inserted")
        crash_point("run-committed")
        self._parts.ensure_dispatcher()
        return self._summary(caller, made)

    @operation("POST", "/runs/check", scope="runs:read")
    def check(self, caller: Caller, body: NewRun) -> CheckedRun:
        """Check that a run can start, without creating it.

        The check fails, for example, if an input is missing. It does not look for container images,
        which may still be built.
        """
        document = check_request(self._parts, caller, body)
        return CheckedRun(document.meta.title, list(document.nodes))

    def _take_name(self, c: Connection, caller: Caller, name: str | None, replace: bool) -> None:
        if name is None:
            return
        names = self._store.runs.names(c, caller.name)
        same = [key for key, taken in names.items() if name_key(taken) == name_key(name)]
        if not (replace and same):
            check_run_name_free(self._store, c, caller.name, name)
            return
        older = self._find(c, caller, same[0])
        if older.state in RUN.live:
            raise Conflict(
                because("replaced-run-not-ended", name=older.name, state=older.state),
                hint=because("cancel-run", number=older.number),
            )
        self._store.runs.pass_name(c, older)

    def _insert(self, c: Connection, caller: Caller, new: Draft, is_there: IsThere) -> str:
        body, document = new.body, new.document
        self._take_name(c, caller, new.name, body.replace)
        resolved = new.freeze.rows(c)
        values = checked_values(document, resolved, body, new.chosen)
        plans = plans_of(self._store, c, caller.name, new, resolved, values)
        workflow_id, version_id, path = self._workflow(c, caller, body, document, is_there)
        if new.name and not workflow_id:
            outputs = [a.name for a in plans[0].arguments if a.role == "output"]
            check_apart(self._store, c, caller.name, new.name, outputs)
        now = datetime.now(UTC)
        row = {
            "id": new_id(),
            "name": new.name,
            "title": new.title or plans[0].label,
            "owner": caller.name,
            "path": path,
            "workflow_id": workflow_id,
            "workflow_version_id": version_id,
            "parameters": values,
            "runtime": new.wish.runtime,
            "priority": body.priority,
            "edges": msgspec.to_builtins(new.edges(resolved)),
            "reason": None,
            "created_at": now,
        }
        self._store.runs.insert(c, row)
        run = self._store.runs.by_id(c, str(row["id"]))
        assert run is not None
        rows = [_task_row(run, place, plan, now) for place, plan in enumerate(plans)]
        self._store.tasks.insert(c, run, rows)
        return run.id

    def _workflow(
        self, c: Connection, caller: Caller, body: NewRun, document: Document, is_there: IsThere
    ) -> tuple[str, str, str]:
        """Return the IDs of the workflow and its version, and the real path; empty if none."""
        if not body.path:
            return "", "", ""
        real = str(self._parts.files.locate_code(body.path))
        if not body.path.endswith(".nbflow"):
            return "", "", real
        workflow = self._store.workflows.seen(c, caller.name, real, document, is_there)
        return workflow.id, self._store.workflows.freeze(c, workflow, document), real

    @operation("GET", "/runs/{run}", scope="runs:read")
    def get(self, caller: Caller, run: str) -> RunDetail:
        """Show a run with tasks, attempts and artifacts.

        `run` is an ID, name or number.
        """
        self._parts.watch()
        with self._store.read() as c:
            found = self._find(c, caller, run)
            tasks = self._told(c, found, self._store.tasks.views(c, found.id))
            return RunDetail(self._spoken(found), [*tasks], *self._store.runs.graph(c, found))

    def _told(
        self, c: Connection, run: Run, tasks: Sequence[Task], of: Collection[str] | None = None
    ) -> Sequence[Task]:
        """Return tasks with attempts, artifacts and queue places; `of` are their IDs if not all."""
        attempts = [self._placed(a) for a in self._store.attempts.views(c, run.id, of)]
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

    def _placed(self, attempt: Attempt) -> Attempt:
        """Return an attempt with its folder and, while it runs, its links."""
        store = self._store.folder
        folder = str(folders.attempt_folder_of(store, attempt.worker or attempt.id))
        links = (
            monitor_link_files.links_of_attempt(store, attempt.id)
            if attempt.state == "running"
            else []
        )
        return msgspec.structs.replace(attempt, folder=folder, links=links)

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
        """List the tasks of a run in the order of the graph.

        The list starts after the node `after`. `state` has the wanted states, separated by commas.
        `since` limits it to tasks that changed after that event. To follow a run, repeat the
        request with the first page's `last` as `since`.
        """
        check_limit(limit)
        check_count(since, "since")
        states = [word for word in state.split(",") if word]
        if unknown := set(states) - set(TASK.moves):
            raise Invalid.field("state", because("no-state", state=sorted(unknown)[0][:40]))
        self._parts.watch()
        with self._store.read() as c:
            found = self._find(c, caller, run)
            oldest, last = self._store.events.oldest_id(c), self._store.events.newest_id(c)
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
    @pin_blobs
    def retry(
        self, caller: Caller, run: str, environment: str = "", idempotency_key: str = ""
    ) -> Run:
        """Retry a failed or cancelled run, reusing finished tasks.

        The new run has the frozen code, data and values of the old one, and takes its name. Only
        unfinished tasks run again. With `environment`, those that use it get its newest version,
        and so do those that failed without an environment.
        """
        renew = plan_renewer(self._parts, caller.name, environment)
        self._parts.make_way()
        with self._store.write() as c:
            found = self._find(c, caller, run)
            body = ("retry", found.id, environment)
            made = find_earlier_request(self._parts, c, caller.name, idempotency_key, body)
            if made is None:
                if found.state not in ("failed", "cancelled"):
                    raise Conflict(because("nothing-to-retry", state=found.state))
                made = self._insert_retry(c, found, renew)
                store_idempotency_key(self._parts, c, caller.name, idempotency_key, body, made)
        self._parts.ensure_dispatcher()
        return self._summary(caller, made)

    def _insert_retry(self, c: Connection, old: Run, renew: Renew) -> str:
        now = datetime.now(UTC)
        same = ("title", "owner", "path", "workflow_id", "workflow_version_id", "parameters")
        row = {name: getattr(old, name) for name in (*same, "runtime", "priority")}
        row |= {"id": new_id(), "name": old.name or None, "created_at": now}
        if old.name:
            self._store.runs.pass_name(c, old)
        row["reason"] = because("retry-of-run", run=old.number)
        row["edges"] = msgspec.to_builtins(self._store.runs.edges(c, old.id))
        self._store.runs.insert(c, row)
        run = self._store.runs.by_id(c, str(row["id"]))
        assert run is not None
        tasks = self._store.tasks.of_run(c, old.id)
        rows = [_task_row(run, n, renew(task), now) for n, task in enumerate(tasks)]
        self._store.tasks.insert(c, run, rows)
        return run.id

    @operation("POST", "/runs/{run}/cancel", scope="runs:write", status=202)
    def cancel(self, caller: Caller, run: str) -> Run:
        """Cancel a run. Tasks stop in the background."""
        with self._store.write() as c:
            found = self._find(c, caller, run)
            if found.state in RUN.terminal:
                raise Conflict(because("run-ended", state=found.state))
            self._store.runs.request_cancel(c, found)
        crash_point("cancel-written")
        self._parts.ensure_dispatcher()
        return self._summary(caller, found.id)

    @operation("DELETE", "/runs/{run}", scope="runs:write", status=204)
    def delete(self, caller: Caller, run: str) -> None:
        """Delete the record of a finished run.

        Unreferenced bytes are deleted in the background.
        """
        self._store.reserve.spend()
        with self._store.write() as c:
            found = self._find(c, caller, run)
            if found.state not in RUN.terminal:
                raise Conflict(because("run-not-ended"))
            names = remove_run(self._store, c, found)
        self._parts.ensure_dispatcher()
        remove_records(self._store, names)


def _grouped(items: Sequence[T], key: Callable[[T], str]) -> Mapping[str, list[T]]:
    found: defaultdict[str, list[T]] = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return found


def _task_row(run: Run, place: int, plan: TaskPlan, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "run_id": run.id,
        "node": plan.node,
        "place": place,
        "cached": False,
        "reason": None,
        "plan": msgspec.to_builtins(plan),
        "cache_key": "",
        "executable_id": plan.executable_id,
        "created_at": now,
    }
