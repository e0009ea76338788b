"""Crash points: where tests kill the dispatcher (`NBYARD_CRASH_AT=name` or `name:n-th pass`)."""

import os
import signal

_wanted, _, _pass = os.environ.get("NBYARD_CRASH_AT", "").partition(":")
_left = [int(_pass or 1)]


def crash_point(name: str) -> None:
    """Die here, as kill -9 would, when a test asked for it."""
    if name == _wanted:
        _left[0] -= 1
        if not _left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
