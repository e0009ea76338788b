"""Rows of firings: each event once, and what it led to."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from nbyard.domain.automations.structs import MOST_IN_CHAIN, Fire
from nbyard.domain.runs.origins import FireCause
from nbyard.host import clock
from nbyard.reasons.structs import because
from nbyard.store.automations import firings
from nbyard.store.schema.tables import runs

from ..rows import Rows
from .conftest import NOW

CAUSE = FireCause()


@pytest.fixture
def run_after(store):
    """Inserts a run that a chain of automations led to."""

    def insert(chain):
        with store.write() as c:
            run = Rows(store, c).run()
            c.execute(update(runs).where(runs.c.id == run.id).values(chain=chain))
        return run.id

    return insert


def add(store, automation, key, **more):
    with store.write() as c:
        return store.firings.add(c, automation, key, CAUSE, **more)


def outcomes(store, automation):
    with store.read() as c:
        return [one.outcome for one in store.firings.page(c, automation.id, 50, "")][::-1]


def counts(store, automation):
    with store.read() as c:
        found = store.automations.by_id(c, automation.id).automation.counts
        return found.started, found.overlapped, found.failed


def test_an_event_is_recorded_once(store, stored):
    a, b = stored.add("a"), stored.add("b")
    first = add(store, a, "e1", given=Fire({"n": 1}))
    assert first and add(store, a, "e1") is None
    assert add(store, b, "e1") not in (None, first)
    with store.read() as c:
        assert store.firings.find(c, "a", "e1") == first
        assert store.firings.waiting(c) == ["a", "b"]
        (row,) = store.firings.waiting_of(c, "a", 10)
        assert (row.given, row.chain, row.event_key) == (Fire({"n": 1}), ["a"], "e1")
        assert store.firings.get(c, first).cause == CAUSE
        assert store.firings.get(c, "none") is None


def test_a_firing_ends_once_and_is_counted(store, stored):
    a = stored.add("a")
    ids = [add(store, a, f"e{number}") for number in range(4)]
    with store.write() as c:
        first, second = (store.firings.get(c, firing_id) for firing_id in ids[:2])
        assert store.firings.conclude(c, a, first, "started", run_id="r")
        assert not store.firings.conclude(c, a, first, "failed")
        assert store.firings.conclude(c, a, second, "failed", because("firing-disabled"))
        store.firings.drop_waiting(c, a, because("firing-replaced"), [ids[2]])
    assert outcomes(store, a) == ["started", "failed", "overlapped", "waiting"]
    with store.write() as c:
        store.firings.drop_waiting(c, a, because("firing-disabled"))
        assert store.firings.waiting(c) == []
        assert [one.id for one in store.firings.recent(c, ["a"])["a"]] == ids[::-1]
    assert counts(store, a) == (1, 2, 1)


def test_a_refused_event_is_recorded_as_failed(store, stored):
    a = stored.add("a")
    add(store, a, "e", reason=because("webhook-not-json"))
    assert outcomes(store, a) == ["failed"] and counts(store, a) == (0, 0, 1)


def test_a_chain_ends(store, stored, run_after):
    a = stored.add("a")
    chain = [f"t{number}" for number in range(MOST_IN_CHAIN - 1)]
    add(store, a, "e1", after_run=run_after(chain))
    add(store, a, "e2", after_run=run_after([*chain, "more"]))
    add(store, a, "e3", after_run="gone")
    with store.read() as c:
        assert [one.chain for one in store.firings.waiting_of(c, "a", 10)] == [[*chain, "a"], ["a"]]
    assert outcomes(store, a) == ["waiting", "failed", "waiting"]


def test_old_firings_are_forgotten_but_not_recent_ones(store, stored, monkeypatch):
    a = stored.add("a")
    monkeypatch.setattr(firings, "KEPT_FIRINGS", 2)
    for number in range(4):
        add(store, a, f"e{number}", reason=because("firing-disabled"))
    assert len(outcomes(store, a)) == 4
    monkeypatch.setattr(firings, "KEPT_TIME", timedelta(hours=-1))
    add(store, a, "waits")
    assert outcomes(store, a) == ["failed", "waiting"]


def test_times_of_arrival(store, stored, monkeypatch):
    a = stored.add("a")
    for seconds in (0, 30, 59):
        monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(seconds=seconds))  # noqa: B023
        add(store, a, f"e{seconds}")
    with store.read() as c:
        found = store.firings.times_since(c, "a", NOW + timedelta(seconds=10))
    assert found == [NOW + timedelta(seconds=30), NOW + timedelta(seconds=59)]
