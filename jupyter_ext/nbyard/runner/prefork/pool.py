"""The pools of waiting supervisors: with warm kernels for notebooks, and of commands.

The first pool decides how many warm kernels wait, of which kinds, and when they end.

A warm kernel comes with a supervisor and a runner, which are forked from the prepared parent. The
kernel itself is forked or spawned. It serves one attempt and ends.

Supervisor and runner may return to the pool for another attempt. They are faster then, because the
memory pages they changed are already copied. The pool keeps the kernels used last, up to a number
and an amount of memory. It keeps none when the machine is short of memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Collection
from typing import NamedTuple

from ..process import processes
from ..process.environ_stamps import SINCE, stamp

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
REQUEST_BYTES = 64 * 1024
SUPERVISOR_IDLE_SECONDS = 5.0
MOST_IDLE = 8
MOST_ATTEMPTS = 200
IDLE = b"1"


class WaitingSupervisor(NamedTuple):
    """A supervisor with a warm kernel that waits for an attempt."""

    pid: int
    kernel: str
    scratch: str
    claims: socket.socket  # on which it receives its attempt and reports its state
    is_forked: bool = True  # its kernel is a fork
    has_served: bool = False  # it has had an attempt before


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


class Member(NamedTuple):
    """A supervisor process."""

    pid: int
    claims: socket.socket  # on which it receives attempts and reports their ends
    since: float  # when it became idle, on the monotonic clock


class SupervisorPool:
    """The supervisors of one parent.

    Each has an attempt (`busy`), waits (`idle`) or ends (`leaving`).
    """

    def __init__(self) -> None:
        self.busy: dict[int, Member] = {}
        self.idle: dict[int, Member] = {}
        self.leaving: dict[int, Member] = {}

    def take(self, packet: bytes, ready: int) -> int:
        """Hand an attempt to the member that became idle last.

        Return its pid, or 0 if none is idle. `packet` is the request. `ready` is the pipe on which
        the member answers.
        """
        while self.idle:
            pid, member = self.idle.popitem()
            try:
                socket.send_fds(member.claims, [packet], [ready])
            except OSError:  # the member has just ended
                self.leaving[pid] = member
                continue
            self.busy[pid] = member
            return pid
        return 0

    def add(self, pid: int, claims: socket.socket) -> None:
        """Add a member that was forked with its first attempt."""
        self.busy[pid] = Member(pid, claims, 0.0)

    def sources(self) -> list[socket.socket]:
        """Return the sockets on which members report the end of an attempt."""
        return [member.claims for member in self.busy.values()]

    def read_state(self, member: Member) -> bool:
        """Read a member's message after its attempt.

        Return whether the member is idle, False if it ends. The longest idle member is dismissed if
        too many are idle.
        """
        self.busy.pop(member.pid)
        try:
            is_idle = member.claims.recv(1) == IDLE
        except OSError:
            is_idle = False
        if is_idle:
            self.idle[member.pid] = member._replace(since=time.monotonic())
            if len(self.idle) > MOST_IDLE:
                self._release(next(iter(self.idle)))
        else:
            self.leaving[member.pid] = member
        return is_idle

    def dismiss_idle(self) -> None:
        """Dismiss the members that have been idle for too long."""
        for member in list(self.idle.values()):
            if time.monotonic() - member.since > SUPERVISOR_IDLE_SECONDS:
                self._release(member.pid)

    def dismiss_all(self) -> None:
        """Dismiss all members. Busy ones finish their attempt first."""
        for pid in list(self.idle):
            self._release(pid)
        for member in self.busy.values():
            member.claims.shutdown(socket.SHUT_WR)

    def _release(self, pid: int) -> None:
        member = self.idle.pop(pid)
        member.claims.close()
        # Until its end, the member counts as the parent's own, and is not killed as an orphan.
        self.leaving[pid] = member

    def forget_ended(self, pid: int) -> None:
        """Forget a member that has ended."""
        for known in (self.busy, self.idle, self.leaving):
            if member := known.pop(pid, None):
                member.claims.close()

    def pids(self) -> set[int]:
        """Return the pids of all members, including those that are leaving."""
        return {*self.busy, *self.idle, *self.leaving}


def serve(
    supervise: Callable[[dict[str, str], int], int],
    request: dict[str, str],
    ready: int,
    claims: socket.socket,
) -> int:
    """Run a member in its fork: supervise the first attempt, then further ones from `claims`.

    Return the exit status.
    """
    attempt, since = stamp("NBYARD_ATTEMPT_ID"), stamp(SINCE)
    for more in reversed(range(MOST_ATTEMPTS)):
        # On the scale of start times in /proc, with the width of the environment's placeholder.
        since.write(f"{time.clock_gettime(time.CLOCK_BOOTTIME):012.1f}")
        attempt.write(request["attempt_id"])
        status = supervise(request, ready)
        if status or not more:
            return status
        release_attempt()
        attempt.clear()
        try:
            claims.send(IDLE)
            packet, handles, _, _ = socket.recv_fds(claims, REQUEST_BYTES, 1)
        except OSError:
            break  # the parent is gone
        if not packet:
            break
        request, (ready,) = json.loads(packet), handles
    return 0


def release_attempt() -> None:
    """Close the log of the last attempt and restore the default signal handlers."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 2)
    os.close(nothing)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR2):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # still on its way from the last attempt
