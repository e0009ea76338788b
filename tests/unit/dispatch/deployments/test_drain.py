"""A stopping container counts as running until it is gone."""

from types import SimpleNamespace
from typing import Any

import pytest

from nbyard.dispatch.deployments import revision_driver
from nbyard.dispatch.deployments.revision_driver import DRAIN_LEAST_SECONDS, Shutdowns
from nbyard.domain.deployments.structs import Place

SECONDS = 7.0
SPEC = SimpleNamespace(stop_seconds=SECONDS)
ONE: Any = SimpleNamespace(
    number=1, places=[Place("api", "h", 1)], revision=SimpleNamespace(spec=SPEC)
)


class Engine:
    def __init__(self) -> None:
        self.status, self.removes, self.signals = "running", True, 0

    def container(self, _: str) -> Any:
        return SimpleNamespace(status=self.status) if self.status else None

    def signal(self, *_: str) -> None:
        self.signals += 1

    def remove(self, _: str) -> None:
        self.status = "" if self.removes else self.status


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def leaving(engine: Any) -> Shutdowns:
    return Shutdowns(engine, lambda _: None)


def test_a_failed_removal_is_requested_again(engine, leaving):
    engine.removes = False
    assert not leaving.is_gone(1, "n") and not leaving.is_gone(1, "n")
    engine.removes = True
    assert leaving.is_gone(1, "n") and leaving.is_gone(1, "n")


def test_a_container_that_does_not_stop_is_killed(engine, leaving, monkeypatch):
    moments = iter([0.0, SECONDS - 1, SECONDS - 1, SECONDS])
    monkeypatch.setattr(revision_driver, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    assert not leaving.has_stopped(ONE, "n") and leaving.is_ending(1)
    assert not leaving.has_stopped(ONE, "n") and leaving.is_busy
    assert leaving.has_stopped(ONE, "n") and engine.signals == 1
    assert not leaving.is_ending(1) and not leaving.is_busy


def test_open_requests_have_the_time_of_the_setting(leaving, monkeypatch):
    """Requests that are just arriving have at least a moment."""
    moments, used = [0.0], [True]
    monkeypatch.setattr(revision_driver, "time", SimpleNamespace(monotonic=lambda: moments[0]))
    monkeypatch.setattr(revision_driver, "is_connected", lambda *_: used[0])
    assert not leaving.is_drained(ONE)
    moments[0] = SECONDS - 1
    assert not leaving.is_drained(ONE)
    moments[0] = SECONDS
    assert leaving.is_drained(ONE)
    moments[0], used[0] = DRAIN_LEAST_SECONDS - 1, False
    assert not leaving.is_drained(ONE)
    moments[0] = DRAIN_LEAST_SECONDS
    assert leaving.is_drained(ONE)


def test_a_restarted_container_is_found_again(engine, leaving):
    assert leaving.is_gone(1, "n")
    leaving.reset(1)
    engine.status = "exited"
    assert leaving.has_stopped(ONE, "n") and engine.status == ""
