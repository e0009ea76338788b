"""Past results: durations of successes, inputs of results, newest outputs of projects, rechecks."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    not_,
    select,
    text,
    true,
    union_all,
)

from nbyard.domain.arguments.bindings import File
from nbyard.domain.attempts.failure_reader import read_failure
from nbyard.domain.attempts.missing_files import missing_paths
from nbyard.domain.attempts.structs import EXECUTED, Observed
from nbyard.domain.attempts.undeclared_files import NodeFileAccess
from nbyard.domain.digest import KeyParts
from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.ids import first_id_at
from nbyard.domain.projects.structs import ProjectArtifact
from nbyard.domain.runs.previews.estimates import SAMPLES, PastSuccess
from nbyard.domain.state_machines import RUN, TaskState
from nbyard.store.database.query_parts import is_one_of, newest_first, with_text
from nbyard.store.named_rows import columns_of
from nbyard.store.runs.artifacts_and_cache import IS_MODEL
from nbyard.store.runs.queries import OF_WORKFLOW
from nbyard.store.runs.tasks import TaskRecord
from nbyard.store.schema.project_tables import project_links
from nbyard.store.schema.tables import (
    HISTORY,
    OF_SOURCE,
    RECHECKED,
    artifacts,
    executable_versions,
    executables,
    runs,
    tasks,
    workflows,
)
from nbyard.store.visibility import is_own

# Versions that did not run recently fall outside this window and have no history.
LOOKED_AT = 4 * SAMPLES
# how many recent runs of a workflow are searched for files that a node opened
LATELY = 20
# A recheck ends within this time; a cached task follows the start of its run within this time.
LONGEST = timedelta(days=7)
JUDGED = ("reproduced", "not-reproduced", "not-comparable")

SUCCESSES = (
    select(tasks.c.parts, tasks.c.plan, tasks.c.observed, tasks.c.id, tasks.c.run_id)
    .join(runs, runs.c.id == tasks.c.run_id)
    .where(
        is_own(bindparam("owner"), runs.c.owner),
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
        is_own(bindparam("owner"), runs.c.owner),
        HISTORY,
        tasks.c.executable_id == bindparam("executable"),
        text("tasks.state = 'succeeded' and not tasks.cached"),  # the exact text of the index
        tasks.c.started_at.is_not(None),
        tasks.c.plan["map"].as_string().is_(None),  # it takes as long as all its elements
    )
    .order_by(tasks.c.id.desc())
    .limit(LOOKED_AT)
)
A, L, R, T = artifacts.c, project_links.c, runs.c, tasks.c
# The cost of a page must not grow with the number of runs. More runs than that are searched only
# if more groups and states have a newest run.
RUNS_OF_GROUP = 20
MOST_RUNS = 200
LABEL = T.plan["label"].as_string().label("label")
JOINED = artifacts.join(tasks, T.id == A.task_id).join(runs, R.id == A.run_id)


class Last(msgspec.Struct, frozen=True):
    """The dependencies of a result: key parts, environment and the code files that were read.

    `requirements` is the digest of the requirements that were installed, empty for none.
    """

    parts: KeyParts
    used: UsedEnvironment | None
    observed: Observed | None
    requirements: str = ""


def _access_of_row(row: Any, before: NodeFileAccess | None) -> NodeFileAccess | None:
    """Return the files of a task; for a failure, add its missing file to those of `before`."""
    if row.state == "succeeded":
        # a success replaces what an earlier failure missed
        observed = Observed() if row.observed is None else msgspec.convert(row.observed, Observed)
    else:
        missing = [File(path).place(row.file) for path in missing_paths(read_failure(row.failure))]
        if not missing:
            return before
        observed = Observed(read=missing, written=[])
        if before and (before.executable_id, before.file) == (row.executable_id, row.file):
            seen = before.observed
            if seen.problem is None and seen.written is not None:
                read = dict.fromkeys([*seen.read, *missing])
                observed = msgspec.structs.replace(seen, read=[*read])
    return NodeFileAccess(
        row.node,
        row.executable_id,
        row.name,
        row.path,
        row.kind,
        row.file,
        bool(row.invocation.get("apart")),
        observed,
    )


class EarlierOutput(msgspec.Struct, frozen=True):
    """An output of an earlier run of the same node, whose task succeeded."""

    task_id: str
    run_number: int
    digest: str
    filename: str
    created_at: datetime


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
            is_own(owner, runs.c.owner),
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
        at = select(workflows.c.id).where(
            is_own(owner, workflows.c.owner), workflows.c.path == path
        )
        lately_run = (runs.c.workflow_id == at.scalar_subquery()) & HISTORY
        which = runs.c.id == run if run else lately_run
        lately = select(runs.c.id).where(is_own(owner, runs.c.owner), which)
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
            if access := _access_of_row(row, opened.get(row.node)):
                opened[row.node] = access
        return opened

    def outputs_of_node(
        self, c: Connection, owner: str, workflow: str, node: str, name: str, limit: int
    ) -> list[EarlierOutput]:
        """Return an output of the successes of a node, newest first, by the workflow's ID."""
        query = (
            select(tasks.c.id.label("task_id"), runs.c.number.label("run_number"))
            .add_columns(artifacts.c.digest, artifacts.c.filename, artifacts.c.created_at)
            .join(runs, runs.c.id == tasks.c.run_id)
            .join(artifacts, artifacts.c.task_id == tasks.c.id)
            .where(is_own(owner, runs.c.owner), runs.c.workflow_id == workflow, HISTORY)
            .where(tasks.c.node == node, tasks.c.state == "succeeded", artifacts.c.name == name)
            .order_by(tasks.c.run_id.desc(), tasks.c.id.desc())
            .limit(limit)
        )
        return [EarlierOutput(**row._mapping) for row in c.execute(query)]

    def last_dependencies(self, c: Connection, task: TaskRecord) -> Last | None:
        """Return the dependencies of the newest earlier success of the same node and workflow."""
        return _last_of_row(self._last(c, task))

    def last_outputs(self, c: Connection, task: TaskRecord) -> dict[str, str]:
        """Return the digests of the outputs of that success, by name; empty without it."""
        last = self._last(c, task)
        query = select(artifacts.c.name, artifacts.c.digest).where(
            artifacts.c.task_id == (last.id if last else ""), artifacts.c.name != EXECUTED
        )
        return {row.name: row.digest for row in c.execute(query)}

    def _last(self, c: Connection, task: TaskRecord) -> Any:
        same = {"run_id": task.run_id, "owner": task.owner, "node": task.node, "its_id": task.id}
        return c.execute(LAST_PARTS, same | {"executable": task.plan.executable_id}).first()

    def last_of(
        self, c: Connection, owner: str, workflow: str, node: str, executable: str
    ) -> Last | None:
        """Return the dependencies of the newest success of a node, by the workflow's ID."""
        asked = {"owner": owner, "workflow": workflow, "node": node, "executable": executable}
        return _last_of_row(c.execute(LAST_OF_WORKFLOW, asked).first())

    def last_states(
        self, c: Connection, owner: str, workflow: str, node: str, executable: str
    ) -> dict[str, TaskState]:
        """Return the states of the tasks of a node's newest good run."""
        asked = {"owner": owner, "workflow": workflow, "node": node, "executable": executable}
        last = c.execute(LAST_OF_WORKFLOW, asked).first()
        query = select(tasks.c.node, tasks.c.state).where(tasks.c.run_id == (last and last.run_id))
        return {row.node: row.state for row in c.execute(query)}


