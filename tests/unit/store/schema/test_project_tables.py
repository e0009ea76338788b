"""The tables of projects and their links."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from nbyard.store.schema.project_tables import project_links


def test_a_link_needs_its_project(store):
    row = {"project_id": "p", "kind": "run", "resource_id": "r", "created_at": datetime.now(UTC)}
    with pytest.raises(IntegrityError), store.write() as c:
        c.execute(insert(project_links), [row])
