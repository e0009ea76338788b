"""The controller of notices: finds channels with waiting notices, and sends in threads."""

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.notices.deliveries import Deliveries
from nbyard.dispatch.notices.long_runs import LongRuns
from nbyard.dispatch.threads import Threads
from nbyard.host import clock

LONG_SECONDS = 5.0  # between checks for runs that take long
NEVER = float("inf")


class NoticeController:
    """Sends waiting notices; each channel has at most one message under way.

    `wake` wakes the loop after a message. `is_waiting` is set while any notice waits.
    """

    def __init__(self, context: DispatchContext, threads: Threads, wake: Callable[[], None]):
        self._context = context
        self._threads = threads
        self._wake = wake
        self._deliveries = Deliveries(context)
        self._long_runs = LongRuns(context)
        self._next_look = 0.0
        self._next_long = 0.0
        self.is_waiting = False

    def tick(self, *, has_time: bool = True) -> None:
        """Start the messages that are due."""
        if has_time and time.monotonic() >= self._next_long:
            self._next_long = time.monotonic() + LONG_SECONDS
            self._long_runs.announce(clock.now())
        if has_time or time.monotonic() >= self._next_look:
            self._deliver_due(clock.now())

    def seconds_until_due(self) -> float:
        """Return the seconds until a channel is tried again."""
        return max(self._next_look - time.monotonic(), 0.0)

    def _deliver_due(self, now: datetime) -> None:
        with self._context.store.read() as c:
            self.is_waiting = self._context.store.notices.is_waiting(c)
            due = self._context.store.notices.due(c, now) if self.is_waiting else []
            following = self._context.store.notices.next_retry(c, now) if self.is_waiting else None
        # Before the threads start: one that ends at once asks for another look.
        self._next_look = NEVER
        nexts = [at for at in (following, self._deliveries.next_retry(now)) if at is not None]
        if nexts:
            self._next_look = time.monotonic() + (min(nexts) - now).total_seconds()
        for channel_id in due:
            work = partial(self._deliveries.deliver, channel_id)
            self._threads.submit(f"channel {channel_id}", work, then=self._done)

    def _done(self, has_acted: bool | None) -> None:
        """Look again: the channel may have more notices, or a time for its next attempt."""
        if has_acted:
            self._next_look = 0.0
            self._wake()
