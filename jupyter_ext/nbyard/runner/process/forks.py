"""Makes forks behave like newly started processes, and binds children to their parents.

The functions that use Linux's `prctl` have no effect on other systems.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

from . import processes

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36

ADOPTS = sys.platform == "linux"
_LIBC = ctypes.CDLL(None, use_errno=True) if ADOPTS else None
UNTOUCHABLE = {signal.SIGKILL, signal.SIGSTOP}


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


def prepare_to_fork() -> None:
    """Prepare for forking: exclude all present objects from garbage collection."""
    # Cached now, so that no fork has to read it.
    processes.boot_id()
    # A collection in a fork would write into all objects, and so copy the memory that forks share.
    gc.collect()
    gc.freeze()


def fork_child(work: Callable[[], int]) -> int:
    """Run `work` in a child process, which is killed when this process ends. Return its pid."""
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        die_with_parent(parent)
        live_as(work)
    return pid


def live_as(work: Callable[[], int]) -> NoReturn:
    """Run `work` in a fork and exit with its status.

    The fork never returns to the code of the parent.
    """
    status = 1
    try:
        status = work()
    finally:
        if sys.exc_info()[0] is not None:
            import traceback

            traceback.print_exc()
        sys.stdout.flush()
        os._exit(status)


def become_runner(environment: dict[str, str], output: int, *keep: int) -> None:
    """Turn this fork into a runner that prints to the descriptor `output`.

    `environment` replaces its variables. All other descriptors except `keep` are closed.
    """
    show_to_work(True)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, output), (2, output)):
        os.dup2(source, target)
    processes.keep_only(*keep)
    become_own_process(environment)


def become_own_process(environment: dict[str, str]) -> None:
    """Reset this fork's signal handlers and variables, as in a newly started process."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals() - UNTOUCHABLE:
        signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # as Python itself does
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
