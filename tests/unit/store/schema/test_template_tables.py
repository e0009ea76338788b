"""The table of run templates."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from nbyard.domain.ids import new_id
from nbyard.store import Store
from nbyard.store.schema.tables import run_templates

TEXTS = ("title", "path", "workflow_id", "workflow_version_id")


def test_each_owner_has_a_content_once(store: Store) -> None:
    row: dict[str, Any] = dict.fromkeys(TEXTS, "")
    row |= {"content": {}, "digests": [], "digest": "sha256:1"}
    row |= {"created_at": datetime.now(UTC)}
    with store.write() as c:
        for owner in ("ada", "bob"):
            c.execute(insert(run_templates), [{**row, "id": new_id(), "owner": owner}])
    with pytest.raises(IntegrityError), store.write() as c:
        c.execute(insert(run_templates), [{**row, "id": new_id(), "owner": "ada"}])
