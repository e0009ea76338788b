"""Crash points: where tests kill the dispatcher (`NBYARD_CRASH_AT=name` or `name:n-th pass`).

    recorded        4   the attempt is written, nothing was started
    folder-written  4   its folder is filled, nothing was started
    started         5   it was started, the store does not know where
    starting        6   the store knows
    finished        8   its outputs are there, none was taken
    outputs-taken   9   the bytes are stored, no row says so
    published       10  the node is committed, what comes next is not queued
    tidied          10  the same, and its folder is reduced to its record
    before-run-end  11  all nodes are at their end, the run is not
    asked-to-end    15  an attempt was asked to end
    sweeping        16  before what belongs to nobody is removed

The numbers are the crash points of our promises; 3 (committed, not answered) is a kill of whoever
submits, 7 (during a node) one at any moment of the work.
"""

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
