"""Frequent statements: compiled once, then passed directly to the database driver.

SQLAlchemy spends more time on such a statement than the database does. It only compiles the SQL and
converts the values here. Rows come back as the driver returns them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError

Encode = Callable[[Any], Any]


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
    """Convert the driver's error to the SQLAlchemy exception."""
    base = c.dialect.loaded_dbapi.Error
    is_cut = c.dialect.is_disconnect(error, c.connection.dbapi_connection, None)
    if is_cut:
        # The pool must not reuse a connection that was cut.
        c.invalidate(error)
    sqlalchemy_error: BaseException = DBAPIError.instance(
        text, None, error, base, connection_invalidated=is_cut, dialect=c.dialect
    )
    return sqlalchemy_error
