"""0034: projects and their links, as the migration creates them."""

from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, inspect
from sqlalchemy.exc import IntegrityError

from nbyard.store.schema.project_tables import project_links
from nbyard.store.schema.tables import metadata


def test_the_migrated_schema_is_that_of_the_tables(store):
    with store.read() as c:
        context = MigrationContext.configure(c, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        names = {index["name"] for index in inspect(c).get_indexes("project_links")}
        assert names == {"ix_project_links_kind_resource_id"}


def test_a_link_needs_its_project(store):
    row = {"project_id": "p", "kind": "run", "resource_id": "r", "created_at": datetime.now(UTC)}
    with pytest.raises(IntegrityError), store.write() as c:
        c.execute(insert(project_links), [row])
