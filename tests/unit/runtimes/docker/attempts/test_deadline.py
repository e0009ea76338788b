"""The limit of an attempt in a container, as its watcher counts it."""

import threading
import time
from types import SimpleNamespace

import pytest

from nbyard.attempts.folders import cancel_reason, write_task
from nbyard.domain.attempts.structs import CommandWork, TaskFile
from nbyard.reasons.structs import because
from nbyard.runtimes.docker.attempts import watcher as module
from nbyard.runtimes.docker.attempts.watcher import Deadline
from nbyard.runtimes.protocol import Order

DAY_SECONDS = 86_400


def limited(seconds: float | None) -> TaskFile:
    return TaskFile("a", "t", "m", CommandWork(["x"]), {}, timeout_seconds=seconds)


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_the_limit_counts_from_the_first_sight(tmp_path, monkeypatch, days):
    """Any process may watch the limit, whatever its clock.

    The clock of the engine does not count.
    """
    begun, left = time.monotonic(), []

    def timer(seconds: float, *_: object) -> object:
        left.append(seconds)
        return SimpleNamespace(start=lambda: None, cancel=lambda: None)

    monkeypatch.setattr(module, "threading", SimpleNamespace(Timer=timer))
    deadline = Deadline(Order("a", "s", "r", "n", tmp_path, "m"), lambda: None)
    for seconds in (0, 20, 100):
        monkeypatch.setattr(module, "time", SimpleNamespace(
            monotonic=lambda seconds=seconds: begun + seconds,
            time=lambda: time.time() + days * DAY_SECONDS,
        ))  # fmt: skip
        deadline.start_timer(limited(60.0), 5.0)
        deadline.start_timer(limited(60.0), 5.0)
        deadline.stop_timer()
    deadline.start_timer(limited(None), 5.0)
    assert left == pytest.approx([65, 45, 0])


def test_at_the_deadline_a_stop_is_requested(tmp_path):
    """In the folder with the reason, and at the engine."""
    task = limited(0.01)
    write_task(tmp_path, task)
    ended = threading.Event()
    Deadline(Order("a", "s", "r", "n", tmp_path, "m"), ended.set).start_timer(task, 0.0)
    assert ended.wait(30)
    assert cancel_reason(tmp_path) == because("time-limit", seconds=0.01)
