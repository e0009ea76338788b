"""The clean-up of ended attempts: repeated until it succeeded, done before a dispatcher exits."""

import threading
from unittest.mock import Mock

import pytest
from tests.support.fake_runtime_bench import Bench

from nbyard.dispatch import threads
from nbyard.dispatch.attempts import clean_up
from nbyard.errors import Unavailable

END = "it has finished"


@pytest.fixture
def attempt(bench: Bench, monkeypatch) -> str:
    """Return an attempt that is finished; the next round stores that."""
    monkeypatch.setattr(threads, "PATIENCE_SECONDS", 0.0)
    found = bench.attempt(bench.start())
    bench.runtime.end(found)
    bench.round()
    return found


def stored(bench: Bench, attempt: str) -> bool:
    with bench.store.read() as c:
        return bench.store.attempts.state(c, attempt) == "succeeded"


def test_a_stopped_dispatcher_cleans_up_before_it_exits(bench, runtime, attempt):
    """No thread had started the clean-up before the stop request."""
    gate = threading.Event()
    for number in range(threads.THREADS):
        bench.dispatcher.threads.submit(f"slow {number}", lambda: gate.wait(60), runtime="fake")
    bench.dispatcher.tick()
    assert stored(bench, attempt) and runtime.stops == []
    opener = threading.Timer(0.2, gate.set)
    opener.start()
    bench.dispatcher.end_threads()
    opener.join()
    assert runtime.stops == [(attempt, END)]
    assert not (bench.folder(attempt) / "code").exists()


def test_an_unreachable_engine_is_asked_again(bench, runtime, attempt):
    """The dispatcher stays active until then. Files and secrets are removed at once."""
    runtime.out_of_reach = "no engine"
    bench.round(3)
    assert stored(bench, attempt) and runtime.stops == []
    assert not (bench.folder(attempt) / "code").exists()
    assert bench.dispatcher.tick()
    bench.dispatcher.clean_ups.wait(10)  # for none that has failed
    runtime.out_of_reach = ""
    bench.round(2)
    assert runtime.stops == [(attempt, END)]
    assert not bench.dispatcher.tick()


def test_a_failed_clean_up_is_tried_three_times(bench, runtime, attempt, monkeypatch):
    stop = Mock(side_effect=ZeroDivisionError)
    monkeypatch.setattr(runtime, "stop", stop)
    bench.round(6)
    assert stop.call_count == 3
    assert not bench.dispatcher.tick()


def test_persistent_failures_are_left_to_the_sweep(bench, runtime, attempt, monkeypatch):
    """An engine that never returns does not keep the dispatcher alive."""
    monkeypatch.setattr(runtime, "end_run", Mock(side_effect=Unavailable("no engine")))
    bench.round(3)
    assert bench.dispatcher.tick()
    monkeypatch.setattr(clean_up, "PATIENCE_SECONDS", 0.0)
    bench.round(2)
    assert not bench.dispatcher.tick()
