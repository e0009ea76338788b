"""Restarts a dispatcher that was killed while there is work, even if no requests arrive."""

import contextlib
from collections.abc import Callable

from tornado.ioloop import PeriodicCallback

from nbyard.errors import NbyardError
from nbyard.rest.operation_handler import RestContext

LOOK_SECONDS = 4.0


class DispatcherWatchdog:
    """Checks every few seconds that a dispatcher runs if there is work.

    `exists` returns whether there is a store. A check never creates one.
    """

    def __init__(self, context: RestContext, exists: Callable[[], bool]):
        self._context = context
        self._exists = exists
        self._clock = PeriodicCallback(self._ensure_dispatcher, LOOK_SECONDS * 1000)
        self._clock.start()
        context.closing.append(self._clock.stop)

    async def _ensure_dispatcher(self) -> None:
        if self._exists():
            with contextlib.suppress(NbyardError):  # the next request reports the error
                await self._context.call(self._context.watch)
