"""What passes the proxy is counted here, and given to the services now and then."""

import math
import time
from collections.abc import Callable

from tornado.ioloop import IOLoop
from tornado.log import app_log

from nbyard.domain.deployments.traffic import Tally
from nbyard.errors import NbyardError
from nbyard.rest.handlers import Desk

EVERY_SECONDS = 10.0
# After a quiet time, so that who has just asked something sees that it was counted.
FIRST_SECONDS = 0.5


class Meter:
    """Counts in the server's loop; what is not given away yet when the desk closes is then.
    `note` is called whenever somebody asks or sends something."""

    def __init__(self, desk: Desk, note: Callable[[], None] = lambda: None):
        self.note = note
        self._desk = desk
        self._tallies: dict[str, Tally] = {}
        self._is_due = self._is_known = False
        self._given_at = -math.inf

    def count(self, deployment: str, seconds: float, *, is_error: bool) -> None:
        """A request to the deployment of this id, and after how long it was answered."""
        tally = self._tallies.setdefault(deployment, Tally())
        tally.count(time.time(), seconds, is_error=is_error)
        self.note()
        if not self._is_known:
            self._is_known = True
            self._desk.closing.append(self.give)
        if not self._is_due:
            self._is_due = True
            left = self._given_at + EVERY_SECONDS - time.monotonic()
            IOLoop.current().call_later(max(FIRST_SECONDS, left), self._give_beside)

    def _give_beside(self) -> None:
        self._is_due = False
        self._given_at = time.monotonic()
        if self._tallies:
            tallies, self._tallies = self._tallies, {}
            self._desk.pool.submit(self._hand_over, tallies)

    def give(self) -> None:
        """All that was counted, at once."""
        tallies, self._tallies = self._tallies, {}
        if tallies:
            self._hand_over(tallies)

    def _hand_over(self, tallies: dict[str, Tally]) -> None:
        for deployment, tally in tallies.items():
            try:
                self._desk.services.deployments.counted(deployment, tally.taken())
            except (NbyardError, OSError) as error:
                app_log.warning("what deployments were asked was not counted: %s", error)
