"""Parts of queries that are the same for several nouns."""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, Table, func, or_, select


def newest_first(query: Select[Any], column: ColumnElement[Any], limit: int, after: Any) -> Any:
    """Return the query of one page; `after` is the value of the column where it begins, if any."""
    if after:
        query = query.where(column < after)
    return query.order_by(column.desc()).limit(limit)


def with_text(query: Select[Any], text: str, *columns: ColumnElement[Any]) -> Any:
    """Limit a query to rows with the text, in any case, in one of the columns."""
    if not text:
        return query
    return query.where(or_(*(column.icontains(text, autoescape=True) for column in columns)))


def with_newest_version(nouns: Table, versions: Table, key: str) -> FromClause:
    """Join each row with its newest version; `key` is the version's column with the row's ID."""
    v = versions.c
    newest = select(v[key], func.max(v.number).label("number")).group_by(v[key]).subquery()
    is_newest = (v[key] == newest.c[key]) & (v.number == newest.c.number)
    return nouns.join(newest, newest.c[key] == nouns.c.id).join(versions, is_newest)
