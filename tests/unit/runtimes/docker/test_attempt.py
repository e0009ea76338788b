"""One attempt in its container, where no engine has to be asked."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nbyard.domain.attempts import CommandWork, TaskFile
from nbyard.folders import write_task
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
