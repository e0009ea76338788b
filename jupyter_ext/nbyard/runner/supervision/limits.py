"""Enforces the limits of the work: its time, its time without output, and its memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..process import processes
from ..reasons import Reason, because
from ..work.work_outcome import too_long, too_silent, words_for_bytes

LOOK_SECONDS = 0.5
FREE_SECONDS = 0.25  # short work may end before its memory would be measured
LOOK_SHARE = 20
# In version 2 and in version 1 of Linux control groups.
EVENT_FILES = (
    ("/sys/fs/cgroup/memory.events", "oom_kill"),
    ("/sys/fs/cgroup/memory/memory.oom_control", "oom_kill"),
)


class Limits:
    """The limits of an attempt: its duration, its time without output, and its memory."""

    def __init__(self, task: dict[str, Any]) -> None:
        self._seconds = task.get("timeout_seconds")
        self._silent_seconds = task.get("silence_timeout_seconds")
        self.memory = MemoryWatch(task.get("memory_bytes"))
        self._started = self._last_sign = time.monotonic()

    def begin(self) -> None:
        """Start to count the time of the work now."""
        self._started = self._last_sign = time.monotonic()

    def note_activity(self) -> None:
        """Record that the work printed or reported something."""
        self._last_sign = time.monotonic()

    def silent_seconds(self) -> float:
        """Return the seconds since the work last printed or reported something."""
        return time.monotonic() - self._last_sign

    def broken(self, now: float, tree: Callable[[], set[int]]) -> tuple[str, Reason] | None:
        """Return the kind of failure and its reason if a limit is exceeded, else None.

        `now` is a time of the monotonic clock. `tree` returns the pids of the work.
        """
        if self._seconds and now - self._started > self._seconds:
            return "timeout", too_long(self._seconds)
        if self._silent_seconds and now - self._last_sign > self._silent_seconds:
            return "timeout", too_silent(self._silent_seconds)
        if now - self._started < FREE_SECONDS:
            return None
        reason = self.memory.exceeded(tree)
        return ("memory", reason) if reason else None


class MemoryWatch:
    """Measures the memory of the work's processes, in at most a twentieth of the time.

    `seen` has the pids at the last measurement.
    """

    def __init__(self, limit_bytes: float | None) -> None:
        self._limit = limit_bytes
        self._next_look = 0.0
        self._kills = kills_by_system()
        self.peak_bytes = 0
        self.seen: set[int] = set()

    def exceeded(self, tree: Callable[[], set[int]]) -> Reason | None:
        """Measure the memory if that is due.

        Return the reason if the limit is exceeded, else None.
        """
        started = time.monotonic()
        if started < self._next_look:
            return None
        pids = self.seen = tree()
        known = [processes.read_process(pid) for pid in pids]
        used = sum(process.rss_bytes for process in known if process)
        if self._limit and used > self._limit:
            # the sum counts pages shared by forked processes several times
            used = processes.memory_bytes(pids)
        self.peak_bytes = max(self.peak_bytes, used)
        now = time.monotonic()
        self._next_look = now + max(LOOK_SECONDS, (now - started) * LOOK_SHARE)
        if not self._limit or used <= self._limit:
            return None
        shown = {"used": words_for_bytes(used), "limit": words_for_bytes(self._limit)}
        return because("memory-limit", **shown)

    def system_killed(self) -> bool:
        """Return whether the system has killed a process for lack of memory since the start."""
        return kills_by_system() > self._kills


def kills_by_system() -> int:
    """Return how many processes the system has killed for lack of memory in this control group.

    Return 0 if the system does not count them.
    """
    for path, key in EVENT_FILES:
        try:
            with open(path, encoding="ascii") as file:
                counts = dict(line.split()[:2] for line in file)
            return int(counts.get(key, 0))
        except (OSError, ValueError):
            continue
    return 0
