"""Crash points: where tests kill this process (`NBYARD_CRASH_AT=name` or `name:n-th pass`).

    request-read    1   a run is asked for, nothing is done
    run-inserted    2   it is in the open transaction
    run-committed   3   it is durable, nobody was told
    recorded        4   the attempt is written, nothing was started
    folder-written  4   its folder is filled, nothing was started
    told            4   a worker was told of calls, the store does not know
    started         5   it was started, the store does not know where
    deployment-begun     4  a deployment starts, the engine knows nothing of it
    deployment-launched  5  its container runs, the store does not know where
    starting        6   the store knows
    finished        8   its outputs are there, none was taken
    outputs-taken   9   the bytes are stored, no row says so
    published       10  the node is committed, what comes next was not begun
    tidied          10  the same, and its folder is reduced to its record
    before-run-end  11  all nodes are at their end in the open transaction, the run is not
    cancel-written  15  a run is to be cancelled, nobody was told
    asked-to-end    15  an attempt was asked to end
    obeyed          15  it has ended, which is not written
    swept           16  a folder or a process that belonged to nobody is gone, others are not
    cache-kept      18  the result is in the cache of the open transaction
    cache-linked    18  an earlier result was linked in the open transaction
    environment-ready  20  a version is durable, its kernel still starts in the one before
    image-made      20  the engine has the image, the store does not know it yet

The numbers are the crash points of our promises; 7 (during a node) is a kill at any moment of the
work, 17 (in a migration) one at any statement. `NBYARD_CRASH_BY=SIGSTOP` stops it there instead.
"""

import os
import signal

_wanted, _, _pass = os.environ.get("NBYARD_CRASH_AT", "").partition(":")
_left = [int(_pass or 1)]
_signal = signal.Signals[os.environ.get("NBYARD_CRASH_BY", "SIGKILL")]


def crash_point(name: str) -> None:
    """Die here, as kill -9 would, when a test asked for it."""
    if name == _wanted:
        _left[0] -= 1
        if not _left[0]:
            os.kill(os.getpid(), _signal)
