"""Kernels that are ready before a notebook asks for one: how many of which, and when they go.

What is ready is a whole supervisor with its runner, forked from the prepared parent, and its
kernel, which is forked or started. A kernel serves one attempt and ends; supervisor and runner may
come back for another, and are quicker then: what they share with their parent is copied where they
touched it. Those of kernels used last are kept, within a number and an amount of memory, while the
machine has memory to spare.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Collection
from typing import NamedTuple

from . import processes

IDLE_SECONDS = 180.0
LOOK_SECONDS = 5.0
# That come back, more than should stand by: so many, and so long.
MORE = 2
MORE_SECONDS = 5.0
# So long one that was taken is expected back before another one is made, which would keep it from
# its work.
BACK_SECONDS = 0.25
# Of what is available; below, memory is for the work.
SPARE_SHARE = 8
FAILURES = 3
# What one says of itself.
READY = b"r"
FREE = b"f"


class Standing(NamedTuple):
    """One that waits: `claims` is where its attempt is said, and heard that it is ready."""

    pid: int
    kernel: str
    scratch: str
    claims: socket.socket
    is_forked: bool = True
    has_served: bool = False


class Pool:
    def __init__(self, count: int, budget_bytes: int) -> None:
        self._count = count
        self._budget_bytes = budget_bytes
        self._asked: dict[str, float] = {}  # kernels, and when they were wanted last
        self._ready: set[int] = set()
        self._sizes: dict[str, tuple[float, int]] = {}  # of a kernel's kind, and when it was seen
        self._failures: dict[str, int] = {}
        self.standing: dict[int, Standing] = {}
        self.busy: dict[int, Standing] = {}
        self.leaving: dict[int, Standing] = {}

    def take(self, kernel: str, *, is_forked: bool = True) -> Standing | None:
        """One for an attempt of now, the readiest and then the quickest."""
        self._asked[kernel] = time.monotonic()
        fitting = [one for one in self._of(kernel) if one.is_forked == is_forked]
        if not fitting:
            return None
        chosen = max(fitting, key=lambda one: (one.pid in self._ready, one.has_served))
        self._ready.discard(chosen.pid)
        self.busy[chosen.pid] = self.standing.pop(chosen.pid)
        return chosen

    def _of(self, kernel: str) -> list[Standing]:
        return [one for one in self.standing.values() if one.kernel == kernel]

    def missing(self) -> str:
        """A kernel of which one more should stand by; empty when none should."""
        recent = self._recent()
        for name in recent:  # one of each, then more of the last
            if not self._of(name) and self._in_its_way(name) is not None:
                return name
        first = recent[0] if recent else ""
        is_due = first and not self._is_expected(first)
        return first if is_due and self._in_its_way(first) == [] else ""

    def _is_expected(self, kernel: str) -> bool:
        """Whether one of it may soon be back, while another is there for the next attempt."""
        is_new = time.monotonic() - self._asked[kernel] < BACK_SECONDS
        is_ready = any(one.pid in self._ready for one in self._of(kernel))
        comes = any(one.kernel == kernel and one.is_forked for one in self.busy.values())
        return is_new and is_ready and comes

    def patience(self) -> float:
        """After so many seconds it may be time to make one, or to let one go."""
        is_waiting = any(map(self._is_expected, self._recent()[:1]))
        return BACK_SECONDS if is_waiting else LOOK_SECONDS

    def make_room(self, kernel: str) -> None:
        """For one more of it."""
        for one in self._in_its_way(kernel) or ():
            self.drop(one)

    def _recent(self) -> list[str]:
        """Those that should stand by, the last first."""
        names = [name for name in self._asked if self._failures.get(name, 0) < FAILURES]
        return sorted(names, key=lambda name: -self._asked[name])[: self._count]

    def _in_its_way(self, kernel: str) -> list[Standing] | None:
        """Who has to go for one more of it, those of kernels used less lately and those of which
        there are several; None when it may not be."""
        own = self._of(kernel)
        if any(not one.is_forked and one.pid not in self._ready for one in own):
            return None  # to start takes as long as the work; one after the other
        go: list[Standing] = []
        for one in sorted(self.standing.values(), key=self._worth):
            if self._has_place(kernel, go):
                break
            others = [other for other in self._of(one.kernel) if other not in go]
            is_later = self._asked.get(one.kernel, 0.0) < self._asked[kernel]
            if not own and one.kernel != kernel and (is_later or len(others) > 1):
                go.append(one)
        return go if self._has_place(kernel, go) else None

    def _worth(self, one: Standing) -> tuple[float, bool]:
        return self._asked.get(one.kernel, 0.0), one.has_served

    def _has_place(self, kernel: str, go: Collection[Standing], beyond: int = 0) -> bool:
        """Whether one more of it may be there when these have gone."""
        stay = [one for one in self.standing.values() if one not in go]
        held, more = sum(self._size(one.kernel) for one in stay), self._size(kernel)
        fits = len(stay) < self._count + beyond and held + more <= self._budget_bytes
        return fits and not is_short(more)

    def _size(self, kernel: str) -> int:
        """Of one of its kind, 0 as long as it is not known."""
        return self._sizes.get(kernel, (0.0, 0))[1]

    def give_up(self) -> None:
        """There is no place for any."""
        self._count = 0

    def is_free(self, one: Standing) -> bool:
        """Whether it has come to the end of its attempt and would serve another."""
        word = b""
        with contextlib.suppress(OSError):  # it ends
            word = one.claims.recv(1)
        if word != READY:  # heard late, of one that was taken before
            self.leaving[one.pid] = self.busy.pop(one.pid)
        return word == FREE

    def take_back(self, one: Standing, scratch: str) -> None:
        """Have it stand by again.

        Raises:
            OSError: it is gone.
        """
        one.claims.send(scratch.encode())
        del self.leaving[one.pid]
        self.add(one._replace(scratch=scratch, has_served=True))

    def wants_back(self, kernel: str) -> bool:
        """Whether one of it may stand by again."""
        return kernel in self._recent() and self._has_place(kernel, (), MORE)

    def add(self, one: Standing) -> None:
        self.standing[one.pid] = one

    def hear(self, one: Standing) -> None:
        """It is ready."""
        with contextlib.suppress(OSError):  # it ends; that is heard elsewhere
            if one.claims.recv(1):
                self._failures.pop(one.kernel, None)
                self._ready.add(one.pid)
                self._measure(one)

    def _measure(self, one: Standing) -> None:
        """What one of its kind holds. To look takes as long as a cell, and they are all alike."""
        now = time.monotonic()
        if now - self._sizes.get(one.kernel, (-IDLE_SECONDS, 0))[0] >= IDLE_SECONDS:
            size = processes.memory_bytes({one.pid} | processes.below(one.pid))
            self._sizes[one.kernel] = now, size

    def sources(self) -> list[socket.socket]:
        """Where is heard that one is ready, or free again."""
        waiting = [one for one in self.standing.values() if one.pid not in self._ready]
        return [one.claims for one in (*waiting, *self.busy.values())]

    def lost(self, pid: int) -> Standing | None:
        """One has ended by itself, if it was one of these."""
        one = self.leaving.pop(pid, None) or self.busy.pop(pid, None)
        if one is None and pid in self.standing:
            one = self.standing.pop(pid)
            if pid not in self._ready:
                self._failures[one.kernel] = self._failures.get(one.kernel, 0) + 1
            self._ready.discard(pid)
        if one is not None:
            one.claims.close()
        return one

    def look(self) -> None:
        """Let go of what nobody used lately, of what is too much, and of all when memory is
        short."""
        now = time.monotonic()
        self._asked = {k: at for k, at in self._asked.items() if now - at < IDLE_SECONDS}
        self._failures = {k: n for k, n in self._failures.items() if k in self._asked}
        held, short = 0, is_short(0)
        ranked = sorted(self.standing.values(), key=self._worth, reverse=True)
        for rank, one in enumerate(ranked):
            held += self._size(one.kernel)
            asked = self._asked.get(one.kernel, -IDLE_SECONDS)
            is_more = rank >= self._count and now - asked > MORE_SECONDS
            if short or held > self._budget_bytes or one.kernel not in self._asked or is_more:
                self.drop(one)

    def drop(self, one: Standing) -> None:
        """It ends when it hears that nobody will ask."""
        with contextlib.suppress(OSError):  # it has ended
            one.claims.shutdown(socket.SHUT_WR)
        self._ready.discard(one.pid)
        self.standing.pop(one.pid, None)
        self.leaving[one.pid] = one


def is_short(more: int) -> bool:
    """Whether the machine would have little left with that many bytes less."""
    available, whole = memory_of_machine()
    return available <= whole / SPARE_SHARE + more


def memory_of_machine() -> tuple[int, int]:
    """What could be had without swapping, and all there is."""
    with open("/proc/meminfo", encoding="ascii") as file:
        lines = (line.split() for line in file)
        found = {words[0]: int(words[1]) * 1024 for words in lines if len(words) > 1}
    return found.get("MemAvailable:", 0), found["MemTotal:"]
