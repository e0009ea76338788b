"""One attempt in its container, where no engine has to be asked."""

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from nbyard.attempts.folders import read_result, write_task
from nbyard.dockerd import Container
from nbyard.domain.attempts.structs import CommandWork, TaskFile
from nbyard.errors import Conflict, TooLarge
from nbyard.runtimes.docker.attempts.container_attempt import LINGER_SECONDS, ContainerAttempt
from nbyard.runtimes.docker.attempts.watcher import RUNNER_GRACE_SECONDS
from nbyard.runtimes.docker.warm_attempt import WarmAttempt
from nbyard.runtimes.protocol import Order

DAY_SECONDS = 86_400


@pytest.fixture
def signals() -> list[str]:
    return []


@pytest.fixture
def attempt(tmp_path, signals: list[str], request) -> ContainerAttempt:
    work = getattr(request, "param", CommandWork(["x"]))
    write_task(tmp_path, TaskFile("a", "t", "m", work, {}, timeout_seconds=60.0))
    engine: Any = SimpleNamespace(signal=lambda name, signal: signals.append(signal))
    return ContainerAttempt(Order("a", "s", "r", "n", tmp_path, "m"), engine, networks=None)  # type: ignore[arg-type]


def test_a_container_that_outlives_its_result_is_killed(attempt, monkeypatch, signals):
    """Its grace period does not depend on the clock."""
    moment = [100.0]
    monkeypatch.setattr(
        "nbyard.runner.process.clock.time", SimpleNamespace(monotonic=lambda: moment[0])
    )
    attempt.hurry()
    moment[0] += LINGER_SECONDS - 1
    attempt.hurry()
    assert not signals
    moment[0] += 2
    attempt.hurry()
    assert signals == ["SIGKILL"]


def test_a_full_disk_during_the_run_is_reported(attempt, monkeypatch):
    """Each caller reports it and tries again."""
    container: Any = SimpleNamespace(labels={})
    heard: Any = SimpleNamespace(
        is_listening=True, wait=lambda _: None, has_reported=lambda *_: True
    )
    attempt.watcher.channel = heard
    attempt.watcher.progress = SimpleNamespace(pause=0.0)
    full = OSError(errno.ENOSPC, "full")
    watched: list[int] = []
    monkeypatch.setattr(attempt, "watch", lambda: watched.append(1))
    monkeypatch.setattr(attempt, "finish_early", Mock(side_effect=full))
    with pytest.raises(OSError, match="full"):
        attempt.watcher.follow_runner(container)
    with pytest.raises(OSError, match="full"):
        attempt.observe()
    assert watched


@pytest.mark.parametrize("is_warm", [False, True])
def test_only_work_without_a_runner_ends_at_its_limit(attempt, monkeypatch, is_warm):
    """The runner of a warm attempt enforces the limit after its start."""
    watched: list[float] = []
    one: Any = attempt
    if is_warm:
        one = WarmAttempt(attempt.order, attempt.engine, attempt.networks, warm=Mock())
    watcher: Any = one.watcher
    watcher.deadline = SimpleNamespace(
        start_timer=lambda task, grace: watched.append(grace), stop_timer=lambda: None
    )
    monkeypatch.setattr(
        watcher, "_find_container", Mock(side_effect=[SimpleNamespace(is_over=False), None])
    )
    for name in ("_follow_command", "follow_runner"):
        monkeypatch.setattr(watcher, name, lambda *_: None)
    watcher.watch()
    assert watched == [RUNNER_GRACE_SECONDS if is_warm else 0.0]


@pytest.mark.parametrize(
    ("error", "state"), [(Conflict("marked for removal"), "lost"), (TooLarge("full"), "finished")]
)
def test_results_that_cannot_be_fetched_end_the_attempt(attempt, monkeypatch, error, state):
    container = Container("c", "removing", 0, False, 1.0, 2.0, {})
    monkeypatch.setattr(attempt, "_conclude", Mock(side_effect=error))
    monkeypatch.setattr(attempt, "_complete_result", lambda _: None)
    assert attempt.finish(container).state == state
    result = read_result(attempt.order.folder)
    assert (result is None) == (state == "lost")
    assert result is None or result.state == "failed"


@pytest.fixture
def full_disk(attempt: ContainerAttempt, monkeypatch) -> Path:
    """The folder of an attempt whose outputs fill the disk at its end."""
    outputs = attempt.order.folder / "outputs"
    outputs.mkdir()
    (outputs / "data").write_text("much")
    module = "nbyard.runtimes.docker.attempts.container_attempt"
    monkeypatch.setattr(f"{module}.is_disk_full", lambda _: outputs.exists())
    monkeypatch.setattr(f"{module}.restore_owner", Mock())
    monkeypatch.setattr(attempt, "engine", Mock())
    monkeypatch.setattr(attempt, "_read_last_lines", lambda *_: "no space")
    return outputs


@pytest.mark.parametrize(
    ("exit_code", "reason"),
    [(1, "exit code 1: no space (disk full: nothing can be written)"), (0, "disk full: needs ")],
)
def test_outputs_that_fill_the_disk_are_deleted(attempt, full_disk, monkeypatch, exit_code, reason):
    """This holds for failed work, and for outputs that exceed the store's disk."""
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(total=7, free=0))
    container = Container("c", "exited", exit_code, False, 1.0, 2.0, {})
    assert attempt.finish(container).state == "finished"
    result = read_result(attempt.order.folder)
    assert result and result.failure and result.failure.message.startswith(reason)
    assert not full_disk.exists()


@pytest.mark.parametrize("attempt", [CommandWork(["x"], stdout="outputs/o")], indirect=True)
def test_failed_work_with_a_captured_stream_does_not_wait(attempt, full_disk, monkeypatch):
    """The stream goes to the log."""
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(total=1 << 60, free=0))
    attempt.finish(Container("c", "exited", 1, False, 1.0, 2.0, {}))
    result = read_result(attempt.order.folder)
    assert result and result.state == "failed"
    assert not full_disk.exists()


def test_outputs_of_a_success_wait_for_space(attempt, full_disk, monkeypatch):
    """Others may delete files. Large inputs do not count."""
    (attempt.order.folder / "inputs").mkdir()
    (attempt.order.folder / "inputs/large").write_bytes(bytes(99))
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(total=99, free=0))
    with pytest.raises(OSError, match="No space"):
        attempt.finish(Container("c", "exited", 0, False, 1.0, 2.0, {}))
    assert full_disk.exists()
