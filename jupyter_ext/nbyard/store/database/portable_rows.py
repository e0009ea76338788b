"""The rows of all tables as JSON lines, the same for SQLite and PostgreSQL.

The tables are those of the database, not those in code, so that rows of an older schema can be
loaded into that schema before it is migrated. JSON columns are text here, which keeps SQL's null
and JSON's null apart.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from sqlalchemy import JSON, Connection, MetaData, Table, Text, cast, func, select, text
from sqlalchemy.types import NullType

from nbyard.errors import Damaged
from nbyard.reasons.structs import because
from nbyard.store.database.database_connection import json_text, json_value

BATCH = 500
STAMP = "alembic_version"
SEQUENCE = text("select pg_get_serial_sequence(:table, :column)")


def dump(c: Connection) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield each table with its rows as JSON objects, referenced tables first."""
    for table in tables_of(c).values():
        yield table.name, _lines(c, table)


def tables_of(c: Connection) -> dict[str, Table]:
    """Return the tables of a database by name, referenced tables first."""
    known = MetaData()
    known.reflect(c)
    return {str(table.name): table for table in known.sorted_tables if table.name != STAMP}


def load(c: Connection, tables: Mapping[str, Table], name: str, lines: Iterable[bytes]) -> int:
    """Replace the rows of one of the tables; return their number.

    Raises:
        Damaged: a line is no row, or the database has no such table or column.
    """
    table = tables.get(name)
    if table is None:
        raise Damaged(because("backup-strange-rows", name=name))
    for column in table.columns:
        if isinstance(column.type, JSON):
            column.type = NullType()  # text, which PostgreSQL converts
    c.execute(table.delete())
    count = 0
    rest = iter(lines)
    while rows := [_row(table, line) for line in islice(rest, BATCH)]:
        c.execute(table.insert(), rows)
        count += len(rows)
    _continue_numbers(c, table)
    return count


def _lines(c: Connection, table: Table) -> Iterator[bytes]:
    columns = [
        cast(column, Text).label(column.name) if isinstance(column.type, JSON) else column
        for column in table.columns
    ]
    rows = select(*columns).order_by(*table.primary_key.columns)
    for row in c.execute(rows, execution_options={"yield_per": BATCH}).mappings():
        yield json_text(dict(row)).encode()


def _row(table: Table, line: bytes) -> dict[str, Any]:
    try:
        row = json_value(line)
    except ValueError:
        row = None
    if not isinstance(row, dict) or row.keys() != set(table.columns.keys()):
        raise Damaged(because("backup-strange-rows", name=str(table.name)))
    return row


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
