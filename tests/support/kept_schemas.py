"""Migrate and read a schema of SQLite once in a process of tests, and repeat the result.

Each new store migrates its database, and each restored backup another one: 0.2 s of processor
time, most of it Alembic's. The statements of the result take a tenth of that. A restore reads its
tables two times, a move four times: 0.1 s each.
"""

import pickle
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Table

from nbyard.backup import moving, restoring
from nbyard.store.database import row_checks

migrate: Any = import_module("nbyard.store.migrate")  # the package has a function of this name
STATEMENTS: dict[str, list[str]] = {}
TABLES: dict[tuple[str, ...], bytes] = {}
upgrade, tables_of = migrate.upgrade, row_checks.tables_of


def _upgrade(c: Connection, schema: str) -> None:
    is_sqlite = c.dialect.name == "sqlite"
    if not is_sqlite or c.exec_driver_sql("select 1 from sqlite_master").first():
        upgrade(c, schema)
    elif schema in STATEMENTS:
        cursor = c.connection.cursor()
        for statement in STATEMENTS[schema]:
            cursor.execute(statement)
        cursor.close()
    else:
        upgrade(c, schema)
        connection = c.connection.driver_connection
        assert connection is not None
        # without its first and last statement, which begin and commit
        STATEMENTS[schema] = [*connection.iterdump()][1:-1]


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
    modules: tuple[Any, ...] = (migrate, row_checks, restoring, moving)
    for module in modules:
        for name, kept in {"upgrade": _upgrade, "tables_of": _tables_of}.items():
            if hasattr(module, name):
                setattr(module, name, kept)
