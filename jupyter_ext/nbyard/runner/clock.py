"""Time that no clock tells which may be set, or be another machine's."""

import time


class Clock:
    """Tells it as it was at the start, carried on by the machine's own count: one that is set in
    between makes no duration wrong."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Seconds since 1970."""
        return self._offset + time.monotonic()


class Stillness:
    """Since when a sign of life has been the same, by this process's own count."""

    def __init__(self) -> None:
        self._seen: object = None
        self._since = 0.0

    def seconds(self, sign: object) -> float:
        """For so long nothing else was seen here; asked again and again."""
        now = time.monotonic()
        if sign != self._seen:
            self._seen, self._since = sign, now
        return now - self._since
