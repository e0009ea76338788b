"""Work counts as activity of the Jupyter server, so that no culler stops it in the middle of a run.

jupyter_server reports the latest of `last_activity_times`; a JupyterHub asks for that.
"""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tornado.ioloop import PeriodicCallback

from nbyard.errors import NbyardError
from nbyard.rest.handlers import Desk

NAME = "nbyard"
LOOK_SECONDS = 5.0


class Activity:
    """Looks at the store every few seconds, from the start of the server to its end.

    `exists` tells whether there is a store: none is created for that.
    """

    def __init__(self, desk: Desk, web_app: Any, exists: Callable[[], bool]):
        self._desk = desk
        self._web_app = web_app
        self._exists = exists
        self._longest = timedelta(seconds=desk.settings.keep_alive_seconds)
        self._clock = PeriodicCallback(self._look, LOOK_SECONDS * 1000)
        self._clock.start()
        desk.closing.append(self._clock.stop)

    async def _look(self) -> None:
        if not self._exists():
            return
        with contextlib.suppress(NbyardError):  # the next request shows what is wrong
            if await self._desk.call(self._desk.is_working):
                self.note()

    def note(self) -> None:
        """Count as activity now, unless the last activity of others was too long ago."""
        times = self._web_app.settings["last_activity_times"]
        noted = times.pop(NAME, None)
        now = datetime.now(UTC)
        if now - self._web_app.last_activity() < self._longest:
            noted = now
        if noted is not None:
            times[NAME] = noted
