"""The conditions of queries are those of the indexes in a store."""

from pathlib import Path

import pytest
from sqlalchemy import TextClause, text

from nbyard.store import Store
from nbyard.store.schema.tables import HAS_NAME, NAMED, WORKED


@pytest.mark.parametrize(
    ("index", "condition"),
    [("ix_runs_named", NAMED), ("ix_tasks_worked", WORKED), ("ix_runs_name", HAS_NAME)],
)
def test_a_migrated_index_has_the_exact_text(tmp_path: Path, index: str, condition: TextClause):
    """SQLite uses a partial index only for a query that repeats its condition."""
    store = Store(tmp_path)
    with store.read() as c:
        query = text("select sql from sqlite_master where name = :name")
        made = c.execute(query, {"name": index}).scalar_one()
    store.close()
    assert made.casefold().endswith(f" where {condition.text}".casefold())
