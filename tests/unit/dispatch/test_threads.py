"""Threads: one for each key, faults told, never given up in silence."""

import threading
from collections.abc import Iterator
from functools import partial

import pytest

from nbyard.dispatch import threads as pool
from nbyard.dispatch.threads import Threads
from nbyard.errors import Busy, Unavailable
from nbyard.reasons.structs import Reason, because
from nbyard.store.leases import LeaseLost


@pytest.fixture
def threads(monkeypatch) -> Iterator[Threads]:
    monkeypatch.setattr(pool, "PATIENCE_SECONDS", 0.0)
    made = Threads()
    yield made
    made.close(10)


def wait_for(gate: threading.Event) -> None:
    gate.wait(10)


def nobody(_: Reason) -> None:
    raise AssertionError("given up")


def test_work_with_one_key_runs_one_at_a_time(threads):
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


def test_work_is_given_up_after_three_errors(threads):
    reasons: list[Reason] = []
    for number in range(1, 4):
        threads.submit("a", lambda: 1 / 0, reasons.append)
        assert threads.settle(10)
        assert len(reasons) == (number == 3)
    assert reasons == [because("unexpected", error="ZeroDivisionError", message="division by zero")]


def test_other_work_starts_again_after_errors(threads):
    begun: list[int] = []
    told: list[None] = []

    def fail() -> None:
        begun.append(1)
        raise ZeroDivisionError

    for _ in range(5):
        assert threads.submit("a", fail, then=told.append)
        assert threads.settle(10)
    assert len(begun) == 5
    assert told == [None] * 5


@pytest.mark.parametrize("error", [LeaseLost, Busy, Unavailable])
def test_temporary_errors_do_not_count(threads, error):

    def lost() -> None:
        raise error()

    for _ in range(5):
        threads.submit("a", lost, nobody)
        assert threads.settle(10)


def test_closing_waits_for_a_limited_time() -> None:
    made, gate = Threads(), threading.Event()
    made.submit("slow", partial(wait_for, gate), nobody)
    made.submit("far", partial(wait_for, gate), runtime="far")
    assert not made.close(0.01)
    gate.set()
    assert made.settle(10)


def test_a_hanging_runtime_delays_no_others() -> None:
    """It has more tasks than threads."""
    made, gate, done = Threads(2), threading.Event(), threading.Event()
    for number in range(3):
        made.submit(f"slow {number}", partial(wait_for, gate), runtime="far")
    made.submit("here", done.set, runtime="here")
    assert done.wait(10)
    gate.set()
    assert made.settle(10)
    made.close()
