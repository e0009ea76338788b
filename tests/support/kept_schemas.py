"""Create and read a schema of SQLite once in a process of tests, and repeat the result.

A restored backup migrates another database. A restore reads its tables two times, a move four
times: 0.1 s of processor time each.
"""

import pickle
from typing import Any

from sqlalchemy import Connection, Table
from tests.support.created_schemas import share_created_schemas

from nbyard.backup import moving, restoring
from nbyard.store.database import row_checks

TABLES: dict[tuple[str, ...], bytes] = {}
tables_of = row_checks.tables_of


def _tables_of(c: Connection) -> dict[str, Table]:
    if c.dialect.name != "sqlite":
        return tables_of(c)
    schema = tuple(map(str, c.exec_driver_sql("select sql from sqlite_master").scalars()))
    if schema not in TABLES:
        TABLES[schema] = pickle.dumps(tables_of(c))
    tables: dict[str, Table] = pickle.loads(TABLES[schema])  # a copy, since `load` changes it
    return tables


def keep_schemas() -> None:
    """Let all stores of this process share the schemas of their databases."""
    share_created_schemas(restoring)
    modules: tuple[Any, ...] = (row_checks, restoring, moving)
    for module in modules:
        module.tables_of = _tables_of
