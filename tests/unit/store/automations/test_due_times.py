"""Rows of schedules: what is due, and its ticks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nbyard.errors import StaleWrite
from nbyard.reasons.structs import because
from nbyard.store import Store
from nbyard.store.automations.queries import KEPT_TICKS

NOW = datetime(2026, 11, 25, 21, tzinfo=UTC)
HOUR = timedelta(hours=1)


def add(store: Store, name: str, due: datetime | None, **more: Any) -> str:
    row = dict.fromkeys(
        ("started_count", "missed_count", "overlapped_count", "failed_count"), 0
    ) | {
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
        "timing": {"kind": "cron", "expression": "@hourly"},
        "words": "",
        "zone": "UTC",
        "anchor": NOW,
        "starts_at": None,
        "ends_at": None,
        "at_most": None,
        "mode": "follows",
        "overlap": "skip",
        "missed": {},
        "next_due": due,
        "handled_until": NOW,
        "created_at": NOW,
        "updated_at": NOW,
    }
    with store.write() as c:
        store.automations.insert(c, row | more)
    return name


def test_the_longest_due_comes_first(store):
    add(store, "a", NOW + HOUR)
    add(store, "b", NOW - HOUR)
    add(store, "c", NOW)
    add(store, "d", None)
    with store.read() as c:
        assert store.automations.next_due(c) == NOW - HOUR
        assert store.automations.due(c, NOW, 10) == ["b", "c"]
        assert store.automations.due(c, NOW, 1) == ["b"]
        assert store.automations.is_enabled(c)
        assert store.automations.ids_handled_beyond_now(c, NOW - HOUR) == ["a", "b", "c"]


def test_a_stored_run_keeps_its_use_of_the_cache(store):
    """Rows of versions that used the cache by default contain `force: false`."""
    add(store, "a", NOW, run={"executable": "e", "force": False})
    add(store, "b", NOW)
    with store.read() as c:
        forced = [store.automations.by_id(c, name).automation.run.force for name in ("a", "b")]
    assert forced == [False, True]


def test_the_next_due_time_is_set_once(store):
    add(store, "a", NOW)
    with store.write() as c:
        row = store.automations.by_id(c, "a")
        store.automations.advance(c, row, NOW + HOUR, NOW)
        with pytest.raises(StaleWrite):
            store.automations.advance(c, row, NOW + HOUR, NOW)


def test_ticks_are_counted_and_the_oldest_deleted(store):
    add(store, "a", NOW)
    dues = [NOW + number * HOUR for number in range(KEPT_TICKS + 5)]
    with store.write() as c:
        one = store.automations.by_id(c, "a").automation
        for due in dues:
            store.automations.record(c, one, due, "missed", count=2)
        found = store.automations.ticks(c, "a", 5_000, "")
        assert len(found) == KEPT_TICKS and found[-1].due_at == dues[5]
        assert store.automations.by_id(c, "a").automation.counts.missed == 2 * len(dues)
        assert [t.due_at for t in store.automations.recent(c, ["a"])["a"]] == dues[:-11:-1]
        assert store.automations.with_tick(c, "a", [dues[-1], NOW - HOUR]) == {dues[-1]}


def test_a_due_time_waits_and_ends_once(store):
    add(store, "a", NOW)
    with store.write() as c:
        one = store.automations.by_id(c, "a").automation
        for hours in (2, 1):
            store.automations.record(c, one, NOW + hours * HOUR, "waiting")
        assert (
            store.automations.waiting(c) == ["a"] and store.automations.count_waiting(c, "a") == 2
        )
        assert store.automations.counts_of_waiting(c, ["a", "b"]) == {"a": 2}
        tick = store.automations.first_waiting(c, "a")
        assert tick.due_at == NOW + HOUR
        assert store.automations.conclude(c, one, tick, "started", run_id="r")
        assert not store.automations.conclude(c, one, tick, "failed")
        store.automations.drop_waiting(c, "a", because("tick-disabled"))
        assert store.automations.waiting(c) == []
        counts = store.automations.by_id(c, "a").automation.counts
        assert (counts.started, counts.overlapped, counts.failed) == (1, 1, 0)


def test_schedules_below_a_folder(store):
    for name, root in (("b", "/p/1/x"), ("a", "/p/1/y"), ("c", "/p/10/x"), ("d", "/p/1")):
        add(store, name, NOW, root=root)
    with store.read() as c:
        found = [row.automation.name for row in store.automations.below(c, "ann", "/p/1")]
        assert found == ["a", "b"]
        assert store.automations.below(c, "eve", "/p/1") == []
