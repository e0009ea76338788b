"""A container is told to end, and killed when it does not."""

import time

from nbyard.dockerd import Engine
from nbyard.runtimes.docker.attempts.runner_channel import LOOK_SECONDS

GRACE_SECONDS = 3.0  # from SIGTERM to SIGKILL


def kill(engine: Engine, name: str) -> None:
    """SIGTERM, then SIGKILL; returns when it is over, or after a second grace.

    Raises:
        Unavailable: the engine does not answer.
    """
    engine.signal(name, "SIGTERM")
    if not is_over_within(engine, name, GRACE_SECONDS):
        engine.signal(name, "SIGKILL")
        is_over_within(engine, name, GRACE_SECONDS)


def is_over_within(engine: Engine, name: str, seconds: float) -> bool:
    """Wait so long for it to be over, or gone; whether it is.

    Raises:
        Unavailable: the engine does not answer.
    """
    end = time.monotonic() + seconds
    while True:
        container = engine.container(name)
        if container is None or container.is_over:
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(LOOK_SECONDS)
