"""The results of the runs of a project: the newest of each output, as data and models."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    func,
    literal_column,
    not_,
    select,
    true,
    union_all,
)

from nbyard.domain.attempts.structs import EXECUTED
from nbyard.domain.projects.structs import ProjectArtifact
from nbyard.domain.state_machines import RUN
from nbyard.store.database.query_parts import is_one_of, newest_first, with_text
from nbyard.store.runs.artifacts_and_cache import IS_MODEL
from nbyard.store.runs.queries import OF_WORKFLOW
from nbyard.store.schema.index_conditions import OF_SOURCE
from nbyard.store.schema.project_tables import project_links
from nbyard.store.schema.scratch_runs import HISTORY
from nbyard.store.schema.tables import artifacts, runs, tasks

A, L, R, T = artifacts.c, project_links.c, runs.c, tasks.c
# The cost of a page must not grow with the number of runs. More runs than that are searched only
# if more groups and states have a newest run.
RUNS_OF_GROUP = 20
MOST_RUNS = 200
LABEL = T.plan["label"].as_string().label("label")
JOINED = artifacts.join(tasks, T.id == A.task_id).join(runs, R.id == A.run_id)


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
        names = [name for name in ProjectArtifact.__struct_fields__ if name != "kind"]
        return [
            ProjectArtifact(
                kind="model" if row.is_model else "data",
                **{name: getattr(row, name) for name in names},
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
    of_workflows = _newest_ids(workflows.subquery(), R.owner == owner)
    is_linked = is_one_of(R.id, c.execute(links.where(L.kind == "run")).scalars())
    own = and_(_plain(R.owner) == owner, HISTORY)
    linked = select(R.output_group, R.state, R.id).where(is_linked, own)
    return [of_workflows, _ids_of_sources(owner, project), linked]


def _of_owner(owner: str) -> Select[Any]:
    """Return the query for groups, states and IDs of all runs of an owner."""
    # From each group to the next one: there are very many runs and few groups.
    of = select(R.output_group).where(R.owner == owner).order_by(R.output_group).limit(1)
    groups = select(of.scalar_subquery().label("of")).cte("groups", recursive=True)
    after = of.where(R.output_group > groups.c.of).scalar_subquery()
    groups = groups.union_all(select(after).where(groups.c.of.is_not(None)))
    return _newest_ids(groups, R.owner == owner)


def _ids_of_sources(owner: str, project: str) -> Select[Any]:
    """Return the query for groups, states and IDs of the runs of automations."""
    own = and_(R.owner == owner, OF_SOURCE)
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
