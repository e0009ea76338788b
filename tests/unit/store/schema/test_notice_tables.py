"""0032: notice channels, rules and the outbox, as the migration creates them."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError

from nbyard.store.schema.tables import metadata

from ..notices.test_channels import add
from ..notices.test_outbox import fill


def test_the_migrated_schema_is_that_of_the_tables(store):
    with store.read() as c:
        context = MigrationContext.configure(c, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        names = {index["name"] for index in inspect(c).get_indexes("notices")}
        assert "ix_notices_outcome_channel_id_id" in names


def test_a_channel_has_an_event_once(store):
    with store.write() as c:
        made = add(store, c)
        fill(store, c, made, 2)
    with pytest.raises(IntegrityError), store.write() as c:
        c.exec_driver_sql("update notices set event_id = 'same'")
