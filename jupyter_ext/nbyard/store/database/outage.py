"""Log messages about a database that does not respond."""

import logging
import threading
import time

# The shell prints the error instead of these messages.
log = logging.getLogger("nbyard.store.outage")
FIRST_SECONDS = 10.0
LONGEST_SECONDS = 600.0


class Outage:
    """An outage of the database: logged at its start, at growing intervals, and at its end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: float | None = None
        self._next = self._pause = 0.0

    def note(self, message: str) -> None:
        """Record that the database does not respond; `message` is that of the driver."""
        now = time.monotonic()
        with self._lock:
            if self._since is None:
                self._since, self._next, self._pause = now, now, FIRST_SECONDS
            if now < self._next:
                return
            seconds = now - self._since
            self._next = now + self._pause
            self._pause = min(2 * self._pause, LONGEST_SECONDS)
        since = f" for {seconds:.0f} s" if seconds else ""
        log.warning("the database does not respond%s: %s", since, " ".join(message.split())[:400])

    def end(self) -> None:
        """Record that the database has answered."""
        # Without the lock, because each successful transaction comes here.
        if self._since is None:
            return
        with self._lock:
            since, self._since = self._since, None
        if since is not None:
            log.warning("the database answers again after %.0f s", time.monotonic() - since)
