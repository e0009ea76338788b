"""A bench: rounds of the dispatcher by hand, a runtime that is made up."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.fake_runtime_bench import Bench, FakeRuntime

from nbyard.dispatch.attempts import attempt_driver
from nbyard.domain import limits
from nbyard.yard import Yard

# Where the database decides; the other modules are about folders, threads and runtimes.
ON_BOTH = (
    "test_backfill_runs",
    "test_deliveries",
    "test_garbage",
    "test_queue",
    "test_quotas",
    "test_rechecks",
    "test_stories",
    "test_team",
)
# Of the queue, a check runs those on PostgreSQL that order, lock or take over most rows.
OF_THE_QUEUE = {
    "test_first_come_first_served",
    "test_the_next_dispatcher_grants_no_slot_twice",
    "test_an_unchanged_run_comes_from_the_cache",
    "test_a_cancel_between_read_and_write_starts_nothing",
    "test_no_task_overtakes_an_earlier_one",
    "test_retries_of_retries_and_of_deleted_runs_work",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "bench" not in metafunc.fixturenames:
        return
    databases: list[Any] = ["sqlite"]
    if metafunc.module.__name__.endswith(ON_BOTH):
        is_long = metafunc.module.__name__.endswith("test_queue")
        is_long = is_long and metafunc.function.__name__ not in OF_THE_QUEUE
        marks = [pytest.mark.long] if is_long else []
        databases.append(pytest.param("postgresql", marks=marks))
    metafunc.parametrize("database_url", databases, indirect=True)


@pytest.fixture
def bench(yard: Yard, tmp_path, monkeypatch) -> Iterator[Bench]:
    monkeypatch.setattr(limits, "BACKOFF_SECONDS", 0.0)
    monkeypatch.setattr(attempt_driver, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(attempt_driver, "MOST_SECONDS", 0.0)  # a slow disk keeps nobody waiting
    yard.settings.slots = 2
    made = Bench(yard, tmp_path / "root")
    yield made
    made.close()


@pytest.fixture
def runtime(bench: Bench) -> FakeRuntime:
    return bench.runtime
