"""0037: bisections, as the migration creates them."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from nbyard.store import Store
from nbyard.store.schema.bisection_tables import bisections
from nbyard.store.schema.tables import metadata


def test_the_migrated_schema_is_that_of_the_tables(store: Store) -> None:
    with store.read() as c:
        context = MigrationContext.configure(c, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        names = {index["name"] for index in inspect(c).get_indexes("bisections")}
    assert {"ix_bisections_state", "ix_bisections_owner_id"} <= names


def test_a_bisection_outlives_its_runs() -> None:
    """It has their numbers, and no foreign key to them."""
    assert not bisections.foreign_keys
