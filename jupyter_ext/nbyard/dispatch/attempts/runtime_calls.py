"""Calls to the runtime of an attempt.

`attempt_driver` limits for how long an engine may not respond.
"""

import logging

from nbyard.blobs.file_operations import translated_missing_space
from nbyard.dispatch.state.attempt_snapshot import AttemptSnapshot
from nbyard.domain.attempts.structs import TASK
from nbyard.errors import NbyardError, Unavailable, waits_for_engine
from nbyard.reasons.structs import Reason
from nbyard.runtimes.protocol import Observation, Runtime

log = logging.getLogger("nbyard.dispatch")


def poll_attempt(snapshot: AttemptSnapshot, runtime: Runtime) -> Observation:
    """Return what the runtime observes of the attempt.

    Raises:
        Unavailable: The engine does not answer. Its last known state may be "running".
    """
    now = runtime.poll(snapshot.order)
    if now.state == "running" and now.reason:
        raise Unavailable(now.reason)
    return now


def is_there(snapshot: AttemptSnapshot, runtime: Runtime, *over: str) -> bool:
    """Return whether the engine knows the attempt.

    An attempt without task.json was never started. States in `over` count as unknown.

    Raises:
        Unavailable: The engine does not respond, or the disk is full.
    """
    if not (snapshot.order.folder / TASK).exists():
        return False
    with translated_missing_space():
        runtime.logs(snapshot.order)  # only this call detects the silence of some engines
        return runtime.poll(snapshot.order).state not in ("absent", *over)


def may_live(snapshot: AttemptSnapshot, runtime: Runtime) -> bool:
    """Return whether an attempt in the state recorded may be live.

    Return False if its engine does not respond.
    """
    if not (snapshot.order.folder / TASK).exists():
        return False
    try:
        return runtime.poll(snapshot.order).state != "absent"
    except Unavailable:
        return False
    except OSError:
        return True  # the disk is full of its outputs


def stop_attempt(snapshot: AttemptSnapshot, runtime: Runtime, reason: Reason) -> bool:
    """Ask the runtime to stop the attempt; return whether it accepted the request."""
    # Nothing can run: the folder is filled before the start.
    if not snapshot.order.folder.is_dir():
        return True
    try:
        runtime.stop(snapshot.order, reason)
    except (NbyardError, OSError) as error:
        log.warning("attempt %s was not stopped: %s", snapshot.attempt.id, error)
        return False
    return True


def wait_if_full(problem: OSError) -> Reason:
    """Return what the attempt waits for if the disk is too full for its outputs.

    Raises:
        OSError: The problem is another one.
    """
    try:
        with translated_missing_space():
            raise problem
    except Unavailable as error:
        return waits_for_engine(error)
