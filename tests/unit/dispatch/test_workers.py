"""Threads: one for each key, faults told, never given up in silence."""

import threading
from collections.abc import Iterator
from functools import partial

import pytest

from nbyard.dispatch import workers
from nbyard.dispatch.workers import Workers
from nbyard.errors import Busy, Unavailable
from nbyard.store.leases import LeaseLost


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    monkeypatch.setattr(workers, "PATIENCE_SECONDS", 0.0)
    made = Workers()
    yield made
    made.close(10)


def wait_for(gate: threading.Event) -> None:
    gate.wait(10)


def nobody(_: str) -> None:
    raise AssertionError("given up")


def test_one_at_a_time_for_each_key(threads: Workers) -> None:
    gate, done = threading.Event(), []
    threads.submit("a", partial(wait_for, gate), nobody)
    threads.submit("a", lambda: done.append("a"), nobody)
    threads.submit("b", lambda: done.append("b"), nobody)
    gate.set()
    assert threads.settle(10)
    assert done == ["b"]
    threads.submit("a", lambda: done.append("a"), nobody)
    assert threads.settle(10)
    assert done == ["b", "a"]


def test_three_faults_in_a_row_are_given_up(threads: Workers) -> None:
    words: list[str] = []
    for number in range(1, 4):
        threads.submit("a", lambda: 1 / 0, words.append)
        assert threads.settle(10)
        assert len(words) == (number == 3)
    assert words == ["unexpected: ZeroDivisionError: division by zero"]


@pytest.mark.parametrize("error", [LeaseLost, Busy, Unavailable])
def test_what_passes_is_no_fault(threads: Workers, error: type[Exception]) -> None:
    """I3, F12, F20: also when it lasts."""

    def lost() -> None:
        raise error()

    for _ in range(5):
        threads.submit("a", lost, nobody)
        assert threads.settle(10)


def test_close_waits_only_so_long() -> None:
    made, gate = Workers(), threading.Event()
    made.submit("slow", partial(wait_for, gate), nobody)
    assert not made.close(0.01)
    gate.set()
    assert made.settle(10)
