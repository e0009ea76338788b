"""Supervisors of commands that stay for further attempts, which saves a fork for each attempt.

A member of the pool is one supervisor process. It serves one attempt at a time. Between attempts,
it knows of none and has no child processes. It ends when idle for IDLE_SECONDS, and after
MOST_ATTEMPTS attempts.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable
from typing import NamedTuple

from ..process.environ_stamps import SINCE, stamp

REQUEST_BYTES = 64 * 1024
IDLE_SECONDS = 5.0
MOST_IDLE = 8
MOST_ATTEMPTS = 200
IDLE = b"1"


class Member(NamedTuple):
    """A supervisor process that receives attempts through `claims` and reports their ends there.

    `since` is when it became idle, on the monotonic clock.
    """

    pid: int
    claims: socket.socket
    since: float


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
            if time.monotonic() - member.since > IDLE_SECONDS:
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
        # Until its end, the member counts as the parent's own, so that it is not killed as an
        # orphan.
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
        # On the scale of start times in /proc. The width is that of the placeholder in the
        # environment.
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
