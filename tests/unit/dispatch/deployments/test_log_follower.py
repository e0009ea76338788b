"""The log of a container is copied, and continued where it ended."""

import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

from nbyard.dispatch.deployments import revision_driver
from nbyard.dispatch.deployments.revision_driver import LogFollower
from nbyard.errors import Unavailable
from nbyard.logs.log_files import RotatingLog


class Printing:
    """An engine whose container prints one line a nanosecond, and which is lost now and then."""

    def lines(self, name: str, since: int) -> Iterator[tuple[int, bytes]]:
        for moment in range(max(since, 5), 10):
            yield moment, b"%d\n" % moment
            if moment == 7 and since < 7:
                raise Unavailable("lost")


class Shared:
    """An engine whose container has printed so many lines, which whoever asks gets in his turn."""

    def __init__(self, turns: threading.Barrier) -> None:
        self._turns = turns

    def lines(self, name: str, since: int) -> Iterator[tuple[int, bytes]]:
        self._turns.wait(60)  # both know by now how far the log is
        for moment in range(max(since, 5), 500):
            yield moment, b"%d\n" % moment


def test_two_dispatchers_that_copy_one_log_at_once_write_each_line_once(tmp_path):
    """This happens when one takes over from another that still runs."""
    given: Any = Shared(threading.Barrier(2))
    path = tmp_path / "1.log"
    both = [LogFollower(given, "c", RotatingLog(path)) for _ in range(2)]
    for one in both:
        one.join()
    assert RotatingLog(path).read(0, done=True).text.split() == [str(n) for n in range(5, 500)]


def test_a_log_has_each_line_once(tmp_path):
    kept, engine = RotatingLog(tmp_path / "1.log"), Printing()
    for _ in range(3):
        given: Any = engine
        LogFollower(given, "c", kept).join()
    assert kept.read(0, done=True).text == "5\n6\n7\n8\n9\n"


def test_the_end_of_a_container_is_logged_but_no_lost_engine(tmp_path, monkeypatch):
    """Otherwise an engine that cannot follow logs would be asked without a pause."""
    monkeypatch.setattr(revision_driver, "SHORT_SECONDS", -1.0)
    ends: list[str] = []
    given: Any = Printing()
    for stage in ("lost", "stopped"):
        LogFollower(given, "c", RotatingLog(tmp_path / "1.log"), partial(ends.append, stage)).join()
    assert ends == ["stopped"]
    monkeypatch.setattr(revision_driver, "SHORT_SECONDS", 60.0)
    LogFollower(given, "c", RotatingLog(tmp_path / "1.log"), partial(ends.append, "short")).join()
    assert ends == ["stopped"]
