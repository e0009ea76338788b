"""Rows of backfills: their due times, and which runs count for them."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from nbyard.domain.automations.backfills import BackfillCounts
from nbyard.domain.automations.structs import Firing, FiringRow
from nbyard.domain.ids import new_id
from nbyard.reasons.structs import because
from nbyard.store import Store

from ..rows import Rows
from .conftest import NOW, add

HOUR = timedelta(hours=1)
DUES = [NOW, NOW + HOUR, NOW + 2 * HOUR]


@pytest.fixture
def made(store: Store) -> str:
    add(store, "s", None)
    return add_backfill(store, "b")


def add_backfill(store: Store, key: str, automation: str = "s") -> str:
    row = {
        "id": key,
        "automation_id": automation,
        "owner": "ann",
        "since": NOW,
        "until": DUES[-1],
        "at_once": 1,
        "again": False,
        "template_id": "t",
        "created_at": NOW,
        "finished_at": None,
    }
    firings = [
        FiringRow(Firing(new_id(), automation, "waiting", NOW, due_at=due), f"{key} {due}")
        for due in DUES
    ]
    with store.write() as c:
        store.backfills.insert(c, row, firings)
    return key


def test_only_the_owner_sees_it(store, made):
    with store.read() as c:
        row = store.backfills.get(c, "ann", made)
        assert row.backfill.automation == "s" and row.template_id == "t"
        assert row == store.backfills.by_id(c, made)
        assert store.backfills.get(c, "eve", made) is None
        assert store.backfills.page(c, "eve", 9, "", "") == []
        assert store.backfills.page(c, "ann", 9, "", "other") == []
        assert store.backfills.page(c, "ann", 9, "", "s") == [row.backfill]
        assert store.has_work(c) and not store.is_busy(c)


def test_due_times_are_handled_in_order_and_once(store, made):
    with store.write() as c:
        rows = store.backfills
        first = rows.first_waiting(c, made)
        assert rows.first_waiting(c, made).due_at == DUES[0]
        run = Rows(store, c).run()
        assert rows.conclude(c, first, "started", run_id=run.id)
        assert not rows.conclude(c, first, "started", run_id="other")
        assert rows.first_waiting(c, made).due_at == DUES[1]
        assert rows.live_runs(c, made) == [run.id]
        why = because("backfill-succeeded", number=4)
        assert rows.conclude(c, rows.first_waiting(c, made), "skipped", why, run.id)
        assert rows.live_runs(c, made) == [run.id]  # not twice: another source created that run
        one, second, third = rows.firings(c, made)
        assert (one.outcome, one.run_state, third.outcome) == ("started", "queued", "waiting")
        assert second.reason == why
        assert rows.counts(c, [made]) == {made: BackfillCounts(waiting=1, active=1, skipped=1)}


def test_a_cancelled_backfill_stays_cancelled(store, made):
    with store.write() as c:
        one = store.backfills.by_id(c, made).backfill
        first = store.backfills.first_waiting(c, made)
        assert store.backfills.running(c) == [made]
        assert store.backfills.cancel(c, one)
        assert not store.backfills.cancel(c, one) and not store.backfills.finish(c, one)
        row = store.backfills.by_id(c, made)
        assert row.backfill.state == "cancelled" and row.backfill.finished_at is not None
        assert row.template_id == "" and store.backfills.running(c) == []
        assert {firing.outcome for firing in store.backfills.firings(c, made)} == {"cancelled"}
        assert not store.backfills.conclude(c, first, "started", run_id="r")
        assert not store.has_work(c)


def test_it_is_deleted_with_its_automation(store, made):
    with store.write() as c:
        store.automations.delete(c, store.automations.by_id(c, "s").automation)
        assert store.backfills.by_id(c, made) is None
        assert store.backfills.firings(c, made) == []
    with pytest.raises(IntegrityError):
        add_backfill(store, "c", "s")


def test_runs_of_due_times_are_found(store, made):
    with store.write() as c:
        rows = Rows(store, c)
        for origin in ("automation", "backfill", "retry"):
            rows.run(origin=origin, source_id="s", due_at=DUES[0])
        rows.run(origin="automation", source_id="s")
        rows.run(origin="retry", source_id="t", due_at=DUES[1])
        found = store.backfills.past_runs(c, "s", DUES[0], DUES[-1])
        assert {due: len(known) for due, known in found.items()} == {DUES[0]: 3}
        assert store.backfills.past_runs(c, "s", DUES[1], DUES[-1]) == {}
        assert store.backfills.past_runs(c, "other", DUES[0], DUES[-1]) == {}
