"""One attempt in its container, where no engine has to be asked."""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nbyard.domain.attempts import CommandWork, TaskFile
from nbyard.folders import write_task
from nbyard.runtimes.docker import attempt as module
from nbyard.runtimes.docker.attempt import LINGER_SECONDS, ContainerAttempt
from nbyard.runtimes.protocol import Order

DAY_SECONDS = 86_400


@pytest.fixture
def signals() -> list[str]:
    return []


@pytest.fixture
def attempt(tmp_path: Path, signals: list[str]) -> ContainerAttempt:
    write_task(tmp_path, TaskFile("a", "t", "m", CommandWork(["x"]), {}, timeout_seconds=60.0))
    engine: Any = SimpleNamespace(signal=lambda name, signal: signals.append(signal))
    return ContainerAttempt(Order("a", "s", "r", "n", tmp_path, "m"), engine, networks=None)  # type: ignore[arg-type]


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_the_limit_is_counted_from_when_it_was_first_seen(
    attempt: ContainerAttempt, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """I11, I21: by whoever watches it, however the clock is set meanwhile; its engine, which has
    another one, is not asked."""
    begun = time.monotonic()
    left = []
    for seconds in (0, 20, 100):
        monkeypatch.setattr(module, "time", SimpleNamespace(
            monotonic=lambda seconds=seconds: begun + seconds,
            time=lambda: time.time() + days * DAY_SECONDS,
        ))  # fmt: skip
        monkeypatch.setattr(attempt, "_time_out", lambda: None)
        clock = attempt._deadline()
        assert clock is not None
        clock.cancel()
        left.append(clock.interval)
    assert left == pytest.approx([60, 40, 0])


def test_a_container_that_stays_behind_its_result_is_killed(
    attempt: ContainerAttempt, monkeypatch: pytest.MonkeyPatch, signals: list[str]
) -> None:
    """I21: it has its time, however the clock is set."""
    moment = [100.0]
    monkeypatch.setattr("nbyard.runner.clock.time", SimpleNamespace(monotonic=lambda: moment[0]))
    attempt._hurry()
    moment[0] += LINGER_SECONDS - 1
    attempt._hurry()
    assert not signals
    moment[0] += 2
    attempt._hurry()
    assert signals == ["SIGKILL"]
