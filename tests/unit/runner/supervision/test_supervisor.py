"""R7: how soon work ends, by a test clock. Real work: conformance/runtimes.py, test_runs.py."""

from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

from nbyard.runner.supervision import supervisor as module
from nbyard.runner.supervision.supervisor import Supervisor

ASKED_AT = 0.01  # just after a look for requests


class Selector:
    """Nothing is printed, but a pipe stays open; waiting moves the clock."""

    def __init__(self) -> None:
        self.now = 0.0

    def select(self, seconds: float) -> list[Any]:
        self.now += seconds
        return []

    def get_map(self) -> list[str]:
        return ["signals", "output"]


def test_work_that_ignores_a_cancel_is_killed_after_3_s_and_gone_before_5(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, signals = Selector(), []
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    made: Any = Supervisor.__new__(Supervisor)
    for name in ("_progress", "_guard", "_record", "_reserve", "_limits", "log", "_reports"):
        setattr(made, name, MagicMock())
    made._progress.has_news = made._reports.offers_to_stay = False
    made._limits.broken.return_value = made._limits.memory.seen = None
    made.log.trouble = made._watch = made._outside = made._ending = None
    made._signals, made._selector, made._next_beat = MagicMock(stop=None), clock, 1000.0
    made._task = {"mark": "m"}
    reason = {"code": "cancelled", "params": {}}
    made._folder = SimpleNamespace(cancel_reason=lambda: reason if clock.now >= ASKED_AT else None)
    made._children = SimpleNamespace(
        status=None,
        reap=lambda: False,
        tree=lambda: {7},
        ask_to_end=lambda: signals.append(("TERM", clock.now)),
        kill_all=lambda mark: signals.append(("KILL", clock.now)),
    )
    made._supervise_until_over()
    made._kill_remains()
    (asked, term), (killed, kill) = signals
    assert (asked, killed) == ("TERM", "KILL")
    assert term - ASKED_AT <= 0.5, "a request to cancel is seen soon"
    assert 3.0 <= kill - term <= 3.3
    assert clock.now - ASKED_AT < 5.0, "the pipe that stays open is left"
