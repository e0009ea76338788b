"""Memory usage_recorder."""

import os
import time
from pathlib import Path

import pytest

from nbyard.reasons.structs import read_reason
from nbyard.runner.reasons import because
from nbyard.runner.supervision import usage_recorder
from nbyard.runner.supervision.usage_recorder import MemoryWatch


def test_memory_below_and_above_the_limit() -> None:
    assert MemoryWatch(1 << 40).exceeded(lambda: {os.getpid()}) is None
    watch = MemoryWatch(1 << 20)
    words = str(read_reason(watch.exceeded(lambda: {os.getpid()})))
    assert words.startswith("used ") and words.endswith("limit of 1 MiB")
    assert watch.peak_bytes > 1 << 20


def test_memory_is_checked_at_intervals() -> None:
    watch = MemoryWatch(1)
    assert watch.exceeded(lambda: {os.getpid()})
    assert watch.exceeded(lambda: {os.getpid()}) is None


def test_kills_by_the_system_are_detected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control group counts them."""
    events = tmp_path / "memory.events"
    events.write_text("low 0\noom_kill 2\n")
    monkeypatch.setattr(
        usage_recorder, "EVENT_FILES", (("/nowhere", "x"), (str(events), "oom_kill"))
    )
    watch = MemoryWatch(None)
    assert not watch.system_killed()
    events.write_text("low 0\noom_kill 3\n")
    assert watch.system_killed()
    monkeypatch.setattr(usage_recorder, "EVENT_FILES", ())
    assert usage_recorder.kills_by_system() == 0


def test_each_broken_limit_is_reported() -> None:
    """Time and silence. Memory counts only if short work would have ended."""
    made = usage_recorder.Limits(
        {"timeout_seconds": 9, "silence_timeout_seconds": 5, "memory_bytes": 1}
    )
    made.begin()
    now = time.monotonic()
    assert made.broken(now, lambda: {os.getpid()}) is None
    broken = made.broken(now + 1, lambda: {os.getpid()})
    assert broken is not None and broken[0] == "memory"
    silent = because("silence-limit", seconds=5)
    assert made.broken(now + 6, set) == ("timeout", silent)
    assert made.broken(now + 10, set) == ("timeout", because("time-limit", seconds=9))
    assert made.silent_seconds() < 5
