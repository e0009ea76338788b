"""When an attempt has run for as long as it may."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from nbyard.attempts.folders import ask_to_end
from nbyard.domain.attempts.structs import TaskFile
from nbyard.runtimes.docker.attempts import outcome
from nbyard.runtimes.protocol import Order


class Deadline:
    """By our own count, from when it was first seen to run here: an engine's clock may be set, and
    goes on while the machine sleeps. `end` is called when it has come."""

    def __init__(self, order: Order, end: Callable[[], None]):
        self._order = order
        self._end = end
        self._since = 0.0
        self._timer: threading.Timer | None = None

    def watch(self, task: TaskFile, grace_seconds: float) -> None:
        """It runs, and has so much time beyond its limit; said again, that changes nothing."""
        seconds = task.timeout_seconds
        if self._timer is not None or not seconds:
            return
        self._since = self._since or time.monotonic()
        due = self._since + seconds + grace_seconds
        left = max(0.0, due - time.monotonic())
        self._timer = threading.Timer(left, self._come, [task])
        self._timer.daemon = True
        self._timer.start()

    def rest(self) -> None:
        """Nobody watches it any more; who does so later goes on counting."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _come(self, task: TaskFile) -> None:
        with suppress(OSError):  # on a full disk: who asked for it looks at the limit as well
            ask_to_end(self._order.folder, outcome.too_long(task))
            self._end()
