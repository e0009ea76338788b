"""Threads beside the loop: at most one for each key.

Function workers (`state.live_runs.LiveWorker`) are processes, not these threads.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import TypeVar

from nbyard.errors import Busy, DatabaseAway, Unavailable
from nbyard.reasons.structs import Reason, because
from nbyard.store.leases import LeaseLost

log = logging.getLogger("nbyard.dispatch")
THREADS = 16
PATIENCE_SECONDS = 2.0  # pause of a key after a failure
TRIES = 3
T = TypeVar("T")


class Threads:
    """Runs work in threads, at most `count` at once for each runtime, and for all other work.

    So a runtime that hangs does not block others. After an unexpected error, which is logged, the
    key pauses. After 3 errors in a row, `give_up` is called with the reason. Work that a
    later round submits again needs no `give_up`.
    """

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
        give_up: Callable[[Reason], T] | None = None,
        then: Callable[[T | None], None] | None = None,
        *,
        runtime: str = "",
    ) -> bool:
        """Start the work, unless work with this key runs or has just failed.

        Return whether it was started. Afterwards `then` receives its result; after an error, that
        of `give_up` if it was called, else None.
        """
        if key in self._busy or time.monotonic() < self._not_before.get(key, 0.0):
            return False
        self._busy.add(key)
        future = self._pools[runtime].submit(self._run, key, work, give_up, then)
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)
        return True

    def is_busy(self, key: str) -> bool:
        """Return whether work with this key runs."""
        return key in self._busy

    def _run(
        self,
        key: str,
        work: Callable[[], T],
        give_up: Callable[[Reason], T] | None,
        then: Callable[[T | None], None] | None,
    ) -> None:
        result = None
        try:
            result = work()
        except LeaseLost:
            log.warning("another dispatcher has taken over")
        except (Busy, Unavailable) as error:  # temporary, however often
            if not isinstance(error, DatabaseAway):  # the store logs it
                log.warning("%s: %s", key, error)
            self._not_before[key] = time.monotonic() + PATIENCE_SECONDS
        except Exception as error:  # the work of one key must not stop the loop
            log.exception("%s failed", key)
            self._failed[key] = self._failed.get(key, 0) + 1
            self._not_before[key] = time.monotonic() + PATIENCE_SECONDS
            if give_up is not None and self._failed[key] >= TRIES:
                result = give_up(unexpected_reason(error))
        else:
            self._failed.pop(key, None)
            self._not_before.pop(key, None)
        finally:
            # Before `then`, which may wake the loop: the loop submits the same key again.
            self._busy.discard(key)
        if then is not None:
            then(result)

    def settle(self, seconds: float) -> bool:
        """Wait for work in progress; return whether all of it ended."""
        return not wait(list(self._under_way), seconds).not_done

    def close(self, seconds: float = 0.0) -> bool:
        """Start nothing more and wait up to `seconds`; return whether all work ended."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        return self.settle(seconds)


def unexpected_reason(error: Exception) -> Reason:
    """Return the reason for an unexpected error."""
    return because("unexpected", error=type(error).__name__, message=str(error))