def _last_of_row(row: Any) -> Last | None:
    if row is None or not row.parts:
        return None
    used = msgspec.convert(row.plan.get("environment"), UsedEnvironment | None)
    observed = msgspec.convert(row.observed, Observed | None)
    requirements = row.plan.get("requirements_digest", "")
    return Last(msgspec.convert(row.parts, KeyParts), used, observed, requirements)


class ResultRows:
    """Queries on the results of projects."""

    def page(  # noqa: PLR0913  these are the filters
        self,
        c: Connection,
        owner: str,
        project: str,
        limit: int,
        after: str,
        *,
        search: str,
        kind: str,
    ) -> list[ProjectArtifact]:
        """Return a page of results, newest first; `kind` is *data*, *model* or empty for both.

        They are those of the newest runs of each workflow, file or executable in each state.
        """
        is_kind = {"model": IS_MODEL, "data": not_(IS_MODEL)}
        wanted = and_(
            is_one_of(A.run_id, self.newest_runs(c, owner, project)),
            _plain(T.state) == "succeeded",
            A.name != EXECUTED,
            *([is_kind[kind]] if kind else []),
        )
        # IDs are in the order of their creation.
        last = func.max(A.id)
        newest = select(last.label("id")).select_from(JOINED).where(wanted)
        newest = newest.group_by(R.output_group, T.node, A.name)
        if not search:  # then the fields are read of one page only
            newest = newest.having(last < after) if after else newest
            newest = newest.order_by(last.desc()).limit(limit)
        ids = newest.subquery().c.id
        fields = [A[name] for name in ("id", "name", "filename", "format", "size_bytes", "run_id")]
        query: Any = select(
            *fields, A.created_at, R.number, R.title, T.node, LABEL, IS_MODEL.label("is_model")
        )
        query = query.select_from(JOINED.join(ids.table, ids == A.id))
        query = with_text(query, search, A.filename, A.name, R.title)
        return [
            ProjectArtifact(
                kind="model" if row.is_model else "data", **columns_of(row, ProjectArtifact)
            )
            for row in c.execute(newest_first(query, A.id, limit, after))
        ]

    def newest_runs(self, c: Connection, owner: str, project: str = "") -> list[str]:
        """Return the IDs of the newest runs of each group and state, of a project or of all runs.

        So many failed runs do not hide the last results. The limit leaves out the oldest runs of
        the largest groups, never the newest run of a group and state.
        """
        ids_by_group: dict[tuple[str, str], set[str]] = {}
        for query in _of_project(c, owner, project) if project else [_of_owner(owner)]:
            for group, state, ids in c.execute(query):
                if ids:
                    ids_by_group.setdefault((group, state), set()).update(ids.split(","))
        placed = [
            (place, run_id)
            for ids in ids_by_group.values()
            for place, run_id in enumerate(sorted(ids, reverse=True)[:RUNS_OF_GROUP])
        ]
        placed.sort(key=lambda pair: pair[1], reverse=True)
        placed.sort(key=lambda pair: pair[0])
        newest = sum(place == 0 for place, _ in placed)
        return [run_id for _, run_id in placed[: max(newest, MOST_RUNS)]]


