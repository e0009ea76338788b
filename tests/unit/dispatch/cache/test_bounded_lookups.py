"""Slow lookups: a request waits for a short time, and the thread goes on."""

import threading
from collections.abc import Iterator

import pytest

from nbyard.dispatch.cache import forecasts
from nbyard.dispatch.cache.forecasts import BoundedLookups
from nbyard.errors import NotFound, Unavailable

NOW = 0.0
LONG = 10.0


@pytest.fixture
def lookups() -> BoundedLookups[str]:
    return BoundedLookups("lookup-in-test")


@pytest.fixture
def may_end() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_values_and_errors_arrive(lookups):
    def fail() -> str:
        raise NotFound("gone")

    assert lookups.get("a", lambda: "found", LONG) == "found"
    for _ in range(2):
        with pytest.raises(NotFound, match="gone"):
            lookups.get("a", fail, LONG)
    assert not lookups.is_under_way("a")


def test_a_slow_lookup_continues_and_is_not_repeated(lookups, may_end):
    begun: list[str] = []

    def look() -> str:
        begun.append("")
        may_end.wait()
        return "found"

    for _ in range(3):
        with pytest.raises(Unavailable) as error:
            lookups.get("a", look, NOW)
        assert error.value.reason.code == "forecast-late"
    assert lookups.is_under_way("a")
    assert lookups.get("b", lambda: "other", LONG) == "other"
    assert begun == [""]
    may_end.set()
    assert lookups.get("a", look, LONG) == "found"


def test_the_number_of_threads_is_bounded(lookups, may_end, monkeypatch):
    monkeypatch.setattr(forecasts, "MOST_THREADS", 2)
    for key in "abc":
        with pytest.raises(Unavailable):
            lookups.get(key, lambda: str(may_end.wait()), NOW)
    assert [lookups.is_under_way(key) for key in "abc"] == [True, True, False]


def test_an_unexpected_error_is_logged_by_its_thread(lookups, monkeypatch):
    logged: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda of: logged.append(of.exc_type))
    of: list[threading.Thread] = []

    def fail() -> str:
        of.append(threading.current_thread())
        raise ValueError("unexpected")

    with pytest.raises(Unavailable):
        lookups.get("a", fail, LONG)
    of[0].join(LONG)
    assert logged == [ValueError]
    assert not lookups.is_under_way("a")
