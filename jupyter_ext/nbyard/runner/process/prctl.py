"""Sets relations between a process and its parent with Linux's `prctl`.

On other systems, these functions have no effect.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36

ADOPTS = sys.platform == "linux"
_LIBC = ctypes.CDLL(None, use_errno=True) if ADOPTS else None


def adopt_orphans() -> None:
    """Become the parent of orphaned descendants, such as daemons that the work starts."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def signal_at_end_of_parent(number: int) -> None:
    """Request the signal `number` for the time when the current parent process ends."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)


def show_to_work(shown: bool) -> None:
    """Set whether the work may read this process's memory and files.

    The work has the same user, so the system would allow it otherwise.
    """
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_DUMPABLE, int(shown), 0, 0, 0)


def die_with_parent(parent: int) -> None:
    """Kill this child when its parent process `parent` ends.

    Call this between fork and exec.
    """
    # exec keeps ignored signals, such as SIGHUP if the dispatcher was started with nohup.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if _LIBC is not None:
        signal_at_end_of_parent(signal.SIGKILL)
        # The parent may have ended before the request, which then has no effect.
        if os.getppid() != parent:
            os._exit(1)
