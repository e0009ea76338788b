"""Describes how processes end."""

from __future__ import annotations

import signal

from ..reasons import Reason, because

# Signals from outside. Errors of a program itself cause other signals.
FROM_OUTSIDE = (signal.SIGINT, signal.SIGKILL, signal.SIGTERM)


def signal_name(number: int) -> str:
    """Return the name of a signal."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


def end_of(code: int) -> Reason:
    """Return the reason for an exit code of a process.

    A negative code is the number of a signal.
    """
    if code < 0:
        return because("signal", signal=-code, name=signal_name(-code))
    return because("command-exited", exit_code=code)
