"""Forks that behave like processes that were started: what is done before, at and after a fork."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

from . import processes

# Signals that parents and supervisors handle after `prepare_to_fork`.
HANDLED = (
    *(signal.SIGINT, signal.SIGTERM, signal.SIGHUP),
    *(signal.SIGCHLD, signal.SIGUSR1, signal.SIGUSR2),
)
UNTOUCHABLE = {signal.SIGKILL, signal.SIGSTOP}

_handled: list[int] = []


def prepare_to_fork() -> None:
    """Prepare for forking: exclude all present objects from garbage collection."""
    processes.boot_id()
    _handled[:] = [one for one in signal.valid_signals() if signal.getsignal(one)]
    gc.collect()
    gc.freeze()


def live_as(work: Callable[[], int]) -> NoReturn:
    """Do the work of a fork and exit with its status, without returning to the parent's callers."""
    status = 1
    try:
        status = work()
    finally:
        if sys.exc_info()[0] is not None:
            import traceback

            traceback.print_exc()
        sys.stdout.flush()
        os._exit(status)


def become_own_process(environment: dict[str, str]) -> None:
    """Make this fork a process of its own, as if it had been started with these variables."""
    signal.set_wakeup_fd(-1)
    for number in {*_handled, *HANDLED} if _handled else signal.valid_signals() - UNTOUCHABLE:
        signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # as Python itself does
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
