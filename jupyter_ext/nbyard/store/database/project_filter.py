"""The conditions of queries that show only the resources of one project."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Connection, and_, or_, select, true, union

from nbyard.domain.projects.structs import LinkKind
from nbyard.store.schema.project_tables import project_links
from nbyard.store.schema.tables import OF_SOURCE, runs, workflows
from nbyard.store.visibility import is_own

L, R, W = project_links.c, runs.c, workflows.c


def linked_to(project: str, kind: str, column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that a resource is linked to a project.

    `column` holds the ID of the resource. `project` is the ID of a project that the caller may see.
    Without a project, every resource meets the condition.
    """
    if not project:
        return true()
    return column.in_(select(L.resource_id).where(L.project_id == project, L.kind == kind))


def runs_of(project: str) -> list[ColumnElement[bool]]:
    """Return conditions, one of which each run of a project meets.

    The project has a link to the run, its workflow or its automation.
    """
    links: dict[LinkKind, ColumnElement[Any]] = {
        "run": R.id,
        "workflow": R.workflow_id,
    }
    conditions = [linked_to(project, kind, column) for kind, column in links.items()]
    of_source = (L.project_id == project) & (L.kind == "automation")
    source = R.source_id.in_(select(L.resource_id).where(of_source))
    return [*conditions, and_(OF_SOURCE, source)]


def run_ids_of(project: str) -> CompoundSelect[Any]:
    """Return the query for the IDs of the runs of a project."""
    return union(*(select(R.id).where(condition) for condition in runs_of(project)))


def projects_of_runs(
    c: Connection, projects: Iterable[str], run_ids: Collection[str]
) -> dict[str, set[str]]:
    """Return which of the `projects` each run belongs to, by ID."""
    projects_by_run: dict[str, set[str]] = {run_id: set() for run_id in run_ids}
    # One query for each: rules name few projects, and the links of a run are of several kinds.
    for project in projects:
        query = select(R.id).where(R.id.in_(run_ids), or_(*runs_of(project)))
        for run_id in c.execute(query).scalars():
            projects_by_run[run_id].add(project)
    return projects_by_run


def projects_linked_to_source(
    c: Connection, projects: Collection[str], owner: str, automation_id: str, path: str
) -> set[str]:
    """Return which `projects` contain an automation, or the workflow at `path`."""
    workflow = select(W.id).where(is_own(owner, W.owner), W.path == path)
    is_linked = or_(
        (L.kind == "automation") & (L.resource_id == automation_id),
        (L.kind == "workflow") & L.resource_id.in_(workflow),
    )
    query = select(L.project_id).where(L.project_id.in_(projects), is_linked)
    return {*c.execute(query).scalars()}
