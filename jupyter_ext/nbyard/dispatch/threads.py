"""Threads beside the loop: at most one for each key.

Not to be taken for the workers of functions (`board.LiveWorker`), which are processes.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import TypeVar

from nbyard.errors import Busy, DatabaseAway, Unavailable
from nbyard.store.leases import LeaseLost

log = logging.getLogger("nbyard.dispatch")
THREADS = 16
PATIENCE_SECONDS = 2.0  # so long a key has to wait after it failed
TRIES = 3
T = TypeVar("T")


class Threads:
    """Runs work in threads, `count` at most at once of what asks one runtime, and of all else: one
    that hangs keeps those of others from nothing. What is submitted again after an unexpected
    error, which is logged, has to wait a little; after three in a row `give_up` is called with the
    error's words. Work that a later round submits anyway needs none."""

    def __init__(self, count: int = THREADS) -> None:
        pool = partial(ThreadPoolExecutor, count, thread_name_prefix="nbyard-work")
        self._pools: defaultdict[str, ThreadPoolExecutor] = defaultdict(pool)
        self._busy: set[str] = set()
        self._under_way: set[Future[None]] = set()
        self._failed: dict[str, int] = {}
        self._not_before: dict[str, float] = {}

    def submit(
        self,
        key: str,
        work: Callable[[], T],
        give_up: Callable[[str], T] | None = None,
        then: Callable[[T | None], None] | None = None,
        *,
        runtime: str = "",
    ) -> bool:
        """Start the work unless that key's is under way or has to wait; whether it was started.
        At its end, when it may be started again, `then` is told its result, or what `give_up`
        says."""
        if key in self._busy or time.monotonic() < self._not_before.get(key, 0.0):
            return False
        self._busy.add(key)
        future = self._pools[runtime].submit(self._run, key, work, give_up, then)
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)
        return True

    def _run(
        self,
        key: str,
        work: Callable[[], T],
        give_up: Callable[[str], T] | None,
        then: Callable[[T | None], None] | None,
    ) -> None:
        try:
            result = self._result(key, work, give_up)
        finally:
            self._busy.discard(key)
        if then is not None:
            then(result)

    def _result(
        self, key: str, work: Callable[[], T], give_up: Callable[[str], T] | None
    ) -> T | None:
        try:
            result = work()
        except LeaseLost:
            log.warning("another dispatcher has taken over")
        except (Busy, Unavailable) as error:  # that passes, however often
            if not isinstance(error, DatabaseAway):  # which the store logs
                log.warning("%s: %s", key, error)
            self._not_before[key] = time.monotonic() + PATIENCE_SECONDS
        except Exception as error:  # the dispatcher's boundary
            log.exception("%s failed", key)
            self._failed[key] = self._failed.get(key, 0) + 1
            self._not_before[key] = time.monotonic() + PATIENCE_SECONDS
            if give_up is not None and self._failed[key] >= TRIES:
                return give_up(f"unexpected: {type(error).__name__}: {error}")
        else:
            self._failed.pop(key, None)
            self._not_before.pop(key, None)
            return result
        return None

    def settle(self, seconds: float) -> bool:
        """Wait for what is under way; whether all of it came to an end."""
        return not wait(list(self._under_way), seconds).not_done

    def close(self, seconds: float = 0.0) -> bool:
        """Begin nothing more and wait so long; whether all came to an end."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        return self.settle(seconds)
