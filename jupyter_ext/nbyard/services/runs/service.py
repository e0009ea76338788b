"""Service operations on runs.

The packages to add for all nodes of a run, after one of them failed to import a module.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import msgspec

from nbyard.attempts import folders, monitor_link_files
from nbyard.domain.callers import Caller
from nbyard.domain.naming.runtime_names import DOCKER
from nbyard.domain.runs.checks import CheckedRun, NewCheckRun, file_of
from nbyard.domain.runs.origins import Origin
from nbyard.domain.runs.structs import Attempt, NewRun, Run, RunDetail, Task, TaskPage, check_sample
from nbyard.domain.state_machines import RUN, TASK
from nbyard.errors import Conflict, Invalid, NbyardError
from nbyard.freezing.environment_resolution import plan_renewer
from nbyard.freezing.imported_packages import (
    NodeImports,
    Places,
    modules_of_version,
    packages_to_add,
    runs_python,
)
from nbyard.freezing.pushed_folders import pushed_context
from nbyard.freezing.runs.run_creation import create_run, isolated_plans, retry_run
from nbyard.freezing.runs.templates import check_request, freeze, store_template
from nbyard.host.project_files import DOCUMENT
from nbyard.ipc.crash_points import crash_point
from nbyard.reasons.structs import Reason
from nbyard.retention.removal import remove_records, remove_run
from nbyard.services.operation import operation
from nbyard.services.projects.automatic_links import link_to_active
from nbyard.services.requests import find_earlier_request, store_idempotency_key, submission_key
from nbyard.services.runs.exports import RunExports
from nbyard.services.service_context import pin_blobs
from nbyard.services.workflows.pushed_workflows import link_new_source, projects_with_copy

if TYPE_CHECKING:
    from nbyard.domain.executables.structs import ExecutableVersion
    from nbyard.domain.runs.structs import Task, TaskPlan
    from nbyard.services.service_context import ServiceContext
    from nbyard.store import Connection


class RunService(RunExports):
    """Executions of a workflow version or of one executable."""

    noun = "runs"

    @operation("POST", "/runs/check", scope="runs:read")
    def check(self, caller: Caller, body: NewRun) -> CheckedRun:
        """Check that a run can start, without creating it.

        The check fails, for example, if an input is missing. It does not look for container images,
        which may still be built.
        """
        document = check_request(self._context, caller.name, body)
        return CheckedRun(document.meta.title, list(document.nodes))

    @operation("POST", "/runs/check/sample", scope="runs:write", status=201)
    @pin_blobs
    def check_sample(self, caller: Caller, body: NewCheckRun) -> Run:
        """Start a check run: run the saved workflow on a sample of its data.

        Tasks get rows from all parts of tables (CSV, TSV, JSON lines, Parquet), with some rows of
        each class, and some files of each suffix in each folder. Other data, and files that code
        opens itself, are used whole. The run is kept out of lists, searches, comparisons, the
        cache, notices and automations. It is deleted after the next check run of the same file, or
        a day after its end.

        Raises:
            Invalid: the request has a name or replaces a run.
        """
        if body.name is not msgspec.UNSET or body.replace:
            raise Invalid.field("name", "a check run has no name")
        sample = check_sample(body.rows, body.files)
        frozen = freeze(self._context, caller.name, body, caller.project)
        with self._context.writing_work(is_new=True) as c:
            template = store_template(c, frozen)
            origin = Origin("check", person=caller.submitter)
            made, _ = create_run(self._store, c, template, origin=origin, sample=sample)
            names = self._supersede(c, caller, made)
        # Only after the commit. The dispatcher deletes folders that a crash leaves without a row.
        remove_records(self._store, names)
        with self._store.read() as c:
            return self._with_shown_path(self._find(c, caller, made))

    def _supersede(self, c: Connection, caller: Caller, made: str) -> set[str]:
        """Delete or cancel earlier check runs of the same file. Return the folders to delete.

        `made` is the ID of the new check run.
        """
        names: set[str] = set()
        new = self._find(c, caller, made)
        for old in self._store.runs.scratch(c, caller.name, new.path):
            is_same = old.origin.kind == "check" and file_of(old) == file_of(new)
            if old.id == made or not is_same:
                continue
            # A live run is deleted by the dispatcher after its end.
            if old.state in RUN.terminal:
                names |= remove_run(self._store, c, old)
            else:
                self._store.runs.request_cancel(c, old)
        return names

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
            # Answer a repeated request without freezing, which stores all files of the code.
            before = find_earlier_request(self._context, c, caller.name, idempotency_key, body)
        if before is not None:
            return self._summary(caller, before)
        context, wanted = self._context, body
        if pushed := pushed_context(context, caller.name, body.path):
            context, path = pushed
            wanted = msgspec.structs.replace(body, path=path)
        frozen = freeze(context, caller.name, wanted, caller.project)
        is_workflow = wanted.path.endswith(DOCUMENT)
        file = context.files.locate(wanted.path) if is_workflow else None
        projects = projects_with_copy(self._store, caller.name, file) if file else ()
        self._context.retire_idle_dispatcher()
        with self._store.write() as c:
            made = find_earlier_request(self._context, c, caller.name, idempotency_key, body)
            if made is None:
                made, _ = create_run(
                    self._store,
                    c,
                    store_template(c, frozen),
                    submission_key=submission_key(idempotency_key),
                    origin=Origin(body.origin or "manual", person=caller.submitter),
                    name=frozen.name,
                    replace=body.replace,
                )
                store_idempotency_key(self._context, c, caller.name, idempotency_key, body, made)
                link_new_source(self._store, c, made, projects)
                self._link_and_check(c, caller, "runs.create", made)
                crash_point("run-inserted")
        crash_point("run-committed")
        self._context.ensure_dispatcher()
        return self._summary(caller, made)

    def _link_and_check(self, c: Connection, caller: Caller, operation: str, made: str) -> None:
        """Link a new run to the active project, and check it again.

        Its projects have rights and quotas. It is linked now, because the dispatcher looks for
        results of its colleagues at once.

        Raises:
            OverQuota: a task can never start, or too many runs of a project are queued.
            PolicyRefused: the Dask cluster is for other projects.
        """
        run = self._store.runs.by_id(c, made)
        link_to_active(self._store, c, caller, caller.project, operation, run)
        if self._store.isolation.is_shared or self._store.quotas.read(c).project_names:
            tasks = self._store.tasks.of_run(c, made)
            plans = [task.plan for task in tasks if not task.plan.reuse]
            isolated_plans(self._store, c, caller.name, plans, made)
            self._store.quotas.check_run(c, caller.name, made, plans)

    @operation("GET", "/runs/{run}", scope="runs:read")
    def get(self, caller: Caller, run: str) -> RunDetail:
        """Show a run with tasks, attempts and artifacts.

        `run` is an ID, name or number.
        """
        self._context.watch()
        with self._store.read() as c:
            record = self._find(c, caller, run)
            tasks = self._with_details(c, record, self._store.tasks.views(c, record.id))
            graph, source = self._store.runs.graph(c, record), self._source(c, record.origin)
            shown = self._with_shown_path(record)
        tasks = with_all_missing(self._context, record.id, tasks)
        return RunDetail(shown, tasks, *graph, *source)

    def _source(self, c: Connection, origin: Origin) -> tuple[str, bool]:
        """Return the name of the automation that started a run, and if it is deleted.

        The name is empty if none did.
        """
        if not origin.source_id:
            return "", False
        if row := self._store.automations.by_id(c, origin.source_id):
            return row.automation.name, False
        return self._store.facts.deleted_name(c, origin.source_id), True

    def _with_details(
        self, c: Connection, run: Run, tasks: Sequence[Task], of: Collection[str] | None = None
    ) -> list[Task]:
        """Return tasks with their attempts, artifacts and places in the queue.

        `of` has the IDs of these tasks if they are not all tasks of the run.
        """
        attempts = [
            self._with_folder_and_links(a) for a in self._store.attempts.views(c, run.id, of)
        ]
        attempts_of = _grouped(attempts, lambda a: a.task_id)
        artifacts_of = _grouped(self._store.artifacts.of_run(c, run.id, of), lambda a: a.node)
        waiting = any(task.state == "queued" for task in tasks)
        places = self._store.tasks.queue_positions(c, run.id, self._turn(c)) if waiting else {}
        return [
            msgspec.structs.replace(
                task,
                attempts=attempts_of[task.id],
                artifacts=artifacts_of[task.node],
                place=places.get(task.id),
            )
            for task in tasks
        ]

    def _with_folder_and_links(self, attempt: Attempt) -> Attempt:
        store = self._store.folder
        place = {"site": ""}  # users of a shared store see no places of its machine
        if not self._store.isolation.is_shared:
            place = {"folder": str(folders.attempt_folder_of(store, attempt.worker or attempt.id))}
        is_live = attempt.state == "running"
        links = monitor_link_files.links_of_attempt(store, attempt.id) if is_live else []
        return msgspec.structs.replace(attempt, links=links, **place)

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

        Raises:
            Invalid: a state is unknown.
        """
        states = [word for word in state.split(",") if word]
        if unknown := set(states) - set(TASK.moves):
            raise Invalid.field("state", f"there is no state '{sorted(unknown)[0][:40]}'")
        self._context.watch()
        with self._store.read() as c:
            record = self._find(c, caller, run)
            oldest, last = self._store.events.oldest_id(c), self._store.events.newest_id(c)
            # If events after `since` were deleted, the changes are unknown. Then list all tasks.
            kept = oldest - 1 <= since <= last
            asked = (after, states, since if kept else 0)
            views = self._store.tasks.page(c, record.id, limit + 1, *asked)
            shown = views[:limit]
            tasks = self._with_details(c, record, shown, [task.id for task in shown])
        following = tasks[-1].node if len(views) > limit else None
        tasks = with_all_missing(self._context, record.id, tasks)
        return TaskPage(self._with_shown_path(record), tasks, last, following)

    def _summary(self, caller: Caller, run: str) -> Run:
        with self._store.read() as c:
            return self._with_shown_path(self._find(c, caller, run))

    @operation("POST", "/runs/{run}/retry", scope="runs:write", status=201)
    @pin_blobs
    def retry(
        self, caller: Caller, run: str, environment: str = "", idempotency_key: str = ""
    ) -> Run:
        """Retry a failed or cancelled run, reusing finished tasks.

        The new run has the frozen code, data and values of the old one, and takes its name. Only
        unfinished tasks run again. With `environment`, they use its newest version. Those that did
        not fail keep another environment. If elements of a map failed in a run that succeeded,
        these are retried in the same run.

        Raises:
            Conflict: the run is live, or all of it succeeded.
        """
        renew = plan_renewer(self._context, caller.name, environment)
        with self._context.writing_work(is_new=True) as c:
            record = self._recorded(c, caller, run)
            # Idempotency keys belong to a request body, and a retry has none.
            body = ("retry", record.id, environment)
            made = find_earlier_request(self._context, c, caller.name, idempotency_key, body)
            if made is None:
                key = submission_key(idempotency_key)
                if record.state == "succeeded" and not environment:
                    self._retry_elements(c, caller, record, "")
                    made = record.id
                elif record.state in ("failed", "cancelled"):
                    made = retry_run(self._store, c, record, renew, key, caller)
                    self._link_and_check(c, caller, "runs.retry", made)
                else:
                    raise Conflict(
                        f"Retry failed and cancelled runs only, not {record.state} ones."
                    )
                store_idempotency_key(self._context, c, caller.name, idempotency_key, body, made)
        return self._summary(caller, made)

    @operation("POST", "/runs/{run}/cancel", scope="runs:write", status=202)
    def cancel(self, caller: Caller, run: str) -> Run:
        """Cancel a run. Tasks stop in the background.

        Raises:
            Conflict: the run has ended.
        """
        return self.cancel_because(caller, run, None)

    def cancel_because(self, caller: Caller, run: str, why: Reason | None) -> Run:
        """Cancel a run for a reason that its owner reads.

        Raises:
            Conflict: the run has ended.
        """
        self._store.reserve.spend()
        with self._store.write() as c:
            record = self._find(c, caller, run)
            if record.state in RUN.terminal:
                raise Conflict(f"The run has already finished ({record.state}).")
            self._store.runs.request_cancel(c, record, why)
        crash_point("cancel-written")
        self._context.ensure_dispatcher()
        return self._summary(caller, record.id)

    @operation("DELETE", "/runs/{run}", scope="runs:write", status=204)
    def delete(self, caller: Caller, run: str) -> None:
        """Delete the record of a finished run.

        Unreferenced bytes are deleted in the background.

        Raises:
            Conflict: the run has not ended.
        """
        self._store.reserve.spend()
        with self._context.writing_work() as c:
            record = self._find(c, caller, run)
            if record.state not in RUN.terminal:
                raise Conflict("The run has not finished; cancel it first.")
            names = remove_run(self._store, c, record)
        remove_records(self._store, names)


