"""Past successes: their durations, and the inputs that their results depended on."""

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, select, text

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

    `name` and `path` are those of the executable. `file` is the path of the code in the bundle.
    """

    node: str
    executable_id: str
    name: str
    path: str
    kind: str
    file: str
    is_apart: bool
    observed: Observed


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

        The newest success of each node counts: in `run`, else in the latest runs of the workflow at
        `path`. Nodes without observations are left out.
        """
        rank = func.row_number().over(partition_by=tasks.c.node, order_by=tasks.c.id.desc())
        at = select(workflows.c.id).where(workflows.c.owner == owner, workflows.c.path == path)
        lately_run = (runs.c.workflow_id == at.scalar_subquery()) & HISTORY
        which = runs.c.id == run if run else lately_run
        lately = select(runs.c.id).where(runs.c.owner == owner, which)
        # The limit keeps the query fast for workflows with many runs.
        lately = lately.order_by(runs.c.number.desc()).limit(LATELY)
        where = [tasks.c.run_id.in_(lately), tasks.c.state == "succeeded"]
        where += [tasks.c.node == node] if node else []
        newest = select(tasks.c.id, rank.label("rank")).where(*where).subquery()
        version = tasks.c.plan["executable_version_id"].as_string()
        kept = executable_versions.c
        query = (
            select(tasks.c.node, tasks.c.observed, tasks.c.executable_id, executables.c.name)
            .add_columns(executables.c.path, kept.kind, kept.file, kept.invocation)
            .join(newest, newest.c.id == tasks.c.id)
            .join(executable_versions, kept.id == version)
            .join(executables, executables.c.id == kept.executable_id)
            .where(newest.c.rank == 1)
        )
        return {
            row.node: NodeFileAccess(
                row.node,
                row.executable_id,
                row.name,
                row.path,
                row.kind,
                row.file,
                bool(row.invocation.get("apart")),
                msgspec.convert(row.observed, Observed),
            )
            for row in c.execute(query)
            if row.observed is not None
        }

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
