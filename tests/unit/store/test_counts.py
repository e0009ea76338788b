"""G7: counts of what there is, in both databases."""

from datetime import UTC, datetime, timedelta

from nbyard.domain.counts import AttemptSum
from nbyard.domain.states import ATTEMPT, RUN, TASK
from nbyard.store import Store, transition

from .rows import Rows, moment


def test_nothing_is_counted_as_nothing(store: Store) -> None:
    with store.read() as c:
        found = store.counts.all(c)
    assert found.runs == dict.fromkeys(RUN.moves, 0)
    assert found.tasks == dict.fromkeys(TASK.moves, 0)
    assert (found.attempts, found.cached_tasks, found.oldest_queued_seconds) == ([], 0, 0)


def test_runs_tasks_and_cached_ones_of_all_owners(store: Store) -> None:
    now = datetime.now(UTC)
    with store.write() as c:
        rows = Rows(store, c)
        run, other = rows.run(), rows.run(owner="bob")
        rows.task(run, "a", state="succeeded", cached=True)
        rows.task(run, "b", state="succeeded")
        rows.task(run, "c", state="queued", queued_at=now - timedelta(seconds=90))
        rows.task(other, "d", state="queued", queued_at=now + timedelta(seconds=90))
        rows.task(other, "e", state="failed", cached=True)
    with store.read() as c:
        found = store.counts.all(c)
    assert found.runs["queued"] == 2
    assert {name: n for name, n in found.tasks.items() if n} == {
        "succeeded": 2, "queued": 2, "failed": 1,
    }  # fmt: skip
    assert found.cached_tasks == 1
    assert 90 <= found.oldest_queued_seconds < 900


def test_a_queue_that_waits_for_a_retry_has_no_age(store: Store) -> None:
    with store.write() as c:
        later = datetime.now(UTC) + timedelta(seconds=500)
        rows = Rows(store, c)
        rows.task(rows.run(), "a", state="queued", queued_at=later)
    with store.read() as c:
        assert store.counts.all(c).oldest_queued_seconds == 0


def test_seconds_of_attempts_that_have_ended(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        task = rows.task(rows.run(), "a")
        for seconds in (1.5, 2.5):
            attempt = rows.attempt(task)
            transition.move(c, ATTEMPT, attempt.subject, "starting")
            transition.move(
                c,
                ATTEMPT,
                attempt.subject,
                "succeeded",
                started_at=moment(0),
                finished_at=moment(seconds),
            )
        rows.attempt(task)
        never = rows.attempt(task)
        transition.move(c, ATTEMPT, never.subject, "cancelled", finished_at=moment(9))
    with store.read() as c:
        assert store.counts.all(c).attempts == [
            AttemptSum("process", "cancelled", 1, 0.0),
            AttemptSum("process", "recorded", 1, 0.0),
            AttemptSum("process", "succeeded", 2, 4.0),
        ]
