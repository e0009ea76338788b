"""The rows of all tables as JSON lines, the same for SQLite and PostgreSQL.

The tables are those of the database, not those in code, so that rows of an older schema can be
loaded into that schema before it is migrated. JSON columns are text here, which keeps SQL's null
and JSON's null apart.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import JSON, Connection, MetaData, Table, Text, cast, func, select, text
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, ProgrammingError
from sqlalchemy.types import NullType

from nbyard.errors import Damaged
from nbyard.store.database.database_connection import json_text

BATCH = 500
STAMP = "alembic_version"
NO_TYPES: Mapping[str, Any] = {}
BAD_ROW = (IntegrityError, DataError, InterfaceError, ProgrammingError, ArithmeticError, ValueError)
SEQUENCE = text("select pg_get_serial_sequence(:table, :column)")


def dump(c: Connection) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield each table with its rows as JSON objects, referenced tables first."""
    for table in tables_of(c).values():
        yield table.name, (json_text(row).encode() for row in rows_of(c, table))


def tables_of(c: Connection) -> dict[str, Table]:
    """Return the tables of a database by name, referenced tables first."""
    known = MetaData()
    known.reflect(c)
    return {str(table.name): table for table in known.sorted_tables if table.name != STAMP}


@contextmanager
def refused_rows(problem: str = "its rows are not those of a store") -> Iterator[None]:
    """Raise `Damaged` instead of the errors of rows that no nbyard wrote.

    Raises:
        Damaged: The database or a migration refuses the rows.
    """
    try:
        yield
    except (*BAD_ROW, AttributeError, LookupError, RecursionError, TypeError) as error:
        raise damaged(f"{problem} ({type(error).__name__})") from None


def load(c: Connection, tables: Mapping[str, Table], name: str, lines: Iterable[bytes]) -> int:
    """Replace the rows of one of the tables; return their number.

    Raises:
        Damaged: A line is no row, the database has no such table or column, or it refuses a row.
    """
    table = tables.get(name)
    if table is None:
        raise damaged(f"the table {name!r} is unknown")
    kind = row_type(table)
    for column in table.columns:
        if isinstance(column.type, JSON):
            column.type = NullType()  # text, which PostgreSQL converts
    with refused_rows(f"the rows of the table {name} are in use"):
        c.execute(table.delete())
    count = 0
    numbered = enumerate(lines, 1)
    while rows := [_row(kind, *line) for line in islice(numbered, BATCH)]:
        first = count + 1
        try:
            with c.begin_nested():
                c.execute(table.insert(), rows)
        except BAD_ROW:
            for number, row in enumerate(rows, first):
                with refused_rows(f"the database refuses row {number} of the table {table.name}"):
                    c.execute(table.insert(), [row])
        count += len(rows)
    _continue_numbers(c, table)
    return count


def damaged(problem: str) -> Damaged:
    """Return the error of a backup with a problem."""
    return Damaged(f"The backup cannot be restored: {problem}.")


def rows_of(c: Connection, table: Table) -> Generator[dict[str, Any], None, None]:
    """Yield the rows of one of the tables as stored, with their JSON as text."""
    columns = [
        cast(column, Text).label(column.name) if isinstance(column.type, JSON) else column
        for column in table.columns
    ]
    rows = select(*columns).order_by(*table.primary_key.columns)
    names = [str(column.name) for column in columns]  # SQLAlchemy's are of a subclass
    with c.execute(rows, execution_options={"yield_per": BATCH}) as result:
        for row in result:
            yield dict(zip(names, row, strict=True))


def row_type(table: Table, types: Mapping[str, Any] = NO_TYPES) -> type[msgspec.Struct]:
    """Return the type of the rows of a table, whose JSON is text.

    `types` are narrower types of columns, by name.
    """
    fields = []
    for column in table.columns:
        plain = str if isinstance(column.type, JSON) else column.type.python_type
        kind = types.get(column.name) or plain
        fields.append((str(column.name), kind | None if column.nullable else kind))
    return msgspec.defstruct(str(table.name), fields, forbid_unknown_fields=True)


def _row(kind: type[msgspec.Struct], number: int, line: bytes) -> dict[str, Any]:
    try:
        return msgspec.structs.asdict(msgspec.json.decode(line, type=kind))
    except (msgspec.MsgspecError, ValueError) as error:
        raise damaged(f"row {number} of the table {kind.__name__}: {error}") from None


def _continue_numbers(c: Connection, table: Table) -> None:
    """Set PostgreSQL's sequences to the highest loaded numbers; SQLite needs no such step."""
    if c.dialect.name != "postgresql":
        return
    for column in table.primary_key.columns:
        names = {"table": table.name, "column": column.name}
        sequence = c.execute(SEQUENCE, names).scalar_one()
        last = c.execute(select(func.max(column))).scalar_one() if sequence else None
        if last is not None:
            c.execute(select(func.setval(sequence, last)))
