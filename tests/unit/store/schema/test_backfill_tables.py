"""0035: backfills and their due times, as the migration creates them."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError

from nbyard.store.schema.backfill_tables import backfill_ticks, backfills
from nbyard.store.schema.tables import metadata


def test_the_migrated_schema_is_that_of_the_tables(store):
    with store.read() as c:
        context = MigrationContext.configure(c, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        names = {index["name"] for index in inspect(c).get_indexes("backfills")}
        assert "ix_backfills_state" in names


def test_a_due_time_stands_once_in_a_backfill(store):
    assert {column.name for column in backfill_ticks.primary_key} == {"backfill_id", "due_at"}
    row = {"backfill_id": "b", "due_at": None, "outcome": "waiting", "reason": None, "run_id": ""}
    with pytest.raises(IntegrityError), store.write() as c:
        c.execute(backfill_ticks.insert(), [row])
    assert not any(column.nullable for column in backfills.c if column.name != "finished_at")
