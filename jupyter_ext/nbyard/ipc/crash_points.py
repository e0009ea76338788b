"""Crash points: where tests kill this process (`NBYARD_CRASH_AT=name` or `name:n-th pass`).

    request-read    1   a run was requested, nothing is done yet
    run-inserted    2   the run is in the open transaction
    run-committed   3   the run is durable, no process was notified
    recorded        4   the attempt is recorded, nothing was started
    folder-written  4   the attempt folder is complete, nothing was started
    told            4   a worker received calls, the store does not know
    started         5   the attempt was started, the store does not know where
    deployment-begun     4  a deployment starts, the engine does not know it
    deployment-launched  5  its container runs, the store does not know where
    starting        6   the store knows where the attempt runs
    finished        8   the outputs exist, none was collected
    outputs-taken   9   the bytes are stored, no row refers to them
    published       10  the node is committed, the next step has not begun
    tidied          10  the same, and the folder is reduced to its record
    elements-inserted   10  the elements of a map are in the open transaction
    map-collected   10  the results of a map are stored, no row refers to them
    before-run-end  11  all nodes are final in the open transaction, the run is not
    notice-sent     13  a channel accepted or refused a message, the store does not know
    due-time-inserted   14  a due time and its run are in the open transaction, the next one is not
    due-time-committed  14  both are durable, no process was notified
    backfill-run-inserted   14  a past due time and its run are in the open transaction
    backfill-run-committed  14  both are durable, no process was notified
    probe-inserted  14  the run of a bisection is in the open transaction
    probe-committed 14  it is durable, no process was notified
    events-matched  14  events and their firings are in the open transaction
    files-matched   14  changed files and their firing are in the open transaction
    firings-committed    14  the firings are durable, their runs are not
    firing-run-inserted  14  a firing and its run are in the open transaction
    firing-run-committed 14  both are durable, no process was notified
    cancel-written  15  the run is marked as cancelled, no process was notified
    asked-to-end    15  an attempt was asked to stop
    obeyed          15  the attempt has stopped, the store does not know
    swept           16  one orphaned folder or process is removed, others are not
    cache-kept      18  the result is in the cache of the open transaction
    cache-linked    18  an earlier result was linked in the open transaction
    environment-ready  20  a version is durable, its kernel still starts in the previous one
    image-made      20  the engine has the image, the store does not know it yet

The numbers are those of our crash guarantees. Number 7 (during a node) is a kill at any moment of
the task, 17 (in a migration) one at any statement. `NBYARD_CRASH_BY=SIGSTOP` stops the process
there instead.
"""

import os
import signal

_wanted, _, _pass = os.environ.get("NBYARD_CRASH_AT", "").partition(":")
_left = [int(_pass or 1)]
_signal = signal.Signals[os.environ.get("NBYARD_CRASH_BY", "SIGKILL")]


def crash_point(name: str) -> None:
    """Kill this process like kill -9, if a test has chosen this crash point."""
    if name == _wanted:
        _left[0] -= 1
        if not _left[0]:
            os.kill(os.getpid(), _signal)
