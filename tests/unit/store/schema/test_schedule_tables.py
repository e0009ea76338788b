"""0030: schedules and their ticks, as the migration creates them."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import UniqueConstraint, inspect
from sqlalchemy.exc import IntegrityError

from nbyard.store.schema.schedule_tables import schedule_ticks
from nbyard.store.schema.tables import metadata


def test_the_migrated_schema_is_that_of_the_tables(store):
    with store.read() as c:
        context = MigrationContext.configure(c, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        names = {index["name"] for index in inspect(c).get_indexes("schedules")}
        assert "ix_schedules_next_due" in names


def test_a_due_time_has_one_tick(store):
    row = {"schedule_id": "s", "due_at": None, "count": 1, "outcome": "started", "run_id": ""}
    assert {"schedule_id", "due_at"} in [
        {column.name for column in one.columns}
        for one in schedule_ticks.constraints
        if isinstance(one, UniqueConstraint)
    ]
    with pytest.raises(IntegrityError), store.write() as c:
        c.execute(schedule_ticks.insert(), [{**row, "id": "t", "reason": None}])
