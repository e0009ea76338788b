"""Threads beside the loop: at most one for each key; what goes wrong unexpectedly is told once."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from nbyard.store.leases import LeaseLost

log = logging.getLogger("nbyard.dispatch")
THREADS = 16
PATIENCE_SECONDS = 2.0
TRIES = 3


class Workers:
    """Runs work in threads. Unexpected errors are logged and tried again a little later; after
    three in a row `give_up` is called with the error's words."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="nbyard-work")
        self._busy: set[str] = set()
        self._failed: dict[str, int] = {}
        self._not_before: dict[str, float] = {}

    def submit(self, key: str, work: Callable[[], None], give_up: Callable[[str], None]) -> None:
        """Start the work unless that key's is under way or has to wait."""
        if key in self._busy or time.monotonic() < self._not_before.get(key, 0.0):
            return
        self._busy.add(key)
        self._pool.submit(self._run, key, work, give_up)

    def _run(self, key: str, work: Callable[[], None], give_up: Callable[[str], None]) -> None:
        try:
            work()
            self._failed.pop(key, None)
        except LeaseLost:
            log.warning("another dispatcher has taken over")
        except Exception as error:  # the dispatcher's boundary
            log.exception("%s failed", key)
            self._failed[key] = self._failed.get(key, 0) + 1
            self._not_before[key] = time.monotonic() + PATIENCE_SECONDS
            if self._failed[key] >= TRIES:
                give_up(f"unexpected: {type(error).__name__}: {error}")
        finally:
            self._busy.discard(key)

    def close(self) -> None:
        """Wait for what is under way."""
        self._pool.shutdown(wait=True)