def with_all_missing(context: ServiceContext, run: str, tasks: list[Task]) -> list[Task]:
    """Return tasks whose `missing` names the packages for all nodes of the run with this ID."""
    if not any(task.missing for task in tasks):
        return tasks
    with context.store.read() as c:
        plans = [task.plan for task in context.store.tasks.of_run(c, run)]
        named = {plan.executable_version_id for plan in plans} - {""}
        versions = {each: context.store.executables.version(c, each) for each in named}
    known = {each: version for each, version in versions.items() if version}
    nodes = imports_of_plans(context, plans, known)
    completed = []
    for task in tasks:
        missing = task.missing
        if missing:
            environment, own = task.environment.id if task.environment else "", missing.packages
            lacking = packages_to_add(nodes.values(), environment)
            packages = [*(name for name in lacking if name not in own), *own]
            missing = msgspec.structs.replace(missing, packages=packages)
        completed.append(msgspec.structs.replace(task, missing=missing))
    return completed


def imports_of_plans(
    context: ServiceContext, plans: Iterable[TaskPlan], versions: Mapping[str, ExecutableVersion]
) -> dict[str, NodeImports]:
    """Return by node what the code of these tasks imports; `versions` has their code by ID."""
    places = Places(context)
    nodes = {}
    for plan in plans:
        version = versions.get(plan.executable_version_id)
        if version is None or plan.pinned or not runs_python(version):
            continue
        has_packages = plan.image or plan.requirements_digest
        runtime = "" if plan.runtime == DOCKER and has_packages else plan.runtime
        try:
            modules = modules_of_version(context.blobs, version)
        except (NbyardError, OSError):  # a clean-up deleted the code
            continue
        nodes[plan.node] = places.imports(modules, version, plan.environment, runtime, plan.kernel)
    return nodes


T = TypeVar("T")


def _grouped(items: Sequence[T], key: Callable[[T], str]) -> Mapping[str, list[T]]:
    groups: defaultdict[str, list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups
