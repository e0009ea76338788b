"""Memory limits."""

import os
from pathlib import Path

import pytest

from nbyard.reasons.structs import read
from nbyard.runner.supervision import limits
from nbyard.runner.supervision.limits import MemoryWatch


def test_below_and_above_the_limit() -> None:
    assert MemoryWatch(1 << 40).exceeded(lambda: {os.getpid()}) is None
    watch = MemoryWatch(1 << 20)
    words = str(read(watch.exceeded(lambda: {os.getpid()})))
    assert words.startswith("used ") and words.endswith("more than its limit of 1 MiB")
    assert watch.peak_bytes > 1 << 20


def test_it_does_not_look_all_the_time() -> None:
    watch = MemoryWatch(1)
    assert watch.exceeded(lambda: {os.getpid()})
    assert watch.exceeded(lambda: {os.getpid()}) is None


def test_kills_by_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F32: the control group counts them."""
    events = tmp_path / "memory.events"
    events.write_text("low 0\noom_kill 2\n")
    monkeypatch.setattr(limits, "EVENT_FILES", (("/nowhere", "x"), (str(events), "oom_kill")))
    watch = MemoryWatch(None)
    assert not watch.system_killed()
    events.write_text("low 0\noom_kill 3\n")
    assert watch.system_killed()
    monkeypatch.setattr(limits, "EVENT_FILES", ())
    assert limits.kills_by_system() == 0
