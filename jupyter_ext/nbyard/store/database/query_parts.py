"""Parts of queries that are the same for several nouns."""

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Boolean, ColumnElement, FromClause, Select, Table, Text, func, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from nbyard.store.schema.tables import runs

# characters with a meaning in the patterns of LIKE, and the escape character itself
ESCAPED = re.compile(r"[%_/]")


def newest_first(query: Select[Any], column: ColumnElement[Any], limit: int, after: Any) -> Any:
    """Return the query of one page, the newest rows first.

    `after` is the value of the column in the last row of the page before, empty for the first page.
    """
    # OFFSET would read all earlier rows, and new rows would shift the pages.
    if after:
        query = query.where(column < after)
    return query.order_by(column.desc()).limit(limit)


def with_text(query: Select[Any], text: str, *columns: ColumnElement[Any]) -> Any:
    """Limit a query to rows with the text, in any case, in one of the columns."""
    return query.where(contains_text(text, *columns)) if text else query


def contains_text(text: str, *columns: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that one of the columns contains a text, in any case."""
    if not text.isascii():
        return or_(*(column.icontains(text, autoescape=True) for column in columns))
    escaped, lower = ESCAPED.sub(r"/\g<0>", text), text.lower()
    return or_(*(_ContainsAscii(column, f"%{escaped}%", lower) for column in columns))


class _ContainsAscii(FunctionElement[bool]):
    """Whether a column has an ASCII text, in any case: as a pattern of LIKE, and in lower case.

    SQLite's LIKE ignores the case of ASCII letters. That is ten times as fast as `lower`, which
    calls Python for each row. PostgreSQL's ILIKE takes twice as long as a search in lower case by
    the rules of ASCII.
    """

    type = Boolean()
    inherit_cache = True


@compiles(_ContainsAscii)
def _position(element: Any, compiler: Any, **kw: Any) -> str:
    column, _, lower = (compiler.process(clause, **kw) for clause in element.clauses)
    return f'strpos(lower({column} COLLATE "C"), {lower}) > 0'


@compiles(_ContainsAscii, "sqlite")
def _like(element: Any, compiler: Any, **kw: Any) -> str:
    column, pattern, _ = element.clauses
    return f"{compiler.process(column, **kw)} LIKE {compiler.process(pattern, **kw)} ESCAPE '/'"


def is_one_of(column: ColumnElement[str], ids: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that a column has one of very many IDs.

    They are looked up in the index of the column. In a list of parameters, PostgreSQL sees their
    number and prefers to read the whole table.
    """
    return column.bool_op("IN")(_Split(",".join(ids)))


class _Split(FunctionElement[str]):
    """The query for the parts of a text between its commas."""

    type = Text()
    inherit_cache = True


@compiles(_Split)
def _unnest(element: Any, compiler: Any, **kw: Any) -> str:
    (text,) = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(SELECT unnest(string_to_array((SELECT {text}), ',')))"


@compiles(_Split, "sqlite")
def _json_each(element: Any, compiler: Any, **kw: Any) -> str:
    (text,) = (compiler.process(clause, **kw) for clause in element.clauses)
    # IDs contain neither quotes nor backslashes, so the text is valid JSON.
    return f"""(SELECT value FROM json_each('["' || replace({text}, ',', '","') || '"]'))"""


def with_newest_version(nouns: Table, versions: Table, key: str) -> FromClause:
    """Join each row with its newest version; `key` is the version's column with the row's ID.

    The newest number is looked up for each row: a page costs the same with any number of rows.
    """
    each = versions.alias().c
    newest = select(func.max(each.number)).where(each[key] == nouns.c.id).scalar_subquery()
    is_newest = (versions.c[key] == nouns.c.id) & (versions.c.number == newest)
    return nouns.join(versions, is_newest)


def with_run_state(records: Table) -> Select[Any]:
    """Select records with the state of their run as `run_state`.

    The column `run_id` names the run. Without a run, the state is null.
    """
    joined = records.outerjoin(runs, runs.c.id == records.c.run_id)
    return select(records, runs.c.state.label("run_state")).select_from(joined)
