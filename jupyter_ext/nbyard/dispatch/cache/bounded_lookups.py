"""Slow lookups for which a request waits only for a short time."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import Generic, TypeVar

from nbyard.errors import NbyardError, Unavailable
from nbyard.reasons.structs import because

T = TypeVar("T")
# A place that hangs, such as a network mount, occupies its thread for as long.
MOST_THREADS = 16
LATE = because("forecast-late")


class BoundedLookups(Generic[T]):
    """Looks up values in threads, at most one for each key.

    A lookup that is late continues. Later requests for its key wait for the same lookup.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._under_way: dict[Hashable, Future[T]] = {}

    def is_under_way(self, key: Hashable) -> bool:
        """Return whether a thread looks up this key."""
        return key in self._under_way

    def get(self, key: Hashable, look: Callable[[], T], seconds: float) -> T:
        """Return the value from `look`, which runs in a thread.

        Raises:
            Unavailable: The value takes longer than `seconds`, or too many lookups are under way.
        """
        with self._lock:
            future = self._under_way.get(key)
            if future is None:
                if len(self._under_way) >= MOST_THREADS:
                    raise Unavailable(LATE)
                future = self._under_way[key] = Future()
                of = (key, future, look)
                # a daemon, because a process that ends must not wait for a mount that hangs
                threading.Thread(target=self._run, args=of, name=self._name, daemon=True).start()
        try:
            return future.result(seconds)
        except (TimeoutError, CancelledError):
            raise Unavailable(LATE) from None

    def _run(self, key: Hashable, future: Future[T], look: Callable[[], T]) -> None:
        answer: Callable[[], object] = future.cancel  # after an unexpected error
        try:
            answer = partial(future.set_result, look())
        except (NbyardError, OSError) as error:
            answer = partial(future.set_exception, error)
        finally:
            del self._under_way[key]  # first, so that the next request looks again
            answer()
