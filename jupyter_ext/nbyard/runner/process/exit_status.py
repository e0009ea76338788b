"""Describes how processes end."""

from __future__ import annotations

import signal

# Signals from outside. Errors of a program itself cause other signals.
FROM_OUTSIDE = (signal.SIGINT, signal.SIGKILL, signal.SIGTERM)


def signal_name(number: int) -> str:
    """Return the name of a signal."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


def how(code: int | None) -> str:
    """Describe in brackets how a process ended. Return an empty text if that is not known."""
    if code is None:
        return ""
    return f" (signal {-code}, {signal_name(-code)})" if code < 0 else f" (exit code {code})"
