"""Counts the proxy's requests, and passes the counts to the deployment service periodically."""

import logging
import math
import time
from collections.abc import Callable

from tornado.ioloop import IOLoop

from nbyard.domain.deployments.traffic import Tally
from nbyard.errors import NbyardError
from nbyard.rest.operation_handler import RestContext

log = logging.getLogger("nbyard.rest")
EVERY_SECONDS = 10.0
# After a pause, the first counts are stored soon, so that users see their own request.
FIRST_SECONDS = 0.5


class RequestMeter:
    """Counts requests in the server's event loop.

    When the context is closed, the rest is stored. `note` is called for every request, and for
    every piece that a client sends through a WebSocket.
    """

    def __init__(self, context: RestContext, note: Callable[[], None] = lambda: None):
        self.note = note
        self._context = context
        self._tallies: dict[str, Tally] = {}
        self._is_due = self._is_known = False
        self._given_at = -math.inf

    def count(self, deployment: str, seconds: float, status: int) -> None:
        """Count a request to a deployment. `seconds` is the time until its response."""
        tally = self._tallies.setdefault(deployment, Tally())
        tally.count(time.time(), seconds, status)
        self.note()
        if not self._is_known:
            self._is_known = True
            self._context.closing.append(self.store_counts)
        if not self._is_due:
            self._is_due = True
            left = self._given_at + EVERY_SECONDS - time.monotonic()
            IOLoop.current().call_later(max(FIRST_SECONDS, left), self.store_in_thread)

    def store_in_thread(self) -> None:
        self._is_due = False
        self._given_at = time.monotonic()
        if self._tallies:
            tallies, self._tallies = self._tallies, {}
            # Writing to the store blocks, so do it outside the server's loop.
            self._context.pool.submit(self._store_counts, tallies)

    def store_counts(self) -> None:
        """Store all counts that are not stored yet."""
        tallies, self._tallies = self._tallies, {}
        if tallies:
            self._store_counts(tallies)

    def _store_counts(self, tallies: dict[str, Tally]) -> None:
        for deployment, tally in tallies.items():
            try:
                self._context.services.deployments.counted(deployment, tally.take())
            except (NbyardError, OSError) as error:
                log.warning("the requests of deployments were not counted: %s", error)
