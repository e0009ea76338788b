"""Rows of automations on times: what is due, and its firings."""

from datetime import timedelta

import pytest

from nbyard.errors import StaleWrite
from nbyard.store.automations import firings

from .conftest import NOW, add

HOUR = timedelta(hours=1)


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


def test_firings_are_counted_and_the_oldest_deleted(store, monkeypatch):
    monkeypatch.setattr(firings, "KEPT_FIRINGS", 20)
    add(store, "a", NOW)
    dues = [NOW + number * HOUR for number in range(25)]
    with store.write() as c:
        one = store.automations.by_id(c, "a").automation
        for due in dues:
            store.firings.add_due(c, one, due, "missed", count=2)
        found = store.firings.page(c, "a", 5_000, "")
        assert [one.due_at for one in found] == dues[:4:-1]
        assert store.automations.by_id(c, "a").automation.counts.missed == 2 * len(dues)
        assert [t.due_at for t in store.firings.recent(c, ["a"])["a"]] == dues[:-11:-1]
        assert store.firings.with_firing(c, "a", [dues[-1], NOW - HOUR]) == {dues[-1]}


def test_due_times_wait_in_their_order(store):
    add(store, "a", NOW)
    with store.write() as c:
        one = store.automations.by_id(c, "a").automation
        for hours in (2, 1):
            store.firings.add_due(c, one, NOW + hours * HOUR, "waiting")
        assert store.firings.counts_of_waiting(c, ["a", "b"]) == {"a": 2}
        dues = [row.firing.due_at for row in store.firings.waiting_of(c, "a", 2)]
    assert dues == [NOW + HOUR, NOW + 2 * HOUR]


def test_automations_below_a_folder(store):
    for name, root in (("b", "/p/1/x"), ("a", "/p/1/y"), ("c", "/p/10/x"), ("d", "/p/1")):
        add(store, name, NOW, root=root)
    with store.read() as c:
        found = [row.automation.name for row in store.automations.below(c, "ann", "/p/1")]
        assert found == ["a", "b"]
        assert store.automations.below(c, "eve", "/p/1") == []
