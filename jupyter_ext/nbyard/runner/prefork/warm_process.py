"""A supervisor in a warm container that is forked before the attempt that it will serve.

It is created after the clean-up of the previous attempt, and serves one attempt.
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
    """Return the name of the kernel to prepare for a task like this one, or an empty text."""
    from ..kernels.specifications import is_forkable

    work = task["work"]
    if work["kind"] != "notebook" or not is_plain(task.get("environment") or {}):
        return ""
    name = str(work.get("kernel") or "python3")
    return name if is_forkable(name) else ""


class WarmProcess:
    """A process that becomes the supervisor of the next attempt, with a runner and a kernel."""

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
        """Start the attempt in the folder `path`.

        Return False if the process has ended.
        """
        # A request comes with a pipe for the answer. The caller here waits for the end of the
        # process.
        nobody = os.open(os.devnull, os.O_WRONLY)
        try:
            socket.send_fds(self._calls, [json.dumps({"folder": path}).encode()], [nobody])
        except OSError:
            return False
        finally:
            os.close(nobody)
        return True

    def close(self) -> None:
        """Close the socket to the process. Call this once the process has ended.

        Closing it earlier could lose the request, which may be unread.
        """
        self._calls.close()
