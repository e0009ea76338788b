"""Run the migrations of an empty SQLite database once in a process of tests.

They take 0.14 s of processor time, and most tests open a store of their own.
"""

import sqlite3
from functools import cache
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, create_engine

from nbyard.store.migrate import schema_of, upgrade

migrate: Any = import_module("nbyard.store.migrate")  # the package has a function of that name


def share_created_schemas(*modules: Any) -> None:
    """Let new stores of this process execute the statements that the migrations lead to.

    `modules` have imported the function that migrates.
    """
    for module in (migrate, *modules):
        module.upgrade = _create


def _create(c: Connection, schema: str) -> None:
    if c.dialect.name != "sqlite" or schema_of(c):
        upgrade(c, schema)
        return
    for statement in statements(schema):
        c.exec_driver_sql(statement)


@cache
def statements(schema: str = "head") -> list[str]:
    """Return the statements that create the tables, and the rows of the migrations."""
    engine = create_engine("sqlite://")
    with engine.begin() as c:
        upgrade(c, schema)
        connection = c.connection.driver_connection
        assert isinstance(connection, sqlite3.Connection)
        created = [
            line for line in connection.iterdump() if line not in ("BEGIN TRANSACTION;", "COMMIT;")
        ]
    engine.dispose()
    return created
