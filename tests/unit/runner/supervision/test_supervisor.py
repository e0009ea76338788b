"""How soon work ends, by a test clock. Real work: conformance/runtimes.py, test_runs.py."""

from pathlib import Path
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

    def register(self, *_: Any) -> None:
        """All of it is one pipe here."""

    unregister = register


COLLABORATORS = ("Progress", "Log", "Limits", "UsageRecord", "GpuMeter", "Reports", "Signals")
FUNCTIONS = ("Children", "Watch", "masks_of", "adopt_orphans", "work_outcome")


def test_work_that_ignores_a_cancel_is_killed_after_3_s_and_gone_before_5(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clock, signals = Selector(), []
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(module, "selectors", MagicMock(DefaultSelector=lambda: clock))
    parts = {name: MagicMock() for name in (*COLLABORATORS, *FUNCTIONS)}
    for name, part in parts.items():
        monkeypatch.setattr(module, name, part)
    parts["Progress"]().has_news = parts["Reports"]().offers_to_stay = False
    parts["Limits"]().silent_seconds.return_value = 0.0
    parts["Limits"]().broken.return_value = parts["Limits"]().memory.seen = None
    parts["Limits"]().memory.peak_bytes = parts["UsageRecord"]().ended_cpu.return_value = 1
    parts["Log"]().trouble = parts["Signals"]().stop = parts["Watch"]().problem = None
    parts["Children"].return_value = MagicMock(
        status=None,
        largest_bytes=1,
        reap=lambda: False,
        tree=lambda: {7},
        ask_to_end=lambda: signals.append(("TERM", clock.now)),
        kill_all=lambda mark: signals.append(("KILL", clock.now)),
    )
    reason = {"code": "cancelled", "params": {}}
    folder: Any = MagicMock(
        at=lambda name: str(tmp_path / name),
        cancel_reason=lambda: reason if clock.now >= ASKED_AT else None,
    )
    task = {"mark": "m", "outputs": {}}
    made = Supervisor(folder, task, MagicMock(), MagicMock(), MagicMock())
    assert made.run()["state"] == "cancelled"
    (asked, term), (killed, kill) = signals
    assert (asked, killed) == ("TERM", "KILL")
    assert term - ASKED_AT <= 0.5, "a request to cancel is seen soon"
    assert 3.0 <= kill - term <= 3.3
    assert clock.now - ASKED_AT < 5.0, "the pipe that stays open is left"
