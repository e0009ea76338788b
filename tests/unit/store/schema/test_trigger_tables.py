"""0033: triggers and their firings, as the migration creates them."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import UniqueConstraint, inspect
from sqlalchemy.exc import IntegrityError

from nbyard.store.schema.tables import metadata
from nbyard.store.schema.trigger_tables import trigger_files, trigger_firings


def test_the_migrated_schema_is_that_of_the_tables(store):
    with store.read() as c:
        context = MigrationContext.configure(c, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        names = {index["name"] for index in inspect(c).get_indexes("triggers")}
        assert "ix_triggers_template_id" in names


def test_an_event_has_one_firing():
    assert {"trigger_id", "event_key"} in [
        {column.name for column in one.columns}
        for one in trigger_firings.constraints
        if isinstance(one, UniqueConstraint)
    ]


def test_files_belong_to_a_trigger(store):
    with pytest.raises(IntegrityError), store.write() as c:
        c.execute(trigger_files.insert(), [{"trigger_id": "x", "version": 1, "files": {}}])
