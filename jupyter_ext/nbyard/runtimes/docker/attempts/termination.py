"""Stops containers: SIGTERM first, and SIGKILL after a grace period."""

import threading
import time
from collections.abc import Callable

from nbyard.dockerd import Engine
from nbyard.errors import NbyardError, Unavailable
from nbyard.runtimes.docker.attempts.runner_channel import LOOK_SECONDS

GRACE_SECONDS = 3.0  # from SIGTERM to SIGKILL
PATIENCE_SECONDS = 60.0  # with an unresponsive engine


class AttemptTerminator:
    """Stops an attempt in a thread. After its end, the thread can be started again.

    `end` stops the attempt and cleans up. It returns False while that is not possible yet. `leave`
    is called at the end of the thread, even if the attempt could not be stopped.
    """

    def __init__(self, end: Callable[[], bool], leave: Callable[[], None]):
        self._end, self._leave = end, leave
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self, name: str) -> None:
        """Start the thread, unless it is running. `name` is the container's name."""
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
    """Stop a container with SIGTERM, and after the grace period with SIGKILL.

    Returns when the container has ended, or when a second grace period is over.

    Raises:
        Unavailable: The engine does not answer.
    """
    engine.signal(name, "SIGTERM")
    if not is_over_within(engine, name, GRACE_SECONDS):
        engine.signal(name, "SIGKILL")
        is_over_within(engine, name, GRACE_SECONDS)


def is_over_within(engine: Engine, name: str, seconds: float) -> bool:
    """Wait up to `seconds` for a container's end.

    Return whether the container has ended or is gone.

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
