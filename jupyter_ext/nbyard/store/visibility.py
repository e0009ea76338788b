"""The condition that a user may see a row, for queries that follow references to others."""

from typing import Any

from sqlalchemy import ColumnElement


def may_see(viewer: str, owner: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that a user may see a row of this owner."""
    return owner == viewer
