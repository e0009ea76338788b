"""Threads beside the loop: at most one for each key; what goes wrong unexpectedly is told once."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from nbyard.store.leases import LeaseLost

log = logging.getLogger("nbyard.dispatch")
THREADS = 16
PATIENCE_SECONDS = 2.0
TRIES = 3


class Workers:
    """Runs work in threads. Unexpected errors are logged and tried again a little later; after
    three in a row `give_up` is called with the error's words."""

    def __init__(self, threads: int = THREADS) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="nbyard-work")
        self._busy: dict[str, Future[None]] = {}
        self._failed: dict[str, int] = {}
        self._not_before: dict[str, float] = {}

    def submit(self, key: str, work: Callable[[], None], give_up: Callable[[str], None]) -> None:
        """Start the work unless that key's is under way or has to wait."""
        busy = self._busy.get(key)
        if busy is not None and not busy.done():
            return
        if time.monotonic() < self._not_before.get(key, 0.0):
            return
        self._busy = {name: task for name, task in self._busy.items() if not task.done()}
        self._busy[key] = self._pool.submit(self._run, key, work, give_up)

    def _run(self, key: str, work: Callable[[], None], give_up: Callable[[str], None]) -> None:
        try:
            work()
        except LeaseLost:
            log.warning("another dispatcher has taken over")
        except Exception as error:  # the dispatcher's boundary
            log.exception("%s failed", key)
            self._failed[key] = self._failed.get(key, 0) + 1
            self._not_before[key] = time.monotonic() + PATIENCE_SECONDS
            if self._failed[key] >= TRIES:
                give_up(f"unexpected: {type(error).__name__}: {error}")
            return
        self._failed.pop(key, None)
        self._not_before.pop(key, None)

    def settle(self, seconds: float) -> bool:
        """Wait for what is under way; whether all of it came to an end."""
        return not wait(list(self._busy.values()), seconds).not_done

    def close(self, seconds: float = 0.0) -> bool:
        """Begin nothing more and wait so long; whether all came to an end."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        return self.settle(seconds)
