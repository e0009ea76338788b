"""Finds the project to which a list is limited."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbyard.domain.callers import Caller
    from nbyard.store import Connection, Store


def filter_project(store: Store, c: Connection, caller: Caller, key: str) -> str:
    """Return the ID of the project to which a list is limited, "" for no limit.

    Raises:
        NotFound: The caller has no such project.
    """
    if not key:
        return ""
    # Lists need the ID only. `find` would also count the links of the project.
    return store.projects.id_of(c, caller.name, key) or store.projects.find(c, caller.name, key).id
