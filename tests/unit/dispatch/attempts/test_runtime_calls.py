"""What the answers of a runtime mean."""

import errno
from unittest.mock import Mock

import pytest
from tests.support.fake_runtime_bench import Bench

from nbyard.dispatch.attempts import runtime_calls
from nbyard.dispatch.state.attempt_snapshot import AttemptSnapshot
from nbyard.domain.attempts.structs import TASK
from nbyard.errors import Unavailable
from nbyard.reasons.structs import because

FULL, BROKEN = OSError(errno.ENOSPC, "full"), OSError(errno.EIO, "broken")


@pytest.fixture
def snapshot(bench: Bench) -> AttemptSnapshot:
    return bench.snapshot(bench.start())


def test_a_silent_engine_counts_as_away(snapshot, runtime):
    assert runtime_calls.poll_attempt(snapshot, runtime).state == "running"
    runtime.unheard = "no answer"
    with pytest.raises(Unavailable, match="no answer"):
        runtime_calls.poll_attempt(snapshot, runtime)


def test_live_attempts_are_found(snapshot, runtime):
    assert runtime_calls.is_there(snapshot, runtime) and runtime_calls.may_live(snapshot, runtime)
    runtime.lose(snapshot.attempt.id)
    assert runtime_calls.is_there(snapshot, runtime)
    assert not runtime_calls.is_there(snapshot, runtime, "finished", "lost")
    (snapshot.order.folder / TASK).unlink()
    assert not runtime_calls.is_there(snapshot, runtime)
    assert not runtime_calls.may_live(snapshot, runtime)


@pytest.mark.parametrize(("error", "may_live"), [(Unavailable("away"), False), (FULL, True)])
def test_without_a_response_an_attempt_may_live(snapshot, runtime, monkeypatch, error, may_live):
    """With an unreachable engine, recorded attempts do not count as live."""
    monkeypatch.setattr(runtime, "poll", Mock(side_effect=error))
    assert runtime_calls.may_live(snapshot, runtime) == may_live


def test_a_stop_is_accepted_or_refused(snapshot, runtime):
    runtime.out_of_reach = "away"
    assert not runtime_calls.stop_attempt(snapshot, runtime, because("text", text="enough"))
    runtime.out_of_reach = ""
    assert runtime_calls.stop_attempt(snapshot, runtime, because("text", text="enough"))
    assert runtime.stops == [(snapshot.attempt.id, "enough")]


def test_only_a_full_disk_is_waited_for() -> None:
    assert "disk full" in str(runtime_calls.wait_if_full(FULL))
    with pytest.raises(OSError, match="broken"):
        runtime_calls.wait_if_full(BROKEN)
