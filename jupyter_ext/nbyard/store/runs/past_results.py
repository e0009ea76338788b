"""Past successes: their durations, and the inputs that their results depended on."""

from collections.abc import Collection
from typing import Any, Self

import msgspec
from sqlalchemy import Connection, bindparam, func, select, text

from nbyard.domain.arguments.bindings import File
from nbyard.domain.attempts.failure_reader import read_failure
from nbyard.domain.attempts.missing_files import missing_paths
from nbyard.domain.attempts.structs import Observed
from nbyard.domain.digest import KeyParts
from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.runs.previews.estimates import SAMPLES, PastSuccess
from nbyard.store.runs.tasks import TaskRecord
from nbyard.store.schema.scratch_runs import HISTORY
from nbyard.store.schema.tables import executable_versions, executables, runs, tasks, workflows

# Versions that did not run recently fall outside this window and have no history.
LOOKED_AT = 4 * SAMPLES
# how many recent runs of a workflow are searched for files that a node opened
LATELY = 20

SUCCESSES = (
    select(tasks.c.parts, tasks.c.plan, tasks.c.observed)
    .join(runs, runs.c.id == tasks.c.run_id)
    .where(
        runs.c.owner == bindparam("owner"),
        HISTORY,
        tasks.c.node == bindparam("node"),
        tasks.c.executable_id == bindparam("executable"),
        tasks.c.state == "succeeded",
    )
    .order_by(tasks.c.run_id.desc(), tasks.c.id.desc())
    .limit(1)
)
LAST_PARTS = SUCCESSES.where(
    runs.c.workflow_id
    == select(runs.c.workflow_id).where(runs.c.id == bindparam("run_id")).scalar_subquery(),
    tasks.c.id != bindparam("its_id"),
)
LAST_OF_WORKFLOW = SUCCESSES.where(runs.c.workflow_id == bindparam("workflow"))
NEWEST = (
    select(
        tasks.c.plan["executable_version_id"].as_string(), tasks.c.started_at, tasks.c.finished_at
    )
    .join(runs, runs.c.id == tasks.c.run_id)
    .where(
        runs.c.owner == bindparam("owner"),
        HISTORY,
        tasks.c.executable_id == bindparam("executable"),
        text("tasks.state = 'succeeded' and not tasks.cached"),  # the exact text of the index
        tasks.c.started_at.is_not(None),
    )
    .order_by(tasks.c.id.desc())
    .limit(LOOKED_AT)
)


class Last(msgspec.Struct, frozen=True):
    """The dependencies of a result: key parts, environment and the code files that were read.

    `requirements` is the digest of the requirements that were installed, empty for none.
    """

    parts: KeyParts
    used: UsedEnvironment | None
    observed: Observed | None
    requirements: str = ""


class NodeFileAccess(msgspec.Struct, frozen=True):
    """Files that the newest success of a node read and wrote beside its code.

    After a newer failure, they include the relative path that the code did not find. `name` and
    `path` are those of the executable. `file` is the path of the code in the bundle.
    """

    node: str
    executable_id: str
    name: str
    path: str
    kind: str
    file: str
    is_apart: bool
    observed: Observed

    @classmethod
    def of_row(cls, row: Any, before: Self | None) -> Self | None:
        """Return the files of a task; for a failure, add its missing file to those of `before`."""
        if row.state == "succeeded":
            # a success replaces what an earlier failure missed
            observed = (
                Observed() if row.observed is None else msgspec.convert(row.observed, Observed)
            )
        else:
            missing = [
                File(path).place(row.file) for path in missing_paths(read_failure(row.failure))
            ]
            if not missing:
                return before
            observed = Observed(read=missing, written=[])
            if before and (before.executable_id, before.file) == (row.executable_id, row.file):
                seen = before.observed
                if seen.problem is None and seen.written is not None:
                    read = dict.fromkeys([*seen.read, *missing])
                    observed = msgspec.structs.replace(seen, read=[*read])
        return cls(
            row.node,
            row.executable_id,
            row.name,
            row.path,
            row.kind,
            row.file,
            bool(row.invocation.get("apart")),
            observed,
        )


