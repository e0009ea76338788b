"""Enforces the time limit of an attempt in a container."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from nbyard.attempts.folders import request_stop
from nbyard.domain.attempts.structs import TaskFile
from nbyard.runtimes.docker.attempts import container_outcome
from nbyard.runtimes.protocol import Order


class Deadline:
    """Calls `end` when an attempt has reached its time limit.

    The time starts when this process first saw the attempt run. The engine's clock is not used: it
    may be set, and it continues while the machine sleeps.
    """

    def __init__(self, order: Order, end: Callable[[], None]):
        self._order = order
        self._end = end
        self._since = 0.0
        self._timer: threading.Timer | None = None

    def start_timer(self, task: TaskFile, grace_seconds: float) -> None:
        """Start the timer, unless it is running. `grace_seconds` are added to the task's limit."""
        seconds = task.timeout_seconds
        if self._timer is not None or not seconds:
            return
        self._since = self._since or time.monotonic()
        due = self._since + seconds + grace_seconds
        left = max(0.0, due - time.monotonic())
        self._timer = threading.Timer(left, self._come, [task])
        self._timer.daemon = True
        self._timer.start()

    def stop_timer(self) -> None:
        """Stop the timer. The time so far still counts after a later `start_timer`."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _come(self, task: TaskFile) -> None:
        with suppress(OSError):  # The disk is full. The dispatcher checks the limit as well.
            request_stop(self._order.folder, container_outcome.too_long(task))
            self._end()