def _of_project(c: Connection, owner: str, project: str) -> list[Select[Any]]:
    """Return the queries for groups, states and IDs of the runs of a project."""
    links = select(L.resource_id).where(L.project_id == project)
    workflows = select((OF_WORKFLOW + L.resource_id).label("of"))
    workflows = workflows.where(L.project_id == project, L.kind == "workflow")
    of_workflows = _newest_ids(workflows.subquery(), is_own(owner, R.owner))
    is_linked = is_one_of(R.id, c.execute(links.where(L.kind == "run")).scalars())
    linked = select(R.output_group, R.state, R.id).where(is_linked, HISTORY)
    return [of_workflows, _ids_of_sources(owner, project), linked]


def _of_owner(owner: str) -> Select[Any]:
    """Return the query for groups, states and IDs of all runs of an owner."""
    # From each group to the next one: there are very many runs and few groups.
    of = select(R.output_group).where(is_own(owner, R.owner)).order_by(R.output_group).limit(1)
    groups = select(of.scalar_subquery().label("of")).cte("groups", recursive=True)
    after = of.where(R.output_group > groups.c.of).scalar_subquery()
    groups = groups.union_all(select(after).where(groups.c.of.is_not(None)))
    return _newest_ids(groups, is_own(owner, R.owner))


def _ids_of_sources(owner: str, project: str) -> Select[Any]:
    """Return the query for groups, states and IDs of the runs of automations."""
    own = and_(is_own(owner, R.owner), OF_SOURCE)
    links = select(L.resource_id.label("source")).where(L.project_id == project)
    links = links.where(L.kind == "automation")
    source = links.subquery().c.source
    # From each group to the next one: an automation has very many runs and few groups.
    of = select(R.output_group).where(R.source_id == source, own)
    first = of.order_by(R.output_group).limit(1).scalar_subquery()
    groups = select(source, first.label("of")).cte("groups", recursive=True)
    after = select(R.output_group).where(R.source_id == groups.c.source, own)
    after = after.where(R.output_group > groups.c.of).order_by(R.output_group).limit(1)
    following = select(groups.c.source, after.scalar_subquery()).where(groups.c.of.is_not(None))
    groups = groups.union_all(following)
    return _newest_ids(groups, and_(R.source_id == groups.c.source, own))


def _newest_ids(groups: FromClause, where: ColumnElement[bool]) -> Select[Any]:
    """Return the query for groups, states and, in one text, IDs of their newest runs.

    An index is read for each group and state; joined with them, databases read all runs.
    """
    names = [f"'{state}'" for state in sorted(RUN.moves)]
    states = union_all(*(select(literal_column(name).label("state")) for name in names)).subquery()
    of_group = and_(where, R.output_group == groups.c.of, R.state == states.c.state, HISTORY)
    newest = select(R.id).where(of_group).order_by(R.id.desc()).limit(RUNS_OF_GROUP)
    newest = newest.correlate(groups, states)
    ids = select(func.aggregate_strings(newest.subquery().c.id, ",")).scalar_subquery()
    return select(groups.c.of, states.c.state, ids).select_from(groups.join(states, true()))


def _plain(column: ColumnElement[str]) -> ColumnElement[str]:
    """Return a column without its indexes, which SQLite would prefer: most rows are alike."""
    return column + ""


class RecheckRows:
    """Queries of the nightly sample: cached tasks, and the tasks that repeat them."""

    def cached_between(
        self, c: Connection, since: datetime, until: datetime
    ) -> list[Row[tuple[str, ...]]]:
        """Return all tasks that were cached in this time."""
        query = select(T.id, T.cache_key, R.owner).join(runs, R.id == T.run_id).where(HISTORY)
        query = query.where(T.id >= first_id_at(since - LONGEST), T.cached)
        query = query.where(T.state == "succeeded", T.base_key != "", T.finished_at >= since)
        return [*c.execute(query.where(T.finished_at < until).order_by(T.id))]

    def unjudged(self, c: Connection, now: datetime) -> list[str]:
        """Return the IDs of rechecks that are not compared yet."""
        # By the runs: joined, databases read all tasks that succeeded.
        recent = select(R.id).where(HISTORY, RECHECKED, R.id >= first_id_at(now - LONGEST))
        query = select(T.id, T.reason).where(is_one_of(T.run_id, c.execute(recent).scalars()))
        rows = c.execute(query.where(T.state == "succeeded").order_by(T.id))
        return [row.id for row in rows if row.reason is None or row.reason.code not in JUDGED]
