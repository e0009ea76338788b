"""Counts of what there is, in both databases."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from nbyard.domain.counts import AttemptSum, UsageSum
from nbyard.domain.state_machines import ATTEMPT, RUN, TASK
from nbyard.store import Store, transition
from nbyard.store.runs import installation_counts
from nbyard.store.schema.tables import attempts

from ..rows import Rows, moment

USED = UsageSum("ada", "notebook", "process", 1.0, 2.0, 0.0)


def test_an_empty_store_counts_zero(store: Store) -> None:
    with store.read() as c:
        found = installation_counts.CountRows().all(c)
    assert found.runs == dict.fromkeys(RUN.moves, 0)
    assert found.tasks == dict.fromkeys(TASK.moves, 0)
    assert (found.attempts, found.cached_tasks, found.oldest_queued_seconds) == ([], 0, 0)
    assert (found.used, found.granted_gpus) == ([], 0)


def test_runs_tasks_and_cached_tasks_of_all_owners_are_counted(store: Store) -> None:
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


def test_usage_is_counted_by_owner_kind_and_runtime(store: Store) -> None:
    """Sums of ended attempts, and GPUs of running ones."""
    with store.write() as c:
        rows = Rows(store, c)
        known = rows.executable("clean").id
        rows.executable_version(known, "second")
        for owner, executable, cpu in (("ada", known, 2.5), ("ada", known, 4.0), ("bob", "e", 8.0)):
            task = rows.task(rows.run(owner=owner), executable=executable)
            one = rows.attempt(task)
            used = {"cpu_seconds": cpu, "max_rss_bytes": cpu * 2**30}
            c.execute(attempts.update().where(attempts.c.id == one.id).values(gpus=["0", "1"]))
            transition.move(c, ATTEMPT, one.subject, "starting")
            times = {"started_at": moment(0), "finished_at": moment(3)}
            told: dict[str, Any] = {"usage": used, **times}
            transition.move(c, ATTEMPT, one.subject, "succeeded", **told)
            rest = rows.attempt(task)
            transition.move(c, ATTEMPT, rest.subject, "lost", finished_at=moment(9))
            live = rows.attempt(task)
            c.execute(attempts.update().where(attempts.c.id == live.id).values(gpus=["0"]))
    with store.read() as c:
        found = installation_counts.CountRows().all(c)
    assert found.used == [
        UsageSum("ada", "command", "process", 6.5, 4.0 * 2**30, 12.0),
        UsageSum("bob", "", "process", 8.0, 8.0 * 2**30, 6.0),
    ]
    assert found.granted_gpus == 3


def test_slow_counts_are_not_read_at_each_scrape(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next pause is many times as long as the query."""
    clock = iter((100.0, 102.0, 141.0, 142.0, 143.0))
    monkeypatch.setattr(installation_counts, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(installation_counts, "PAUSE_SHARE", 20)
    reads = iter([[USED], [USED, USED]])
    monkeypatch.setattr(installation_counts, "_usage_sums", lambda _: next(reads))
    with store.read() as c:
        made = installation_counts.CountRows()
        for expected in (1, 1, 2):
            assert len(made.all(c).used) == expected
