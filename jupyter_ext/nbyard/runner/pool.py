"""Kernels that are ready before a notebook asks for one: how many of which, and when they go.

What is ready is a whole supervisor with its runner and kernel, forked from the prepared parent. It
serves one attempt and ends. Those of kernels used last are kept, within a number and an amount of
memory, while the machine has memory to spare.
"""

from __future__ import annotations

import contextlib
import socket
import time
from typing import NamedTuple

from . import processes

IDLE_SECONDS = 180.0
LOOK_SECONDS = 5.0
# Of what is available; below, memory is for the work.
SPARE_SHARE = 8
FAILURES = 3


class Standing(NamedTuple):
    """One that waits: `claims` is where its attempt is said, and heard that it is ready."""

    pid: int
    kernel: str
    scratch: str
    claims: socket.socket


class Pool:
    def __init__(self, count: int, budget_bytes: int) -> None:
        self._count = count
        self._budget_bytes = budget_bytes
        self._asked: dict[str, float] = {}  # kernels, and when they were wanted last
        self._bytes: dict[int, int] = {}  # of those that are ready, by their pid
        self._sizes: dict[str, tuple[float, int]] = {}  # of a kernel's kind, and when it was seen
        self._largest = 0
        self._failures = 0
        self.standing: dict[int, Standing] = {}
        self.leaving: dict[int, Standing] = {}

    def take(self, kernel: str) -> Standing | None:
        """One for an attempt of now, the readiest."""
        self._asked[kernel] = time.monotonic()
        fitting = [one for one in self.standing.values() if one.kernel == kernel]
        if not fitting:
            return None
        chosen = next((one for one in fitting if one.pid in self._bytes), fitting[0])
        self._bytes.pop(chosen.pid, None)
        return self.standing.pop(chosen.pid)

    def missing(self) -> str:
        """A kernel of which one more should stand by; empty when none should."""
        if not self._asked or self._failures >= FAILURES:
            return ""
        if len(self.standing) >= self._count or not self._has_memory(1):
            return ""
        recent = sorted(self._asked, key=lambda name: -self._asked[name])[: self._count]
        for name in recent:  # one of each, then more of the last
            if not any(one.kernel == name for one in self.standing.values()):
                return name
        return recent[0]

    def give_up(self) -> None:
        """There is no place for any."""
        self._failures = FAILURES

    def add(self, one: Standing) -> None:
        self.standing[one.pid] = one

    def hear(self, one: Standing) -> None:
        """It is ready."""
        with contextlib.suppress(OSError):  # it ends; that is heard elsewhere
            if one.claims.recv(1):
                self._failures = 0
                self._bytes[one.pid] = self._measured(one)
                self._largest = max(self._largest, self._bytes[one.pid])

    def _measured(self, one: Standing) -> int:
        """What one of its kind holds. To look takes as long as a cell, and they are all alike."""
        at, known = self._sizes.get(one.kernel, (-IDLE_SECONDS, 0))
        now = time.monotonic()
        if now - at >= IDLE_SECONDS:
            at, known = now, processes.memory_bytes({one.pid} | processes.below(one.pid))
            self._sizes[one.kernel] = at, known
        return known

    def waiting(self) -> list[socket.socket]:
        """Where is heard that one is ready."""
        standing = self.standing.values()
        return [one.claims for one in standing if one.pid not in self._bytes]

    def lost(self, pid: int) -> Standing | None:
        """One has ended by itself, if it was one of these."""
        one = self.leaving.pop(pid, None)
        if one is None and pid in self.standing:
            one = self.standing.pop(pid)
            self._failures += self._bytes.pop(pid, 0) == 0
        if one is not None:
            one.claims.close()
        return one

    def look(self) -> None:
        """Let go of what nobody used lately, and of all when memory is short."""
        now = time.monotonic()
        self._asked = {k: at for k, at in self._asked.items() if now - at < IDLE_SECONDS}
        short = not self._has_memory(0)
        for one in list(self.standing.values()):
            if short or one.kernel not in self._asked:
                self.drop(one)

    def drop(self, one: Standing) -> None:
        """It ends when it hears that nobody will ask."""
        with contextlib.suppress(OSError):  # it has ended
            one.claims.shutdown(socket.SHUT_WR)
        self._bytes.pop(one.pid, None)
        self.leaving[one.pid] = self.standing.pop(one.pid)

    def _has_memory(self, more: int) -> bool:
        """Whether there is room for that many more than there are."""
        if self._largest * (len(self.standing) + more) > self._budget_bytes:
            return False
        available, whole = memory_of_machine()
        return available > whole / SPARE_SHARE + self._largest * more


def memory_of_machine() -> tuple[int, int]:
    """What could be had without swapping, and all there is."""
    with open("/proc/meminfo", encoding="ascii") as file:
        lines = (line.split() for line in file)
        found = {words[0]: int(words[1]) * 1024 for words in lines if len(words) > 1}
    return found.get("MemAvailable:", 0), found["MemTotal:"]
