"""Clocks that do not change when somebody sets the system clock."""

import time


class Clock:
    """The system clock's time at this object's creation, advanced by the monotonic clock.

    Durations stay right if the system clock is set in between.
    """

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Return the seconds since 1970."""
        return self._offset + time.monotonic()


class Stillness:
    """Measures for how long a sign of life, such as a file's time, has not changed.

    Only this process's own clock is used.
    """

    def __init__(self) -> None:
        self._seen: object = None
        self._since = 0.0

    def seconds(self, sign: object) -> float:
        """Return for how many seconds `sign` has not changed. Call this repeatedly."""
        now = time.monotonic()
        if sign != self._seen:
            self._seen, self._since = sign, now
        return now - self._since
