"""A trigger in the store."""

from datetime import UTC, datetime
from typing import Any

import pytest

from nbyard.domain.automations.structs import Automation
from nbyard.store import Store

NOW = datetime(2026, 11, 26, tzinfo=UTC)


class StoredTriggers:
    """Inserts triggers and returns them."""

    def __init__(self, store: Store):
        self.store = store

    def add(self, name: str, kind: str = "notebook", **more: Any) -> Automation:
        """Insert a trigger of ann."""
        row = dict.fromkeys(("started_count", "overlapped_count", "failed_count"), 0)
        of_kind = {"dataset": {"dataset": "d"}, "file": {"path": "/in"}, "workflow": {"path": "/w"}}
        event = {"kind": kind} | of_kind.get(kind, {})
        columns: dict[str, Any] = {
            **row,
            "id": name,
            "name": name,
            "owner": "ann",
            "revision": 1,
            "is_enabled": True,
            "kind": kind,
            "event": event,
            "source_id": "",
            "source_path": "",
            "since_event": 0,
            "path": "/work.py",
            "run": {"path": "/work.py"},
            "values_from": {},
            "root": "/",
            "start": "/",
            "template_id": "",
            "mode": "follows",
            "overlap": "queue",
            "secret": "",
            "created_at": NOW,
            "updated_at": NOW,
        }
        with self.store.write() as c:
            self.store.automations.insert(c, columns | more)
            found = self.store.automations.by_id(c, name)
        assert found is not None
        return found.automation


@pytest.fixture
def stored(store: Store) -> StoredTriggers:
    return StoredTriggers(store)
