"""The tables of deployments."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from nbyard.domain.ids import new_id
from nbyard.store.schema.deployment_tables import deployments, revisions

NOW = datetime.now(UTC)


def test_host_names_are_unique_for_each_owner(store):
    row = {"name": "cows", "title": "", "description": "", "state": "queued", "is_wanted": True}
    row |= {"reason": None, "revision": 1, "serving": 0, "created_at": NOW, "changed_at": NOW}
    with store.write() as c:
        for owner in ("ada", "bob"):
            c.execute(insert(deployments), [{**row, "id": new_id(), "owner": owner}])
    with pytest.raises(IntegrityError), store.write() as c:
        c.execute(insert(deployments), [{**row, "id": new_id(), "owner": "ada"}])


def test_a_revision_without_its_deployment_is_refused(store):
    texts = ("origin", "password", "prefix", "image_id", "reproduce")
    row = {"id": new_id(), "deployment_id": new_id(), "number": 1, **dict.fromkeys(texts, "")}
    lists = {"spec": {}, "gpus": [], "places": [], "restarts": 0, "reason": None}
    with pytest.raises(IntegrityError), store.write() as c:
        c.execute(insert(revisions), [{**row, **lists, "created_at": NOW}])
