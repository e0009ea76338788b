"""Limits how often one sender may send messages that a webhook refuses."""

import math
import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta

MOST_REFUSED = 30
WINDOW = timedelta(seconds=60)
MOST_SENDERS = 10_000


class Refusals:
    """Counts the refused messages of the last minute, by webhook and sender.

    Threads may share it. If there are very many senders, those refused longest ago are dropped.
    """

    def __init__(self, most_senders: int = MOST_SENDERS) -> None:
        self._most = most_senders
        self._lock = threading.Lock()
        self._times: OrderedDict[tuple[str, str], deque[datetime]] = OrderedDict()

    def note(self, webhook: str, sender: str, now: datetime) -> None:
        """Record that a message of this sender was refused."""
        key = (webhook, sender)
        with self._lock:
            self._times.setdefault(key, deque(maxlen=MOST_REFUSED)).append(now)
            self._times.move_to_end(key)
            # Addresses are free to invent, so memory must not grow with them.
            while len(self._times) > self._most:
                self._times.popitem(last=False)

    def wait(self, webhook: str, sender: str, now: datetime) -> int:
        """Return after how many seconds the sender may send again, 0 for at once."""
        with self._lock:
            times = self._times.get((webhook, sender))
            if times is None or len(times) < MOST_REFUSED:
                return 0
            free = times[0] + WINDOW
        # A clock that was set back locks no sender out for long.
        is_past = now >= free or now < times[0]
        return 0 if is_past else max(1, math.ceil((free - now).total_seconds()))
