"""Parts of queries that are the same for several nouns, and statements compiled once."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Dialect,
    FromClause,
    Select,
    Table,
    Text,
    func,
    or_,
    select,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from nbyard.store.schema.tables import runs

Encode = Callable[[Any], Any]
# characters with a meaning in the patterns of LIKE, and the escape character itself
ESCAPED = re.compile(r"[%_/]")


class CompiledStatement:
    """A statement in one SQL dialect, with the order of its values."""

    def __init__(self, statement: Any, dialect: Dialect, keys: Sequence[str]):
        # For a single row, SQLAlchemy would add RETURNING on PostgreSQL, to fetch the new ID.
        compiled = statement.compile(dialect=dialect, column_keys=keys, for_executemany=True)
        self.text = str(compiled)
        # Parameters without a column or name are constants of the statement.
        fixed = {k: v for k, v in compiled.params.items() if k not in keys}
        self._is_ordered = compiled.positiontup is not None
        self._names = list(compiled.positiontup or compiled.binds)
        kinds = {name: compiled.binds[name].type.dialect_impl(dialect) for name in self._names}
        self._wanted: list[tuple[str, Encode | None, bool, Any]] = [
            (name, kinds[name].bind_processor(dialect), name in fixed, fixed.get(name))
            for name in self._names
        ]

    def values(self, row: Mapping[str, Any]) -> Any:
        """Return the values as the driver expects them: a list in order, or a dict by name."""
        encoded_values = []
        for name, encode, is_fixed, value in self._wanted:
            raw_value = value if is_fixed else row[name]
            encoded_values.append(encode(raw_value) if encode else raw_value)
        return (
            encoded_values
            if self._is_ordered
            else dict(zip(self._names, encoded_values, strict=True))
        )


class Prepared:
    """A statement, compiled once for each dialect and set of values.

    The values are named after its columns and parameters.
    """

    def __init__(self, statement: Any):
        self._statement = statement
        self._compiled: dict[tuple[str, ...], CompiledStatement] = {}

    def run(self, c: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Execute the statement for each row and return the number of affected rows.

        All rows have the same keys.
        """
        statement = self._in(c, tuple(rows[0]))
        values = [statement.values(row) for row in rows]
        cursor = c.connection.cursor()
        try:
            cursor.executemany(statement.text, values)
            # Both drivers add up the rows of all executions.
            return int(cursor.rowcount)
        except c.dialect.loaded_dbapi.Error as error:
            raise _sqlalchemy_error(c, statement.text, error) from error
        finally:
            cursor.close()

    def ask(self, c: Connection, **values: Any) -> list[Any]:
        """Execute the query and return its rows."""
        statement = self._in(c, tuple(values))
        cursor = c.connection.cursor()
        try:
            cursor.execute(statement.text, statement.values(values))
            return list(cursor.fetchall())
        except c.dialect.loaded_dbapi.Error as error:
            raise _sqlalchemy_error(c, statement.text, error) from error
        finally:
            cursor.close()

    def _in(self, c: Connection, keys: tuple[str, ...]) -> CompiledStatement:
        known = self._compiled.get((c.dialect.name, *keys))
        if known is None:
            # Two threads may do this at once. Both get the same SQL, so no lock is needed.
            known = CompiledStatement(self._statement, c.dialect, keys)
            # The SQL depends on the dialect and on the columns that are set.
            self._compiled[c.dialect.name, *keys] = known
        return known


def _sqlalchemy_error(c: Connection, text: str, error: Any) -> BaseException:
    base = c.dialect.loaded_dbapi.Error
    is_cut = c.dialect.is_disconnect(error, c.connection.dbapi_connection, None)
    if is_cut:
        # The pool must not reuse a connection that was cut.
        c.invalidate(error)
    sqlalchemy_error: BaseException = DBAPIError.instance(
        text, None, error, base, connection_invalidated=is_cut, dialect=c.dialect
    )
    return sqlalchemy_error


def newest_first(
    query: Select[Any], column: ColumnElement[Any], limit: int | None, after: Any
) -> Any:
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
