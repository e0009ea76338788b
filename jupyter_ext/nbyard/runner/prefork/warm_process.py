"""In a warm container, a supervisor that waits for the next attempt.

It is created after the last attempt was cleaned up, and serves one attempt.
"""

from __future__ import annotations

import json
import os
import socket
from functools import partial
from typing import Any

from ..process.forks import live_as
from ..process.prctl import adopt_orphans
from ..supervision.orphan_cleanup import make_scratch
from ..supervision.start_supervisor import supervise
from ..work.process_variables import is_plain
from .warm_runner import WarmRunner, stand_by


def kernel_of(task: dict[str, Any]) -> str:
    """Return the name of the kernel that may be prepared for such a task, or an empty text."""
    from ..kernels.specifications import is_forkable

    work = task["work"]
    if work["kind"] != "notebook" or not is_plain(task.get("environment") or {}):
        return ""
    name = str(work.get("kernel") or "python3")
    return name if is_forkable(name) else ""


class WarmProcess:
    """A supervisor with its runner and kernel, forked from this process."""

    def __init__(self, kernel: str) -> None:
        self.kernel = kernel
        self._calls, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        parent = os.getpid()
        with theirs:
            self.pid = os.fork()
            if self.pid == 0:
                os.setsid()
                self._calls.close()
                live_as(partial(self._wait, theirs, parent))

    def _wait(self, calls: socket.socket, parent: int) -> int:
        adopt_orphans()
        warm = WarmRunner(self.kernel, make_scratch())
        called = stand_by(warm, calls)
        if called is None:
            warm.end()
            return 1
        request, ready = called
        return supervise(request["folder"], ready, parent, is_prepared=True, waiting=warm)

    def call(self, path: str) -> bool:
        """Start the attempt in this folder. Return False if the supervisor is gone."""
        nobody = os.open(os.devnull, os.O_WRONLY)
        try:
            socket.send_fds(self._calls, [json.dumps({"folder": path}).encode()], [nobody])
        except OSError:
            return False
        finally:
            os.close(nobody)
        return True

    def close(self) -> None:
        """Close the socket once the supervisor has ended.

        Closing it earlier, with unread messages in it, could lose the call.
        """
        self._calls.close()
