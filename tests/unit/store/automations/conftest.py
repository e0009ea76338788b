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


def row_of(name: str, due: datetime | None = None, **more: Any) -> dict[str, Any]:
    """Return the row of an automation of ann, on times unless `more` has another kind."""
    row: dict[str, Any] = dict.fromkeys((*COUNTS, "since_event"), 0)
    row |= dict.fromkeys(("path", "template_id", "source_id", "source_path", "secret"), "")
    row |= dict.fromkeys(("starts_at", "ends_at", "at_most"))
    row |= dict.fromkeys(("anchor", "handled_until", "created_at", "updated_at"), NOW)
    row |= {"id": name, "name": name, "owner": "ann", "revision": 1, "root": "/", "start": "/"}
    row |= {"kind": "cron", "event": HOURLY, "timing": HOURLY, "zone": "UTC", "next_due": due}
    row |= {"mode": "follows", "overlap": "skip", "missed": {}, "values_from": {}}
    row |= {"run": {"executable": "e"}, "is_enabled": due is not None}
    return row | more


def add(store: Store, name: str, due: datetime | None = None, **more: Any) -> str:
    """Insert an automation of ann, on times unless `more` has another kind."""
    with store.write() as c:
        store.automations.insert(c, row_of(name, due, **more))
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
