"""Copy the output of containers to their logs."""

import logging
import threading
import time
from collections.abc import Callable

from nbyard.dockerd import Engine
from nbyard.errors import NbyardError
from nbyard.logs.rotating_log import RotatingLog

log = logging.getLogger("nbyard.dispatch")


SHORT_SECONDS = 1.0


class LogFollower(threading.Thread):
    """Copies the output of a container until it stops; a new follower continues its log.

    Then it calls `stopped`, so that no step has to poll for the end of the container.
    """

    def __init__(
        self,
        engine: Engine,
        container: str,
        kept_log: RotatingLog,
        stopped: Callable[[], None] = lambda: None,
    ):
        super().__init__(name=f"nbyard-log {container}", daemon=True)
        self._stopped = stopped
        self._engine, self._container, self._kept = engine, container, kept_log
        self.start()

    def run(self) -> None:
        """Copy lines until the container stops."""
        since = time.monotonic()
        try:
            # One nanosecond later: `since` of the Docker API includes lines of that very moment.
            for moment, text in self._engine.lines(self._container, self._kept.resume() + 1):
                self._kept.write(text, moment)
        except (NbyardError, OSError) as error:
            log.debug("the log of %s: %s", self._container, error)
            return
        # An engine that cannot follow logs closes them at once.
        if time.monotonic() - since > SHORT_SECONDS:
            self._stopped()
