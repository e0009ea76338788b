"""Warm kernels: how many of which kind wait for notebooks, and when they end.

A warm kernel comes with a whole supervisor and its runner, forked from the prepared parent. The
kernel itself is forked or spawned. A kernel serves one attempt and ends.

Supervisor and runner may come back for another attempt. They are faster then, as the memory pages
they changed are already copied. The pool keeps the kernels used last, up to a number and an amount
of memory. It keeps none when the machine is short of memory.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Collection
from typing import NamedTuple

from ..process import processes

IDLE_SECONDS = 180.0
LOOK_SECONDS = 5.0
# Supervisors that came back: how many more than `count` may wait, and for how many seconds.
MORE = 2
MORE_SECONDS = 5.0
# The share (1/8) of all memory that must stay available. Below it, memory is for the work.
SPARE_SHARE = 8
FAILURES = 3
# Messages from a supervisor.
READY = b"r"
FREE = b"f"


class WaitingSupervisor(NamedTuple):
    """A waiting supervisor. It receives its attempt through `claims` and reports there."""

    pid: int
    kernel: str
    scratch: str
    claims: socket.socket
    is_forked: bool = True
    has_served: bool = False


class Pool:
    """Supervisors with warm kernels: `standing` wait, `busy` have an attempt."""

    def __init__(self, count: int, budget_bytes: int) -> None:
        self._count = count
        self._budget_bytes = budget_bytes
        self._asked: dict[str, float] = {}  # when each kernel was last requested
        self._ready: set[int] = set()
        # size of each kernel with the time of measurement
        self._sizes: dict[str, tuple[float, int]] = {}
        self._failures: dict[str, int] = {}
        self.standing: dict[int, WaitingSupervisor] = {}
        self.busy: dict[int, WaitingSupervisor] = {}
        self.leaving: dict[int, WaitingSupervisor] = {}

    def take(self, kernel: str, *, is_forked: bool = True) -> WaitingSupervisor | None:
        """Take a supervisor for an attempt: a ready one first, then one that has served before."""
        self._asked[kernel] = time.monotonic()
        fitting = [one for one in self._of(kernel) if one.is_forked == is_forked]
        if not fitting:
            return None
        chosen = max(fitting, key=lambda one: (one.pid in self._ready, one.has_served))
        self._ready.discard(chosen.pid)
        self.busy[chosen.pid] = self.standing.pop(chosen.pid)
        return chosen

    def _of(self, kernel: str) -> list[WaitingSupervisor]:
        return [one for one in self.standing.values() if one.kernel == kernel]

    def kernel_to_prepare(self) -> str:
        """Return the name of a kernel that should be prepared once more, or an empty text."""
        recent = self._recent()
        for name in recent:  # one of each kernel first, then more of the last one
            if not self._of(name) and self._to_dismiss_for(name) is not None:
                return name
        first = recent[0] if recent else ""
        return first if first and self._to_dismiss_for(first) == [] else ""

    def make_room(self, kernel: str) -> None:
        """Dismiss supervisors so that one more of this kernel fits."""
        for one in self._to_dismiss_for(kernel) or ():
            self.dismiss(one)

    def _recent(self) -> list[str]:
        """Return the names of kernels to keep warm, the last used first."""
        names = [name for name in self._asked if self._failures.get(name, 0) < FAILURES]
        return sorted(names, key=lambda name: -self._asked[name])[: self._count]

    def _to_dismiss_for(self, kernel: str) -> list[WaitingSupervisor] | None:
        """Return the supervisors to dismiss for one more of this kernel, None if it cannot fit.

        Kernels used less recently go first. So do kernels of which several wait.
        """
        own = self._of(kernel)
        if any(not one.is_forked and one.pid not in self._ready for one in own):
            return None  # spawning takes as long as the work, so only one spawns at a time
        go: list[WaitingSupervisor] = []
        for one in sorted(self.standing.values(), key=self._worth):
            if self._has_place(kernel, go):
                break
            others = [other for other in self._of(one.kernel) if other not in go]
            is_later = self._asked.get(one.kernel, 0.0) < self._asked[kernel]
            if not own and one.kernel != kernel and (is_later or len(others) > 1):
                go.append(one)
        return go if self._has_place(kernel, go) else None

    def _worth(self, one: WaitingSupervisor) -> tuple[float, bool]:
        return self._asked.get(one.kernel, 0.0), one.has_served

    def _has_place(self, kernel: str, go: Collection[WaitingSupervisor], beyond: int = 0) -> bool:
        """Return whether one more of this kernel fits without the supervisors in `go`."""
        stay = [one for one in self.standing.values() if one not in go]
        held, more = sum(self._size(one.kernel) for one in stay), self._size(kernel)
        fits = len(stay) < self._count + beyond and held + more <= self._budget_bytes
        return fits and not is_short(more)

    def _size(self, kernel: str) -> int:
        """Return the size of a kernel in bytes, 0 while it is unknown."""
        return self._sizes.get(kernel, (0.0, 0))[1]

    def give_up(self) -> None:
        """Stop preparing kernels, because no more can be forked."""
        self._count = 0

    def is_free(self, one: WaitingSupervisor) -> bool:
        """Return whether a busy supervisor has finished its attempt and would serve another."""
        word = b""
        with contextlib.suppress(OSError):  # the supervisor is ending
            word = one.claims.recv(1)
        if word != READY:  # READY may arrive late, after the supervisor was taken
            self.leaving[one.pid] = self.busy.pop(one.pid)
        return word == FREE

    def take_back(self, one: WaitingSupervisor, scratch: str) -> None:
        """Return a supervisor to the pool after its attempt, with another scratch folder.

        Raises:
            OSError: The supervisor is gone.
        """
        one.claims.send(scratch.encode())
        del self.leaving[one.pid]
        self.add(one._replace(scratch=scratch, has_served=True))

    def wants_back(self, kernel: str) -> bool:
        """Return whether a supervisor of this kernel may wait again."""
        return kernel in self._recent() and self._has_place(kernel, (), MORE)

    def add(self, one: WaitingSupervisor) -> None:
        """Add a supervisor that waits."""
        self.standing[one.pid] = one

    def mark_ready(self, one: WaitingSupervisor) -> None:
        """Read the message of a supervisor that its kernel is ready, and forget its failures."""
        with contextlib.suppress(OSError):  # the supervisor is ending, which `remove_ended` handles
            if one.claims.recv(1):
                self._failures.pop(one.kernel, None)
                self._ready.add(one.pid)
                self._measure(one)

    def _measure(self, one: WaitingSupervisor) -> None:
        """Measure the memory of a kernel, once for all alike: a look takes as long as a cell."""
        now = time.monotonic()
        if now - self._sizes.get(one.kernel, (-IDLE_SECONDS, 0))[0] >= IDLE_SECONDS:
            size = processes.memory_bytes({one.pid} | processes.descendants_of(one.pid))
            self._sizes[one.kernel] = now, size

    def sources(self) -> list[socket.socket]:
        """Return the sockets on which supervisors report that they are ready, or free again."""
        waiting = [one for one in self.standing.values() if one.pid not in self._ready]
        return [one.claims for one in (*waiting, *self.busy.values())]

    def remove_ended(self, pid: int) -> WaitingSupervisor | None:
        """Remove a supervisor that has ended. Return it, or None if it was not in the pool."""
        one = self.leaving.pop(pid, None) or self.busy.pop(pid, None)
        if one is None and pid in self.standing:
            one = self.standing.pop(pid)
            if pid not in self._ready:
                self._failures[one.kernel] = self._failures.get(one.kernel, 0) + 1
            self._ready.discard(pid)
        if one is not None:
            one.claims.close()
        return one

    def dismiss_unneeded(self) -> None:
        """Dismiss supervisors that are unused or too many, and all of them if memory is short."""
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
                self.dismiss(one)

    def dismiss(self, one: WaitingSupervisor) -> None:
        """Dismiss a supervisor. It ends when its socket is shut down."""
        with contextlib.suppress(OSError):  # the supervisor has ended
            one.claims.shutdown(socket.SHUT_WR)
        self._ready.discard(one.pid)
        self.standing.pop(one.pid, None)
        self.leaving[one.pid] = one


def is_short(more: int) -> bool:
    """Return whether the machine would be short of memory with `more` bytes less."""
    available, whole = memory_of_machine()
    return available <= whole / SPARE_SHARE + more


def memory_of_machine() -> tuple[int, int]:
    """Return the memory in bytes that is available without swapping, and the total."""
    with open("/proc/meminfo", encoding="ascii") as file:
        lines = (line.split() for line in file)
        found = {words[0]: int(words[1]) * 1024 for words in lines if len(words) > 1}
    return found.get("MemAvailable:", 0), found["MemTotal:"]
