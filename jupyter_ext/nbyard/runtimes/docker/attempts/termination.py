"""Terminates a container, and kills it if that does not help."""

import threading
import time
from collections.abc import Callable

from nbyard.dockerd import Engine
from nbyard.errors import NbyardError, Unavailable
from nbyard.runtimes.docker.attempts.runner_channel import LOOK_SECONDS

GRACE_SECONDS = 3.0  # from SIGTERM to SIGKILL
PATIENCE_SECONDS = 60.0  # with an unresponsive engine


class AttemptTerminator:
    """Stops an attempt in a thread, which restarts when needed.

    `end` stops the attempt and cleans up; it returns False as long as that is too early. `leave`
    is called at the end of the thread, also if the attempt could not be stopped.
    """

    def __init__(self, end: Callable[[], bool], leave: Callable[[], None]):
        self._end, self._leave = end, leave
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self, name: str) -> None:
        """Stop the attempt, unless a thread does."""
        with self._lock:
            if not self.is_alive:
                self._thread = threading.Thread(target=self._run, name=f"{name} end", daemon=True)
                self._thread.start()

    @property
    def is_alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        patience = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < patience:
            try:
                if self._end():
                    break
            except Unavailable:
                time.sleep(1)
            except (NbyardError, OSError):
                break  # the sweep will try again
            time.sleep(LOOK_SECONDS)
        self._leave()


def terminate_container(engine: Engine, name: str) -> None:
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
