"""Cleans up after a killed supervisor: its parent does, or a process of its own."""

from __future__ import annotations

import os
import signal

from ..process import processes
from ..process.prctl import signal_at_end_of_parent


class OrphanCleanup:
    """Outlives a killed supervisor just long enough to kill what it had started."""

    def __init__(self, mark: str, scratch: str) -> None:
        self._mark = mark
        self._scratch = scratch
        self._alive = -1
        self._is_orphaned = False
        self.pid = 0

    def trust(self, parent: int) -> None:
        """Leave the cleanup to the parent, which adopts orphaned processes, while it lives."""
        signal.signal(signal.SIGUSR2, self._on_orphaned)
        signal_at_end_of_parent(signal.SIGUSR2)
        self._is_orphaned = os.getppid() != parent

    def _on_orphaned(self, _number: int, _frame: object) -> None:
        self._is_orphaned = True

    def check(self) -> None:
        """Start a process of our own if the parent is gone."""
        if self._is_orphaned and not self.pid:
            self.begin()

    def begin(self) -> None:
        """Fork the process that waits for the end of the supervisor."""
        listen, self._alive = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            processes.keep_only(listen)
            self._watch(listen)
        os.close(listen)

    def _watch(self, listen: int) -> None:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
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
