"""Who may see a row. Queries that follow references to rows of others say it by this clause."""

from typing import Any

from sqlalchemy import ColumnElement


def may_see(viewer: str, owner: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that a user may see a row of this owner."""
    return owner == viewer
