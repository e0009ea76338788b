"""Clean-ups after ended attempts, repeated until they succeed.

Threads execute them. A clean-up that keeps failing is left to the sweep of its runtime.
"""

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from nbyard.attempts import folders
from nbyard.dispatch.attempts import secret_delivery
from nbyard.dispatch.cache import partial_results
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.threads import Threads
from nbyard.reasons.structs import because
from nbyard.runtimes.protocol import Order
from nbyard.store.runs.attempts import AttemptRecord

log = logging.getLogger("nbyard.dispatch")
PATIENCE_SECONDS = 120.0  # failures for this long leave it to the sweep


class CleanUp(NamedTuple):
    """One clean-up. It can repeat after a crash."""

    work: Callable[[], None]  # raises an error while something is left to remove
    runtime: str
    since: float  # by the monotonic clock


class CleanUps:
    """All clean-ups that have not succeeded yet, by key.

    The dispatcher counts as busy while there are any, so that it does not exit before them.
    """

    def __init__(self, threads: Threads):
        self._threads = threads
        self._pending: dict[str, CleanUp] = {}
        self._failed: set[str] = set()
        self._changed = threading.Condition()

    def __bool__(self) -> bool:
        return bool(self._pending)

    def add(self, key: str, work: Callable[[], None], runtime: str = "") -> None:
        """Start a clean-up, unless one of this key is pending."""
        with self._changed:
            # The rounds after a failed write add the same clean-ups again.
            if key in self._pending:
                return
            self._pending[key] = CleanUp(work, runtime, time.monotonic())
        self._submit(key)

    def tick(self) -> None:
        """Repeat the clean-ups that failed, after a pause."""
        with self._changed:
            failed = list(self._failed)
        for key in failed:
            self._submit(key)

    def wait(self, seconds: float) -> None:
        """Wait until each clean-up has succeeded, or failed at least once."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending.keys() <= self._failed, seconds)

    def _submit(self, key: str) -> None:
        pending = self._pending[key]
        with self._changed:
            # Before the thread starts, because it may fail at once and add the key again.
            self._failed.discard(key)
        is_begun = self._threads.submit(
            key,
            partial(_done, pending.work),
            lambda _: True,  # after 3 faults, the sweep takes over
            partial(self._record_outcome, key),
            runtime=pending.runtime,
        )
        if not is_begun:  # it pauses after a failure
            with self._changed:
                self._failed.add(key)

    def _record_outcome(self, key: str, is_over: bool | None) -> None:
        with self._changed:
            waited = time.monotonic() - self._pending[key].since
            if not is_over and waited > PATIENCE_SECONDS:
                log.warning("%s: given up after %.0f s, the sweep takes over", key, waited)
                is_over = True
            if is_over:
                del self._pending[key]
            else:
                self._failed.add(key)
            self._changed.notify_all()


def _done(work: Callable[[], None]) -> bool:
    work()
    return True


def clear_attempt(context: DispatchContext, attempt: AttemptRecord, order: Order) -> None:
    """Clean up an attempt whose end is stored; only its record stays.

    Raises:
        NbyardError: Its runtime could not clean up, for example because it does not respond.
            Everything else is done then.
    """
    runtime = context.runtimes.get(attempt.runtime)
    try:
        if runtime and order.folder.is_dir():
            runtime.stop(order, because("ended"))
    finally:  # files and secrets must not stay because of an engine out of reach
        if runtime:
            # A later attempt may continue partial predictions.
            if attempt.state != "succeeded":
                partial_results.set_outputs_aside(context.folder, attempt.id)
            folders.keep_record(order.folder)
        secret_delivery.delete_delivered_secrets(context, attempt.id)
