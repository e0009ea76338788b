"""Decides how many warm kernels wait for notebooks, of which kinds, and when they end.

A warm kernel comes with a supervisor and a runner, which are forked from the prepared parent. The
kernel itself is forked or spawned. It serves one attempt and ends.

Supervisor and runner may return to the pool for another attempt. They are faster then, because the
memory pages they changed are already copied. The pool keeps the kernels used last, up to a number
and an amount of memory. It keeps none when the machine is short of memory.
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
# A kernel that ended so often before it was ready is no longer prepared.
FAILURES = 3
# Messages from a supervisor.
READY = b"r"
FREE = b"f"


class WaitingSupervisor(NamedTuple):
    """A supervisor with a warm kernel that waits for an attempt.

    `claims` is the socket on which the supervisor receives its attempt and reports its state.
    `is_forked` states whether its kernel is a fork, `has_served` whether it has had an attempt
    before.
    """

    pid: int
    kernel: str
    scratch: str
    claims: socket.socket
    is_forked: bool = True
    has_served: bool = False


class Pool:
    """The supervisors with warm kernels.

    Each waits (`standing`), has an attempt (`busy`) or ends (`leaving`). At most `count`
    supervisors wait, with kernels of at most `budget_bytes`.
    """

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
        """Reserve a waiting supervisor with this kernel for an attempt, or return None without one.

        Supervisors whose kernel is ready are preferred, then those that have served before.
        """
        self._asked[kernel] = time.monotonic()
        fitting = [
            supervisor for supervisor in self._of(kernel) if supervisor.is_forked == is_forked
        ]
        if not fitting:
            return None
        chosen = max(
            fitting, key=lambda supervisor: (supervisor.pid in self._ready, supervisor.has_served)
        )
        self._ready.discard(chosen.pid)
        self.busy[chosen.pid] = self.standing.pop(chosen.pid)
        return chosen

    def _of(self, kernel: str) -> list[WaitingSupervisor]:
        return [supervisor for supervisor in self.standing.values() if supervisor.kernel == kernel]

    def kernel_to_prepare(self) -> str:
        """Return the name of the kernel to prepare once more, or an empty text."""
        recent = self._recent()
        for name in recent:  # one of each kernel first, then more of the last one
            if not self._of(name) and self._to_dismiss_for(name) is not None:
                return name
        first = recent[0] if recent else ""
        # One more of the same kernel takes only free room and displaces no other kernel.
        return first if first and self._to_dismiss_for(first) == [] else ""

    def make_room(self, kernel: str) -> None:
        """Dismiss the supervisors that are in the way of one more with this kernel."""
        for supervisor in self._to_dismiss_for(kernel) or ():
            self.dismiss(supervisor)

    def _recent(self) -> list[str]:
        """Return the names of kernels to keep warm, the last used first."""
        names = [name for name in self._asked if self._failures.get(name, 0) < FAILURES]
        return sorted(names, key=lambda name: -self._asked[name])[: self._count]

    def _to_dismiss_for(self, kernel: str) -> list[WaitingSupervisor] | None:
        """Return the supervisors to dismiss for one more with this kernel, None if it cannot fit.

        Supervisors whose kernel was used less recently are chosen first, and those of which several
        wait.
        """
        own = self._of(kernel)
        if any(
            not supervisor.is_forked and supervisor.pid not in self._ready for supervisor in own
        ):
            return None  # spawning takes as long as the work, so only one spawns at a time
        go: list[WaitingSupervisor] = []
        for supervisor in sorted(self.standing.values(), key=self._worth):
            if self._has_place(kernel, go):
                break
            others = [other for other in self._of(supervisor.kernel) if other not in go]
            is_later = self._asked.get(supervisor.kernel, 0.0) < self._asked[kernel]
            if not own and supervisor.kernel != kernel and (is_later or len(others) > 1):
                go.append(supervisor)
        return go if self._has_place(kernel, go) else None

    def _worth(self, supervisor: WaitingSupervisor) -> tuple[float, bool]:
        return self._asked.get(supervisor.kernel, 0.0), supervisor.has_served

    def _has_place(self, kernel: str, go: Collection[WaitingSupervisor], beyond: int = 0) -> bool:
        """Return whether one more with this kernel fits once the supervisors in `go` have ended.

        `beyond` is the number of supervisors that may wait in addition to the usual number.
        """
        stay = [supervisor for supervisor in self.standing.values() if supervisor not in go]
        held, more = sum(self._size(supervisor.kernel) for supervisor in stay), self._size(kernel)
        fits = len(stay) < self._count + beyond and held + more <= self._budget_bytes
        return fits and not is_short(more)

    def _size(self, kernel: str) -> int:
        """Return the memory of a kernel in bytes, 0 while it is unknown."""
        return self._sizes.get(kernel, (0.0, 0))[1]

    def give_up(self) -> None:
        """Stop preparing kernels, because no more can be forked."""
        self._count = 0

    def is_free(self, supervisor: WaitingSupervisor) -> bool:
        """Read a message of a busy supervisor.

        Return whether it offers to serve another attempt.
        """
        word = b""
        with contextlib.suppress(OSError):  # the supervisor is ending
            word = supervisor.claims.recv(1)
        if word != READY:  # READY may arrive late, after the supervisor was taken
            self.leaving[supervisor.pid] = self.busy.pop(supervisor.pid)
        return word == FREE

    def return_supervisor(self, supervisor: WaitingSupervisor, scratch: str) -> None:
        """Return a supervisor to the pool after its attempt, with a new scratch folder.

        Raises:
            OSError: The supervisor has ended.
        """
        supervisor.claims.send(scratch.encode())
        del self.leaving[supervisor.pid]
        self.add(supervisor._replace(scratch=scratch, has_served=True))

    def wants_back(self, kernel: str) -> bool:
        """Return whether the pool has room for a supervisor that has finished an attempt."""
        return kernel in self._recent() and self._has_place(kernel, (), MORE)

    def add(self, supervisor: WaitingSupervisor) -> None:
        """Add a supervisor that waits."""
        self.standing[supervisor.pid] = supervisor

    def mark_ready(self, supervisor: WaitingSupervisor) -> None:
        """Record a supervisor's report that its kernel is ready.

        Reset the kernel's failure count.
        """
        with contextlib.suppress(OSError):  # the supervisor is ending, which `remove_ended` handles
            if supervisor.claims.recv(1):
                self._failures.pop(supervisor.kernel, None)
                self._ready.add(supervisor.pid)
                self._measure(supervisor)

    def _measure(self, supervisor: WaitingSupervisor) -> None:
        """Measure a kernel's memory, at most once in IDLE_SECONDS for all kernels of one name.

        A measurement takes as long as a cell.
        """
        now = time.monotonic()
        if now - self._sizes.get(supervisor.kernel, (-IDLE_SECONDS, 0))[0] >= IDLE_SECONDS:
            size = processes.memory_bytes(
                {supervisor.pid} | processes.descendants_of(supervisor.pid)
            )
            self._sizes[supervisor.kernel] = now, size

    def sources(self) -> list[socket.socket]:
        """Return the sockets on which supervisors report that they are ready, or free again."""
        waiting = [
            supervisor for supervisor in self.standing.values() if supervisor.pid not in self._ready
        ]
        return [supervisor.claims for supervisor in (*waiting, *self.busy.values())]

    def remove_ended(self, pid: int) -> WaitingSupervisor | None:
        """Remove a supervisor that has ended. Return it, or None if it was not in the pool."""
        supervisor = self.leaving.pop(pid, None) or self.busy.pop(pid, None)
        if supervisor is None and pid in self.standing:
            supervisor = self.standing.pop(pid)
            if pid not in self._ready:
                self._failures[supervisor.kernel] = self._failures.get(supervisor.kernel, 0) + 1
            self._ready.discard(pid)
        if supervisor is not None:
            supervisor.claims.close()
        return supervisor

    def dismiss_unneeded(self) -> None:
        """Dismiss supervisors that are unused or too many, and all of them if memory is short."""
        now = time.monotonic()
        self._asked = {k: at for k, at in self._asked.items() if now - at < IDLE_SECONDS}
        self._failures = {k: n for k, n in self._failures.items() if k in self._asked}
        held, short = 0, is_short(0)
        ranked = sorted(self.standing.values(), key=self._worth, reverse=True)
        for rank, supervisor in enumerate(ranked):
            held += self._size(supervisor.kernel)
            asked = self._asked.get(supervisor.kernel, -IDLE_SECONDS)
            is_more = rank >= self._count and now - asked > MORE_SECONDS
            if (
                short
                or held > self._budget_bytes
                or supervisor.kernel not in self._asked
                or is_more
            ):
                self.dismiss(supervisor)

    def dismiss(self, supervisor: WaitingSupervisor) -> None:
        """Dismiss a supervisor by shutting its socket down, at which it ends."""
        with contextlib.suppress(OSError):  # the supervisor has ended
            supervisor.claims.shutdown(socket.SHUT_WR)
        self._ready.discard(supervisor.pid)
        self.standing.pop(supervisor.pid, None)
        self.leaving[supervisor.pid] = supervisor


def is_short(more: int) -> bool:
    """Return whether the machine is short of memory once `more` bytes are used."""
    available, whole = memory_of_machine()
    return available <= whole / SPARE_SHARE + more


def memory_of_machine() -> tuple[int, int]:
    """Return the machine's memory in bytes: what is available without swapping, and the total."""
    with open("/proc/meminfo", encoding="ascii") as file:
        lines = (line.split() for line in file)
        bytes_by_name = {fields[0]: int(fields[1]) * 1024 for fields in lines if len(fields) > 1}
    # Linux before 3.14 has no MemAvailable. The pool then keeps no kernels.
    return bytes_by_name.get("MemAvailable:", 0), bytes_by_name["MemTotal:"]
