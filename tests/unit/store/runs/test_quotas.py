"""Rows of quotas, what is held by the rows of runs, and the queue of several users."""

import msgspec
import pytest
from sqlalchemy import update
from tests.unit.store.rows import Rows
from tests.unit.store.test_deployments import add

from nbyard.domain.ids import new_id
from nbyard.domain.users.quotas import QuotaLimits, UsedShare
from nbyard.errors import OverQuota
from nbyard.store import transition
from nbyard.store.schema.deployment_tables import deployments
from nbyard.store.schema.tables import tasks

LIMITS = msgspec.structs.asdict(QuotaLimits(gpus=1, memory_bytes=2**40))


def test_quotas_are_read_with_the_names_of_their_projects(store):
    with store.write() as c:
        assert not store.quotas.read(c)
        for key in ("everyone", "project:gone", "user:ann"):
            store.quotas.store(c, key, LIMITS)
        known = store.quotas.read(c)
        assert [*known.by_id] == ["everyone", "project:gone", "user:ann"]
        assert known.by_id["user:ann"].memory_bytes == 2**40
        assert known.project_names == {}
        store.quotas.store(c, "user:ann", {})
        assert store.quotas.get(c, "user:ann") is None


def test_started_runs_hold_their_place_and_their_tasks(store):
    with store.write() as c:
        rows = Rows(store, c)
        between, busy, queued = (rows.run() for _ in range(3))
        rows.attempt(rows.task(busy, state="preparing"))
        ended = rows.attempt(rows.task(between, state="preparing"))
        rows.task(queued, state="queued")
        store_ended(store, c, ended)
        uses = {(use.name, use.cpu) for use in store.quotas.runs(c)}
        assert uses == {
            (str(busy.number), 0.0),
            (str(busy.number), 1.0),
            (str(between.number), 0.0),
        }
        assert {use.id for use in store.quotas.runs(c, [ended.id])} == {busy.id}


def store_ended(store, c, attempt) -> None:
    transition.move_all(c, [store.attempts.step(attempt, "lost", {})])


def test_a_sleeping_deployment_holds_what_it_requests(store):
    """It is wanted, and wakes at a request. A stopped one holds nothing."""
    made = new_id()
    add(store, made, "ada", name="cows")
    with store.write() as c:
        for state, held in (("sleeping", 1), ("down", 1), ("stopped", 0)):
            c.execute(update(deployments).values(state=state))
            assert [use.id for use in store.quotas.deployments(c)] == [made] * held


def test_equal_bytes_count_once(store):
    with store.write() as c:
        rows = Rows(store, c)
        for owner in ("ada", "ada", "bob"):
            rows.artifact(rows.succeeded(rows.run(owner=owner)))
        assert store.quotas.stored_bytes(c, "ada") == 2**40
        assert store.quotas.stored_bytes(c, "eve") == 0


def test_other_files_of_tasks_count_once(store):
    """A cached task has those of the task whose result it uses."""
    kept = {"digest": "tree:" + "a" * 64, "count": 2, "size_bytes": 2**33}
    with store.write() as c:
        rows = Rows(store, c)
        for others in (kept, kept, None, {"left_out": [], "more": 3}):
            task = rows.succeeded(rows.run(owner="ada"))
            c.execute(update(tasks).where(tasks.c.id == task.id).values(other_files=others))
        assert store.quotas.stored_bytes(c, "ada") == 2**33


def test_users_take_turns_in_the_queue(store):
    with store.write() as c:
        rows = Rows(store, c)
        run = rows.run()
        own = [rows.task(run, node, state="queued").id for node in "abc"]
        assert (store.quotas.queue_order(c, 60.0), store.quotas.is_shared(c)) == (None, False)
        other = [rows.task(rows.run(owner="bob"), state="queued").id for _ in range(2)]
        assert store.quotas.is_shared(c)
        assert store.quotas.queue_order(c, 60.0) == [own[0], other[0], own[1], other[1], own[2]]
        store.quotas.set_used(c, {"ada": UsedShare(5.0, 4e9)})
        store.quotas.set_used(c, {"ada": UsedShare(9.0, 4e9)})
        assert store.quotas.used(c) == {"ada": UsedShare(9.0, 4e9)}
        assert store.quotas.queue_order(c, 60.0) == [other[0], own[0], other[1], own[1], own[2]]
        order = store.quotas.queue_order(c, 60.0)
        places = store.tasks.queue_positions(c, run.id, order)
        assert places == dict(zip(own, (2, 4, 5), strict=True))
        in_turn = store.tasks.in_turn(c, 3, order)
        assert [task.id for task in in_turn] == order[:3]
        rows.attempt(rows.task(rows.run(owner="bob"), state="preparing"))
        assert store.quotas.queue_order(c, 60.0)[0] == own[0]


def test_rechecks_of_the_night_delay_no_run(store):
    with store.write() as c:
        rows = Rows(store, c)
        store.quotas.store(c, "everyone", {"queued_runs": 1})
        rows.run(origin="recheck")
        store.quotas.check_run(c, "ada", rows.run().id, [])
        with pytest.raises(OverQuota):
            store.quotas.check_run(c, "ada", "new", [])
