"""Reaps, measures and kills the processes of the work."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from ..process import processes
from ..process.prctl import ADOPTS
from ..work.launch_process import WorkProcess
from .orphan_cleanup import OrphanCleanup
from .usage_recorder import GpuMeter

UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


class Children:
    """The processes below the supervisor, including those that it adopted.

    `status` is the exit status of the work's first process once that has ended. `largest_bytes` is
    the memory of the largest process that has ended.
    """

    def __init__(self, launch: WorkProcess, guard: OrphanCleanup, gpus: GpuMeter) -> None:
        self._launch = launch
        self._guard = guard
        self._gpus = gpus
        self.status: int | None = None
        self.largest_bytes = 0

    def tree(self) -> set[int]:
        """Return the pids of the work's processes, without the supervisor's own helpers."""
        return processes.descendants_of(os.getpid()) - self._spared()

    def _spared(self) -> set[int]:
        return {os.getpid(), self._guard.pid, *self._gpus.processes()}

    def reap(self) -> bool:
        """Reap every ended child. Return whether one is still alive."""
        while True:
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._launch.pid:
                self.status = status
                if self._launch.spent:
                    continue  # its maximum may come from a kernel of another attempt
            self.largest_bytes = max(self.largest_bytes, used.ru_maxrss * UNIT)

    def note_end(self, message: dict[str, Any]) -> None:
        """Record the memory of the largest process, from the runner's message about its end."""
        self.largest_bytes = max(
            self.largest_bytes, message.get("used", {}).get("max_rss_bytes", 0)
        )

    def ask_to_end(self) -> None:
        """Send SIGTERM to the work.

        For a notebook, only its runner gets it, and stops the kernel.
        """
        if self._launch.pid:
            targets = {self._launch.pid} if self._launch.is_notebook else self.tree()
            processes.send_signal(targets, signal.SIGTERM)

    def kill_first(self) -> None:
        """Kill the work's first process and wait for its end."""
        # Without the runner, `kill_all` counts only what the work has left behind.
        os.kill(self._launch.pid, signal.SIGKILL)
        _, self.status, _ = os.wait4(self._launch.pid, 0)

    def kill_all(self, mark: str) -> int:
        """Kill all processes of the work. Return how many there were."""
        # The supervisor adopts what the work leaves, so nothing is left if it has no children.
        # Other systems than Linux have no such adoption.
        if self.reap() or not ADOPTS:
            return processes.kill_tree(os.getpid(), mark, self._spared(), self.reap)
        return 0
