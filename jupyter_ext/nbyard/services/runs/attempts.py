"""Service operations on single tasks of runs, and on their attempts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nbyard.attempts import monitor_link_files
from nbyard.blobs import DownloadRequest
from nbyard.domain.attempts.metric_series import Metrics, Usage
from nbyard.domain.attempts.other_files import OtherFile, OtherFileList, OtherFiles
from nbyard.domain.attempts.structs import Cells, Surroundings
from nbyard.domain.attempts.undeclared_files import Undeclared
from nbyard.domain.callers import Caller
from nbyard.domain.datasets.table_descriptions import TablePage
from nbyard.domain.deployments.structs import Target
from nbyard.domain.inspection.functions import split_function_path
from nbyard.domain.maps.elements import tolerates
from nbyard.domain.naming.names import safe_filename
from nbyard.domain.naming.unique_names import no_such
from nbyard.domain.runs.attempt_views import Activity, LogChunk
from nbyard.domain.runs.checks import refuse_scratch
from nbyard.domain.runs.run_progress import BAD, is_left_out
from nbyard.domain.runs.structs import Attempt, Run, Task
from nbyard.domain.state_machines import RUN, TASK
from nbyard.errors import Conflict, Forbidden, NotFound, Unavailable
from nbyard.services.executables import undeclared_files
from nbyard.services.operation import operation
from nbyard.services.runs import attempt_views as views
from nbyard.services.service_context import Service, ServiceContext

if TYPE_CHECKING:
    from nbyard.store import Connection, Store
    from nbyard.store.runs.tasks import TaskRecord

CANCELLED = "element-cancelled"


class RunAttempts(Service):
    """The part of the run service for single tasks and attempts.

    `GET /runs/{run}/tasks/{node}/files/content?path=…` returns the bytes of other files.
    """

    def __init__(self, context: ServiceContext):
        super().__init__(context)
        self._progress = views.Progress(context.store.folder)

    def _find(self, c: Connection, caller: Caller, run: str) -> Run:
        record = self._store.runs.get(c, caller.name, run)
        if record is None:
            raise no_such("run", run, self._store.runs.names(c, caller.name).values())
        return record

    def _recorded(self, c: Connection, caller: Caller, run: str) -> Run:
        """Return a run, which must not be a scratch run."""
        record = self._find(c, caller, run)
        refuse_scratch(record)
        return record

    def _with_shown_path(self, run: Run) -> Run:
        """Return the run with its path as this server shows it, relative to the root if possible.

        The store has the real path, because servers with other roots and shells share it.
        """
        return msgspec.structs.replace(run, path=self._context.files.without_root(run.path))

    @operation("POST", "/runs/{run}/tasks/{node}/cancel", scope="runs:write", status=202)
    def cancel_element(self, caller: Caller, run: str, node: str) -> Run:
        """Cancel one element of a map. The other elements run on.

        It counts as skipped, not as a failure. So do the elements of other maps that follow it.

        Raises:
            NotFound: the run has no such node.
            Conflict: the task is no element, or has ended.
        """
        with self._context.writing_work() as c:
            record = self._find(c, caller, run)
            task = self._store.tasks.of_node(c, record.id, node)
            if task is None:
                raise NotFound(f"The run has no node '{node[:80]}'.")
            if task.plan.element is None:
                raise Conflict("Only elements of maps can be cancelled; cancel the run instead.")
            if task.state in TASK.terminal:
                raise Conflict(f"The element has already finished ({task.state}).")
            self._store.tasks.request_cancel(c, task)
        return self._with_shown_path(record)

    @operation("POST", "/runs/{run}/retry-elements", scope="runs:write", status=202)
    def retry_elements(self, caller: Caller, run: str, node: str = "") -> Run:
        """Retry failed elements of maps in the same run.

        `node` is an element or a map. Without it, all failed elements are retried. A cancelled
        element is retried if `node` names it. Elements that did not start because their map
        stopped or follows these return to waiting, too. A finished run goes on: tasks that depend
        on the results of its maps run again.

        Raises:
            Conflict: none failed, a map of a live run has ended, or the run was cancelled.
        """
        with self._context.writing_work(is_new=True) as c:
            self._retry_elements(c, caller, self._find(c, caller, run), node)
            record = self._find(c, caller, run)
        return self._with_shown_path(record)

    def _retry_elements(self, c: Connection, caller: Caller, record: Run, node: str) -> None:
        if record.owner != caller.name:
            # Their code has the credentials and the quota of the owner.
            raise Forbidden(
                "Only the owner of the run may retry its elements.",
                hint=f"Ask {record.owner}, or retry the run: the retry belongs to you.",
            )
        if record.cancel_requested_at and record.state != "succeeded":
            raise Conflict("The run was cancelled. Retry the run instead.")
        ended = record.state in RUN.terminal
        again = elements_to_retry(self._store.tasks.of_run(c, record.id), node, ended=ended)
        self._store.tasks.reopen(c, again)
        if ended:
            self._store.runs.reopen(c, record)

    def content(self, caller: Caller, run: str, node: str, name: str) -> DownloadRequest:
        """Return which bytes to download for an input of a task.

        Raises:
            NotFound: The task has no such input.
        """
        given = self._task(caller, run, node, 0).inputs.get(name)
        if given is None:
            raise NotFound(f"{node[:80]} received no data for '{name[:80]}'.")
        return DownloadRequest(given.digest, given.filename)

    @operation("GET", "/runs/{run}/tasks/{node}/log", scope="runs:read")
    def log(
        self, caller: Caller, run: str, node: str, after: int = 0, attempt: int = 0, before: int = 0
    ) -> LogChunk:
        """Read the log of an attempt from byte `after` on.

        The default is the newest attempt. `before` returns the last piece of the log before that
        byte, or before its end if the log is shorter. A long log can thus be read from its end.
        """
        task = self._task(caller, run, node, attempt)
        chunk = views.log(self._store.folder, task, after, before)
        # A log may be complete although the task has not ended and gets another attempt.
        return msgspec.structs.replace(chunk, over=task.state in TASK.terminal)

    @operation("GET", "/runs/{run}/tasks/{node}/cells", scope="runs:read")
    def cells(self, caller: Caller, run: str, node: str, attempt: int = 0) -> Cells:
        """Show the executed notebook of an attempt.

        The default is the newest attempt.
        """
        return views.cells(self._store.folder, self._task(caller, run, node, attempt))

    @operation("GET", "/runs/{run}/tasks/{node}/undeclared", scope="runs:read")
    def undeclared(self, caller: Caller, run: str, node: str) -> Undeclared:
        """List files that a task opened without declaring them.

        They are compared with what the code declares now.
        """
        with self._store.read() as c:
            record = self._find(c, caller, run)
            opened = self._store.history.opened_files(
                c, record.owner, run=record.id, node=node
            ).get(node)
        if opened is None:
            return Undeclared("")
        return undeclared_files.seen_of(self._context, caller.name, opened)

    @operation("GET", "/runs/{run}/tasks/{node}/surroundings", scope="runs:read")
    def surroundings(self, caller: Caller, run: str, node: str, attempt: int = 0) -> Surroundings:
        """Show machine, environment and code of an attempt.

        The default is the newest attempt.

        Raises:
            NotFound: the node has no attempt yet.
        """
        surroundings = views.surroundings(
            self._store.folder, self._task(caller, run, node, attempt)
        )
        if surroundings is None:
            raise NotFound(f"'{node[:80]}' has no attempt yet.")
        return surroundings

    @operation("GET", "/runs/{run}/tasks/{node}/usage", scope="runs:read")
    def usage(self, caller: Caller, run: str, node: str, attempt: int = 0) -> Usage:
        """Show CPU, memory and GPUs that an attempt used over time.

        The default is the newest attempt. A cached task shows the usage of the task whose result it
        uses.
        """
        attempts = self._task(caller, run, node, attempt).attempts
        return views.usage(self._store.folder, attempts[-1]) if attempts else Usage(0, done=False)

    @operation("GET", "/runs/{run}/tasks/{node}/metrics", scope="runs:read")
    def metrics(self, caller: Caller, run: str, node: str, attempt: int = 0) -> Metrics:
        """Show the metrics that an attempt recorded so far.

        The default is the newest attempt. Each metric has at most 500 points. A cached task shows
        the metrics of the task whose result it uses.
        """
        attempts = self._task(caller, run, node, attempt).attempts
        return (
            views.metrics(self._store.folder, attempts[-1]) if attempts else Metrics(0, done=False)
        )

    def activity(self, caller: Caller, runs: Sequence[str]) -> Sequence[Activity]:
        """Return the progress of the active tasks in these runs. Unknown runs are ignored."""
        self._context.watch()
        with self._store.read() as c:
            live = self._store.attempts.newest_active(c, caller.name, runs)
        return [
            msgspec.structs.replace(
                self._progress.of(*live_attempt),
                links=monitor_link_files.links_of_attempt(
                    self._store.folder, live_attempt.attempt_id
                ),
            )
            for live_attempt in live
        ]

    def target(self, caller: Caller, attempt: str, port: str) -> Target:
        """Return where the proxy can reach a port of the caller's running attempt now.

        Raises:
            NotFound: The caller has no such running attempt, or the attempt has no such link.
            Unavailable: No process listens on the port yet.
        """
        with self._store.read() as c:
            is_running = self._store.monitors.is_running(c, caller.name, attempt)
        if not is_running:
            raise NotFound(f"The attempt '{attempt[:80]}' is not running, so its links are closed.")
        known = monitor_link_files.read_monitor(self._store.folder, attempt)
        for spot in known.spots if known else ():
            if spot.name == port and spot.port:
                host, is_trusted = monitor_link_files.LOOPBACK, spot.is_trusted
                return Target(attempt, host, spot.port, True, False, is_trusted)
            if spot.name == port:
                raise Unavailable(spot.reason or f"No program listens at {port} yet.")
        raise NotFound(f"The attempt has no link '{port[:80]}'.")

    def _task(self, caller: Caller, run: str, node: str, attempt: int) -> Task:
        """Return a task with its attempts, up to number `attempt` if that is not 0.

        A cached task has the attempts of the task whose result it uses. Clients poll logs through
        this method, so it reads only what it needs.
        """
        self._context.watch()
        with self._store.read() as c:
            task = self._store.tasks.view(c, self._find(c, caller, run).id, node)
            if task is None:
                raise NotFound(f"The run has no node '{node[:80]}'.")
            attempts = attempts_behind(self._store, c, caller, task)
        if attempt:
            attempts = [task_attempt for task_attempt in attempts if task_attempt.number <= attempt]
            if not attempts or attempts[-1].number != attempt:
                raise NotFound(f"'{node[:80]}' has no attempt {attempt}.")
        return msgspec.structs.replace(task, attempts=attempts)

    @operation("GET", "/runs/{run}/tasks/{node}/files", scope="runs:read")
    def files(self, caller: Caller, run: str, node: str) -> OtherFileList:
        """List the files that a task wrote beside its outputs.

        They come from the last attempt. A cached task has the files of the task whose result it
        uses.
        """
        task = self._task(caller, run, node, 0)
        others = task.other_files or OtherFiles()
        folder = self._folder(caller, task) if others.count else ""
        return OtherFileList(self._kept(task), others.left_out, others.more, folder)

    @operation("GET", "/runs/{run}/tasks/{node}/files/preview", scope="runs:read")
    def preview(  # noqa: PLR0913, PLR0917  these are the query's parameters
        self,
        caller: Caller,
        run: str,
        node: str,
        path: str,
        offset: int = 0,
        limit: int = 100,
        column_offset: int = 0,
        sheet: str = "",
        sort: str = "",
    ) -> TablePage:
        """Show rows of a table among the other files of a task.

        A page has column types and at most 500 columns, from `column_offset` on. `sheet` selects a
        sheet of an Excel file; the default is the first. `sort` is the column by which all rows are
        sorted; a - before its name reverses the order.
        """
        file = self._file(caller, run, node, path)
        table = self._context.table(file.digest, Path(file.path).name, sheet)
        return self._context.tables.page(
            table, offset, limit, sort=sort, column_offset=column_offset
        )

    def file(self, caller: Caller, run: str, node: str, path: str) -> DownloadRequest:
        """Return which bytes to download: one file, or all files as a folder if `path` is empty.

        Raises:
            NotFound: The task has no such files.
        """
        if not path:
            task = self._task(caller, run, node, 0)
            if task.other_files is None or not task.other_files.digest:
                raise NotFound(f"'{node[:80]}' has no other files.")
            return DownloadRequest(task.other_files.digest, safe_filename(f"{node}-files"))
        file = self._file(caller, run, node, path)
        return DownloadRequest(file.digest, Path(file.path).name)

    def _file(self, caller: Caller, run: str, node: str, path: str) -> OtherFile:
        for file in self._kept(self._task(caller, run, node, 0)):
            if file.path == path:
                return file
        raise NotFound(f"'{node[:80]}' has no other file '{path[:200]}'.")

    def _kept(self, task: Task) -> list[OtherFile]:
        if task.other_files is None or not task.other_files.digest:
            return []
        tree = self._context.blobs.tree(task.other_files.digest)
        return [OtherFile(file.path, file.digest, file.size_bytes) for file in tree.files]

    def _folder(self, caller: Caller, task: Task) -> str:
        """Return the folder of the task's code, as this server shows it.

        Return "" if the executable's file is unknown now, or is not the one that the task ran.
        """
        with self._store.read() as c:
            version = self._store.executables.version(c, task.executable_version_id)
            known = self._store.executables.get(c, caller.name, task.executable_id)
        if version is None or known is None or not known.path:
            return ""
        own, path = (
            split_function_path(version.file).file,
            Path(split_function_path(known.path).file),
        )
        # The executable may follow a moved file, whose folder is not the one of the task.
        if not path.as_posix().endswith(f"/{own}"):
            return ""
        # The file `src/train.py` of a bundle lies one folder below the folder to return.
        return self._context.files.without_root(str(path.parents[own.count("/")]))


def attempts_behind(store: Store, c: Connection, caller: Caller, task: Task) -> list[Attempt]:
    """Return the attempts of a task, or for a cached task, those that made its result."""
    maker = store.tasks.origins_of_cached(c, [task.id])[task.id] if task.cached else task.id
    attempts = store.attempts.of_task(c, maker)
    # The run that made the result may be deleted. Another run with the same key may still exist.
    if task.cached and not attempts:
        return store.attempts.origin_attempts(c, caller.name, maker)
    return attempts


def elements_to_retry(
    tasks: Sequence[TaskRecord], node: str, *, ended: bool = False
) -> list[TaskRecord]:
    """Return the tasks that wait or run again if a user retries a node.

    The node is a map with failed elements, or an element. `tasks` are all tasks of the run, in
    graph order. If the run has `ended`, they include its maps and the tasks after these.

    Raises:
        Conflict: there are none, or their maps have ended or stay stopped.
    """
    codes = {task.node: task.reason.code if task.reason else "" for task in tasks}
    bad = [task for task in tasks if task.state == "failed" or codes[task.node] == CANCELLED]
    wanted = {t.node: t.plan.element.map for t in bad if t.plan.element}
    if node not in wanted:
        wanted = {n: m for n, m in wanted.items() if node in ("", m) and codes[n] != CANCELLED}
    again = wanted.keys() & {node} or {*wanted}
    maps = {wanted[element] for element in again}
    if not again:
        raise Conflict("No element has failed that could be retried.")
    for task in tasks:  # maps come before those that follow them, and elements, too
        if task.plan.follows() & maps:
            maps.add(task.node)
    again |= maps if ended else set()
    for task in tasks:
        code, element = codes[task.node], task.plan.element
        is_after = task.plan.needs() & again and code != CANCELLED and task.node not in maps
        is_held = element and element.map in maps and code == "map-stopped"
        if (is_after or is_held) and task.state in TASK.terminal:
            again.add(task.node)
    for task in tasks:
        if task.node in maps or (task.plan.map and task.node in again and task.started_at):
            check_retried_map(task, tasks, again, may_end=ended and task.node in maps)
    return [task for task in tasks if task.node in again]


def check_retried_map(
    task: TaskRecord, tasks: Sequence[TaskRecord], again: Collection[str], *, may_end: bool
) -> None:
    """Check that a map goes on if the elements in `again` are retried.

    Raises:
        Conflict: it has ended, or stays stopped.
    """
    if task.state in TASK.terminal and not may_end:
        raise Conflict(f"The map '{task.node}' has ended. Wait for its run, or run it again.")
    own = [each for each in tasks if each.plan.element and each.plan.element.map == task.node]
    ended = [each for each in own if each.state in BAD and each.node not in again]
    bad = [each for each in ended if not is_left_out(each.state, each.reason)]
    plan = task.plan.map
    if own and plan and not tolerates(plan.on_failure, len(bad), plan.count or len(own)):
        raise Conflict(f"The map '{task.node}' stays stopped. Retry all its failed elements.")
