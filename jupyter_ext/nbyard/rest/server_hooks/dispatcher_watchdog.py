"""While a server runs, a dispatcher that was killed is replaced although nobody sends a request."""

import contextlib
from collections.abc import Callable

from tornado.ioloop import PeriodicCallback

from nbyard.errors import NbyardError
from nbyard.rest.handlers import Desk

LOOK_SECONDS = 4.0


class Guard:
    """Looks at the store every few seconds, from the start of the server to its end.

    `exists` tells whether there is a store: none is created for that.
    """

    def __init__(self, desk: Desk, exists: Callable[[], bool]):
        self._desk = desk
        self._exists = exists
        self._clock = PeriodicCallback(self._look, LOOK_SECONDS * 1000)
        self._clock.start()
        desk.closing.append(self._clock.stop)

    async def _look(self) -> None:
        if self._exists():
            with contextlib.suppress(NbyardError):  # the next request shows what is wrong
                await self._desk.call(self._desk.watch)
