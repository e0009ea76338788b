"""A bench: rounds of the dispatcher by hand, a runtime that is made up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nbyard.dispatch.attempts import drive
from nbyard.domain import limits
from nbyard.testing.bench import Bench, FakeRuntime
from nbyard.yard import Yard

# Where the database decides; the other modules are about folders, threads and runtimes.
ON_BOTH = ("test_endings", "test_garbage", "test_queue", "test_room", "test_runs")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "bench" in metafunc.fixturenames:
        both = metafunc.module.__name__.endswith(ON_BOTH)
        databases = ["sqlite", "postgresql"] if both else ["sqlite"]
        metafunc.parametrize("database_url", databases, indirect=True)


@pytest.fixture
def bench(yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(limits, "BACKOFF_SECONDS", 0.0)
    monkeypatch.setattr(drive, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(drive, "MOST_SECONDS", 0.0)  # a slow disk keeps nobody waiting
    yard.settings.slots = 2
    made = Bench(yard, tmp_path / "root")
    yield made
    made.close()


@pytest.fixture
def runtime(bench: Bench) -> FakeRuntime:
    return bench.runtime
