"""Finds the project to which a list is limited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbyard.domain.naming.unique_names import no_such

if TYPE_CHECKING:
    from nbyard.domain.callers import Caller
    from nbyard.domain.projects.structs import Project
    from nbyard.errors import NotFound
    from nbyard.store import Connection, Store


def find_project(store: Store, c: Connection, caller: Caller, key: str) -> Project:
    """Return a project by ID or name.

    Raises:
        NotFound: The caller has no such project.
    """
    project = store.projects.get(c, caller.name, key)
    if project is None:
        raise _missing(store, c, caller, key)
    return project


def filter_project(store: Store, c: Connection, caller: Caller, key: str) -> str:
    """Return the ID of the project to which a list is limited, "" for no limit.

    Raises:
        NotFound: The caller has no such project.
    """
    if not key:
        return ""
    # Lists need the ID only. `get` would also count the links of the project.
    project_id = store.projects.id_of(c, caller.name, key)
    if project_id is None:
        raise _missing(store, c, caller, key)
    return project_id


def _missing(store: Store, c: Connection, caller: Caller, key: str) -> NotFound:
    return no_such("project", key, store.projects.names(c, caller.name).values())