class HistoryRows:
    """Queries on past successes. Durations of executables leave out cached results."""

    def of_executables(
        self, c: Connection, owner: str, executables: Collection[str]
    ) -> dict[str, list[PastSuccess]]:
        """Return the last successes of each executable, newest first."""
        past_by_executable: dict[str, list[PastSuccess]] = {}
        for executable in executables:
            # One query for each: it reads a few entries of an index, however many runs exist.
            rows = c.execute(NEWEST, {"owner": owner, "executable": executable})
            if past := [
                PastSuccess(version_id, max(0.0, (finished_at - started_at).total_seconds()))
                for version_id, started_at, finished_at in rows
            ]:
                past_by_executable[executable] = past
        return past_by_executable

    def of_file(self, c: Connection, owner: str, path: str, before: str = "") -> list[float]:
        """Return the seconds of the last successful runs of a file, newest first.

        With `before`, the ID of a run, only runs that were submitted before it count.
        """
        query = select(runs.c.started_at, runs.c.finished_at).where(
            runs.c.owner == owner,
            HISTORY,
            runs.c.path == path,
            runs.c.state == "succeeded",
            runs.c.started_at.is_not(None),
        )
        if before:
            query = query.where(runs.c.id < before)
        rows = c.execute(query.order_by(runs.c.id.desc()).limit(SAMPLES))
        return [max(0.0, (end - begin).total_seconds()) for begin, end in rows]

    def opened_files(
        self, c: Connection, owner: str, path: str = "", run: str = "", node: str = ""
    ) -> dict[str, NodeFileAccess]:
        """Return the files that nodes opened, by node.

        The newest success of each node counts, and a newer failure of the same code: in `run`, else
        in the latest runs of the workflow at `path`. Nodes without observations are left out.
        """
        same = (tasks.c.node, tasks.c.state)
        rank = func.row_number().over(partition_by=same, order_by=tasks.c.id.desc())
        at = select(workflows.c.id).where(workflows.c.owner == owner, workflows.c.path == path)
        lately_run = (runs.c.workflow_id == at.scalar_subquery()) & HISTORY
        which = runs.c.id == run if run else lately_run
        lately = select(runs.c.id).where(runs.c.owner == owner, which)
        # The limit keeps the query fast for workflows with many runs.
        lately = lately.order_by(runs.c.number.desc()).limit(LATELY)
        ended = tasks.c.state.in_(("succeeded", "failed"))
        where = (tasks.c.node == node) & ended if node else ended
        newest = select(tasks.c.id, rank.label("rank")).where(where, tasks.c.run_id.in_(lately))
        newest_ids = newest.subquery()
        version = tasks.c.plan["executable_version_id"].as_string()
        kept = executable_versions.c
        query = (
            select(tasks.c.node, tasks.c.observed, tasks.c.executable_id, executables.c.name)
            .add_columns(tasks.c.state, tasks.c.failure, executables.c.path)
            .add_columns(kept.kind, kept.file, kept.invocation)
            .join(newest_ids, newest_ids.c.id == tasks.c.id)
            .join(executable_versions, kept.id == version)
            .join(executables, executables.c.id == kept.executable_id)
            .where(newest_ids.c.rank == 1)
            .order_by(tasks.c.id)
        )
        opened: dict[str, NodeFileAccess] = {}
        for row in c.execute(query):
            if access := NodeFileAccess.of_row(row, opened.get(row.node)):
                opened[row.node] = access
        return opened

    def last_dependencies(self, c: Connection, task: TaskRecord) -> Last | None:
        """Return the dependencies of the newest earlier success of the same node and workflow."""
        same = {"run_id": task.run_id, "owner": task.owner, "node": task.node, "its_id": task.id}
        asked = same | {"executable": task.plan.executable_id}
        return _last_of_row(c.execute(LAST_PARTS, asked).first())

    def last_of(
        self, c: Connection, owner: str, workflow: str, node: str, executable: str
    ) -> Last | None:
        """Return the dependencies of the newest success of a node, by the workflow's ID."""
        asked = {"owner": owner, "workflow": workflow, "node": node, "executable": executable}
        return _last_of_row(c.execute(LAST_OF_WORKFLOW, asked).first())


def _last_of_row(row: Any) -> Last | None:
    if row is None or not row.parts:
        return None
    used = msgspec.convert(row.plan.get("environment"), UsedEnvironment | None)
    observed = msgspec.convert(row.observed, Observed | None)
    requirements = row.plan.get("requirements_digest", "")
    return Last(msgspec.convert(row.parts, KeyParts), used, observed, requirements)
