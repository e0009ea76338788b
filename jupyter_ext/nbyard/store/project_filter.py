"""The condition of queries that show only the resources of one project."""

from typing import Any

from sqlalchemy import ColumnElement, select, true

from nbyard.domain.projects.structs import LinkKind
from nbyard.store.schema.project_tables import project_links

L = project_links.c


def linked_to(project: str, kind: LinkKind, column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether the resource with this ID column is linked to a project.

    `project` is the ID of a project that the caller may see; empty: every resource.
    """
    if not project:
        return true()
    return column.in_(select(L.resource_id).where(L.project_id == project, L.kind == kind))
