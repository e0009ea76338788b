"""Terminates a container, and kills it if that does not help."""

import time

from nbyard.dockerd import Engine
from nbyard.runtimes.docker.attempts.runner_channel import LOOK_SECONDS

GRACE_SECONDS = 3.0  # from SIGTERM to SIGKILL


def kill(engine: Engine, name: str) -> None:
    """Send SIGTERM, then SIGKILL. Return when the container has ended or a second grace is over.

    Raises:
        Unavailable: The engine does not answer.
    """
    engine.signal(name, "SIGTERM")
    if not is_over_within(engine, name, GRACE_SECONDS):
        engine.signal(name, "SIGKILL")
        is_over_within(engine, name, GRACE_SECONDS)


def is_over_within(engine: Engine, name: str, seconds: float) -> bool:
    """Wait until a container has ended or is gone. Return whether it did so in time.

    Raises:
        Unavailable: The engine does not answer.
    """
    end = time.monotonic() + seconds
    while True:
        container = engine.container(name)
        if container is None or container.is_over:
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(LOOK_SECONDS)
