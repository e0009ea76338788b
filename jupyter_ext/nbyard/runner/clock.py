"""The time of day for durations."""

import time


class Clock:
    """Tells it as it was at the start, carried on by the machine's own count: one that is set in
    between makes no duration wrong."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Seconds since 1970."""
        return self._offset + time.monotonic()
