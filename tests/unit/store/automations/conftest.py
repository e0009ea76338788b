"""Automations in the store."""

from datetime import UTC, datetime
from typing import Any

import pytest

from nbyard.domain.automations.structs import Automation
from nbyard.store import Store

NOW = datetime(2026, 11, 25, 21, tzinfo=UTC)
COUNTS = ("started_count", "missed_count", "overlapped_count", "failed_count")
HOURLY = {"kind": "cron", "expression": "@hourly"}
EVENTS = {"dataset": {"dataset": "d"}, "file": {"path": "/in"}, "run": {"path": "/w"}}


def add(store: Store, name: str, due: datetime | None = None, **more: Any) -> str:
    """Insert an automation of ann, on times unless `more` has another kind."""
    row = dict.fromkeys(COUNTS, 0) | {
        "id": name,
        "name": name,
        "owner": "ann",
        "revision": 1,
        "is_enabled": due is not None,
        "path": "",
        "run": {"executable": "e"},
        "root": "/",
        "start": "/",
        "template_id": "",
        "mode": "follows",
        "overlap": "skip",
        "kind": "cron",
        "event": HOURLY,
        "timing": HOURLY,
        "zone": "UTC",
        "anchor": NOW,
        "starts_at": None,
        "ends_at": None,
        "at_most": None,
        "missed": {},
        "next_due": due,
        "handled_until": NOW,
        "source_id": "",
        "source_path": "",
        "since_event": 0,
        "values_from": {},
        "secret": "",
        "created_at": NOW,
        "updated_at": NOW,
    }
    with store.write() as c:
        store.automations.insert(c, row | more)
    return name


class StoredAutomations:
    """Inserts automations on events and returns them."""

    def __init__(self, store: Store):
        self.store = store

    def add(self, name: str, kind: str = "notebook", **more: Any) -> Automation:
        """Insert an automation of ann."""
        columns: dict[str, Any] = {
            "is_enabled": True,
            "kind": kind,
            "event": {"kind": kind} | EVENTS.get(kind, {}),
            "timing": None,
            "zone": "",
            "path": "/work.py",
            "run": {"path": "/work.py"},
            "overlap": "queue",
        }
        add(self.store, name, **columns | more)
        with self.store.read() as c:
            found = self.store.automations.by_id(c, name)
        assert found is not None
        return found.automation


@pytest.fixture
def stored(store: Store) -> StoredAutomations:
    return StoredAutomations(store)
