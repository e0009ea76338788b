"""The results of the runs of a project: the newest of each output, as data and models."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, not_, or_, select

from nbyard.domain.attempts.structs import EXECUTED
from nbyard.domain.projects.structs import Project, ProjectArtifact
from nbyard.store.database.query_parts import GROUP_OF_RUN, newest_first, with_text
from nbyard.store.project_filter import run_ids_of
from nbyard.store.runs.artifacts_and_cache import MAY_BE_MODEL
from nbyard.store.schema.scratch_runs import HISTORY
from nbyard.store.schema.tables import artifacts, runs, tasks

A, R, T = artifacts.c, runs.c, tasks.c
# The cost of a page must not grow with the number of runs. More runs than that are searched only
# if more groups and states have a newest run.
RUNS_OF_GROUP = 200
MOST_RUNS = 2_000
JOINED = artifacts.join(tasks, T.id == A.task_id).join(runs, R.id == A.run_id)


class ResultRows:
    """Queries on the results of projects."""

    def page(
        self, c: Connection, project: Project, limit: int, after: str, search: str, kind: str
    ) -> list[ProjectArtifact]:
        """Return a page of results, newest first; `kind` is *data*, *model* or empty for both.

        They are those of the newest runs of each workflow, file or executable in each state.
        """
        is_kind = {"model": MAY_BE_MODEL, "data": not_(MAY_BE_MODEL)}
        wanted = and_(
            A.run_id.in_(_newest_runs(project)),
            _plain(T.state) == "succeeded",
            A.name != EXECUTED,
            *([is_kind[kind]] if kind else []),
        )
        # IDs are in the order of their creation.
        last = func.max(A.id)
        newest = select(last.label("id")).select_from(JOINED).where(wanted)
        newest = newest.group_by(GROUP_OF_RUN, T.node, A.name)
        if not search:  # then the fields are read of one page only
            newest = newest.having(last < after) if after else newest
            newest = newest.order_by(last.desc()).limit(limit)
        ids = newest.subquery().c.id
        fields = [A[name] for name in ("id", "name", "filename", "format", "size_bytes", "run_id")]
        query: Any = select(
            *fields, A.created_at, R.number, R.title, T.node, MAY_BE_MODEL.label("is_model")
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


def _newest_runs(project: Project) -> Select[Any]:
    """Return the query for the IDs of the newest runs of a project, of each group and state.

    So many failed runs do not hide the last results. The limit leaves out the oldest runs of the
    largest groups, never the newest run of a group and state.
    """
    own = and_(_plain(R.owner) == project.owner, HISTORY)
    of = run_ids_of(project.id, R.state, GROUP_OF_RUN.label("group"), where=own).subquery().c
    place = func.row_number().over(partition_by=(of.group, of.state), order_by=of.id.desc())
    placed = select(of.id, place.label("place")).subquery().c
    total = func.row_number().over(order_by=(placed.place, placed.id.desc()))
    ranked = select(placed.id, placed.place, total.label("total"))
    found = ranked.where(placed.place <= RUNS_OF_GROUP).subquery().c
    return select(found.id).where(or_(found.place == 1, found.total <= MOST_RUNS))


def _plain(column: ColumnElement[str]) -> ColumnElement[str]:
    """Return a column without its indexes, which SQLite would prefer: most rows are alike."""
    return column + ""
