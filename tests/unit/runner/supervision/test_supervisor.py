"""How soon work ends, by a test clock. Real work: conformance/runtimes.py, test_runs.py."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

from nbyard.runner.supervision import supervisor as module
from nbyard.runner.supervision.supervisor import RESERVED_BYTES, Reserve, Supervisor

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


def held_bytes(folder: Path) -> int:
    """By files of this process that have lost their name in the folder."""
    found = 0
    for name in os.listdir("/proc/self/fd"):
        place = Path("/proc/self/fd", name)
        if place.is_symlink() and os.readlink(place).startswith(f"{folder}/"):
            found += place.stat().st_blocks * 512
    return found


def test_space_is_reserved_and_released(tmp_path: Path) -> None:
    """I15: for one attempt after the other, until it is needed."""
    reserve = Reserve()
    assert not reserve.release()
    for _ in range(2):
        for _ in range(2):
            reserve.hold(str(tmp_path))
            assert os.listdir(tmp_path) == [] and held_bytes(tmp_path) >= RESERVED_BYTES
        assert reserve.release() and not reserve.release()
        assert held_bytes(tmp_path) == 0


def test_space_is_reserved_on_the_used_disk(tmp_path: Path) -> None:
    """The next attempt may be on another disk."""
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is one disk only")
    reserve = Reserve()
    reserve.hold(str(other))
    reserve.hold(str(tmp_path))
    assert held_bytes(tmp_path) >= RESERVED_BYTES and held_bytes(other) == 0
    assert reserve.release()


def test_without_space_nothing_is_reserved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    reserve = Reserve()
    monkeypatch.setattr(os, "posix_fallocate", full)
    reserve.hold(str(tmp_path))
    reserve.hold(str(tmp_path / "gone"))
    assert held_bytes(tmp_path) == 0 and not reserve.release()
