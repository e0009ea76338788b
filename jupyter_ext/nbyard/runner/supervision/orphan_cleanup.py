"""Kills the processes that a killed supervisor leaves behind.

The supervisor's parent does that, or a guard process of the supervisor.
"""

from __future__ import annotations

import os
import signal

from ..process import processes
from ..process.forks import signal_at_end_of_parent


class OrphanCleanup:
    """Makes sure that somebody kills the work if the supervisor is killed.

    `pid` is the guard process, or 0 while the parent is responsible.
    """

    def __init__(self, mark: str, scratch: str) -> None:
        self._mark = mark
        self._scratch = scratch
        self._alive = -1
        self._is_orphaned = False
        self.pid = 0

    def trust(self, parent: int) -> None:
        """Leave the cleanup to the process `parent` while that lives."""
        signal.signal(signal.SIGUSR2, self._on_orphaned)
        signal_at_end_of_parent(signal.SIGUSR2)
        # The parent may have ended before the request above. Then no signal comes.
        self._is_orphaned = os.getppid() != parent

    def _on_orphaned(self, _number: int, _frame: object) -> None:
        self._is_orphaned = True

    def check(self) -> None:
        """Start a guard process if the parent has ended."""
        if self._is_orphaned and not self.pid:
            self.begin()

    def begin(self) -> None:
        """Start a guard process, which kills the work if the supervisor ends without `close`."""
        listen, self._alive = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            # A copy of the pipe's other end would hide the end of the supervisor.
            processes.keep_only(listen)
            self._watch(listen)
        os.close(listen)

    def _watch(self, listen: int) -> None:
        os.setsid()
        # A signal to all processes of a unit, such as at its stop, must not end the guard first.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        # `close` sends a byte. The end of the file means that the supervisor was killed.
        if os.read(listen, 1) == b"":
            processes.kill_tree(None, self._mark, {os.getpid()})
            remove_scratch(self._scratch)
        os._exit(0)

    def close(self) -> None:
        """Remove the folder for sockets, and stop the guard process if there is one."""
        remove_scratch(self._scratch)
        if not self.pid:
            return
        try:
            os.write(self._alive, b"1")
            os.waitpid(self.pid, 0)
        except OSError:
            return  # the guard is gone already


def make_scratch() -> str:
    """Create a folder for sockets. Return its path."""
    import tempfile  # only notebooks need it

    return tempfile.mkdtemp(prefix="nby-")


def remove_scratch(scratch: str) -> None:
    """Remove the folder for sockets."""
    if scratch:
        import shutil

        shutil.rmtree(scratch, ignore_errors=True)
