"""Attempts at tasks: counted, ended once, found again behind what was taken over."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row

from nbyard.domain.runs.structs import Attempt
from nbyard.reasons.structs import because
from nbyard.store import Store, transition
from nbyard.store.runs import attempts

from ..rows import Rows


def test_attempts_are_counted_for_each_task_and_end_once(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        run = rows.run()
        task, other = rows.task(run, "a", state="running"), rows.task(run, "b", state="running")
        lost = rows.attempt(task)
        told = {"reason": because("machine-restarted")}
        transition.move_all(c, [store.attempts.step(lost, "lost", told)])
        with pytest.raises(transition.StaleState):
            transition.move_all(c, [store.attempts.step(lost, "starting", {})])
        second, third = rows.attempt(task), rows.attempt(other)
        assert [a.number for a in (lost, second, third)] == [1, 2, 1]
        assert store.attempts.live(c) == sorted((second, third), key=lambda a: a.id)
        assert store.attempts.ids(c) == {lost.id, second.id, third.id}
        assert [(a.number, a.state, a.why) for a in store.attempts.views(c, run.id)][-1] == (
            2, "recorded", "",
        )  # fmt: skip
        assert sorted(store.attempts.newest_active(c, run.owner, [run.id])) == [
            (run.id, "a", second.id, 2, ""), (run.id, "b", third.id, 1, ""),
        ]  # fmt: skip
        assert store.attempts.newest_active(c, "another", [run.id]) == []
        transition.move_all(c, [store.tasks.step(other, "failed", {})])
        assert store.attempts.newest_active(c, run.owner, [run.id]) == [
            (run.id, "a", second.id, 2, "")
        ]
        events = [e for e in store.events.events_after(c, "ada", 0, 50) if e.topic == "attempt"]
        assert store.attempts.state(c, second.id) == "recorded"
        assert store.attempts.state(c, "none") is None
    assert events[1].data == {"state": "lost", "task_id": task.id}
    assert {e.run_id for e in events} == {run.id}


def test_unfinished_attempts_are_found_by_key(store: Store) -> None:
    """Owner and key are the same, and the attempt has ended."""
    with store.write() as c:
        rows = Rows(store, c)
        first, second, bobs = rows.run(), rows.run(), rows.run(owner="bob")
        task = rows.task(first, "a", state="running", cache_key="k")
        lost, live = rows.attempt(task), rows.attempt(task)
        failed = rows.attempt(rows.task(second, "a", state="running", cache_key="k"))
        other = rows.attempt(rows.task(second, "b", state="running", cache_key="other"))
        of_bob = rows.attempt(rows.task(bobs, "a", state="running", cache_key="k"))
        made = (lost, failed, other, of_bob)
        transition.move_all(c, [store.attempts.step(one, "lost", {}) for one in made])
        assert store.attempts.earlier_ids(c, live) == [lost.id]
        names = [one.id for one in (*made, live)]
        assert store.attempts.without_result(c, names, "ada", "k") == {lost.id, failed.id}
        assert store.attempts.without_result(c, [live.id, failed.id], "ada", "k") == {failed.id}


def test_continuable_attempts_are_live_or_recent(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        run, now = rows.run(), datetime.now(UTC)
        live = rows.attempt(rows.task(run, "live", state="queued"))
        ends = {"old": "failed", "new": "cancelled", "good": "succeeded"}
        found = {}
        for name, state in ends.items():
            at = now - timedelta(days=2 if name == "old" else 0)
            task = rows.task(run, name, state=state, finished_at=at)
            found[name] = rows.attempt(task).id
        names = [live.id, *found.values(), "forgotten"]
        since = now - timedelta(days=1)
        assert store.attempts.may_continue(c, names, since) == {live.id, found["new"]}


def test_the_attempts_behind_a_cached_result_stay_the_same(store: Store) -> None:
    """Also when the node was forced to run again afterwards, or before."""
    with store.write() as c:
        rows = Rows(store, c)
        runs = [rows.run() for _ in range(4)]
        tasks = [rows.succeeded(run, at, cache_key="k") for at, run in enumerate(runs[:2])]
        taker = rows.succeeded(runs[2], 2, cache_key="k", cached=True)
        made = [rows.attempt(task) for task in (*tasks, tasks[1])]
        rows.attempt(rows.succeeded(runs[3], 3, cache_key="k"))
        early = rows.succeeded(rows.run(), 0.5, cache_key="k", cached=True)
        bobs = rows.succeeded(rows.run(owner="bob"), 2, cache_key="k", cached=True)
        rows.attempt(rows.succeeded(rows.run(), 1.5, cache_key="other"))
        found = store.attempts.origin_attempts(c, "ada", taker.id)
        assert [a.id for a in found] == [made[1].id, made[2].id]
        assert store.attempts.origin_attempts(c, "bob", bobs.id) == []
        cached = [taker.id, early.id]
        newest = store.attempts.newest_origin_attempts(c, "ada", cached)
        expected = {taker.id: made[2].id, early.id: made[0].id}
        assert {task: attempt.id for task, attempt in newest.items()} == expected
        assert store.attempts.newest_origin_attempts(c, "bob", [*cached, bobs.id]) == {}
        store.runs.delete(c, runs[0])
        store.runs.delete(c, runs[1])
        assert store.attempts.origin_attempts(c, "ada", taker.id) == []
        assert taker.id not in store.attempts.newest_origin_attempts(c, "ada", [taker.id])


def test_only_the_newest_attempts_behind_cached_results_are_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that is forced to run again and again has many."""
    read, numbers = attempts.attempt_of_row, []

    def noted(row: Row[Any]) -> Attempt:
        numbers.append(row.number)
        return read(row)

    with store.write() as c:
        rows = Rows(store, c)
        for at in range(5):
            task = rows.succeeded(rows.run(), at, cache_key="k")
            rows.attempt(task)
            rows.attempt(task)
        takers = [rows.succeeded(rows.run(), at, cache_key="k", cached=True).id for at in (7, 8)]
        monkeypatch.setattr(attempts, "attempt_of_row", noted)
        newest = store.attempts.newest_origin_attempts(c, "ada", takers)
    assert {attempt.task_id for attempt in newest.values()} == {task.id}
    assert numbers == [2, 2]


def test_no_attempts_are_behind_a_cached_task_without_a_key(store: Store) -> None:
    """A pinned task has none."""
    with store.write() as c:
        rows = Rows(store, c)
        rows.attempt(rows.succeeded(rows.run(), 0))
        pinned = rows.succeeded(rows.run(), 1, cached=True)
        assert store.attempts.origin_attempts(c, "ada", pinned.id) == []
        assert store.attempts.newest_origin_attempts(c, "ada", [pinned.id]) == {}


def test_the_newest_attempt_at_each_task(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        first, second, third = (rows.succeeded(rows.run(), 0) for _ in range(3))
        made = [rows.attempt(task) for task in (first, first, second, third)]
        newest = store.attempts.newest_of(c, [first.id, second.id, "none"])
    assert {task: attempt.id for task, attempt in newest.items()} == {
        first.id: made[1].id, second.id: made[2].id,
    }  # fmt: skip
