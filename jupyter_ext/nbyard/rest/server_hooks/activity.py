"""Reports activity to Jupyter while runs are active, so that no idle culler stops the server.

jupyter_server reports the latest of `last_activity_times`, which JupyterHub reads.
"""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tornado.ioloop import PeriodicCallback

from nbyard.errors import NbyardError
from nbyard.rest.operation_handler import RestContext

NAME = "nbyard"
LOOK_SECONDS = 5.0


class Activity:
    """Reports activity to Jupyter while runs, builds or imports are active.

    `exists` returns whether there is a store. A check never creates one.
    """

    def __init__(self, context: RestContext, web_app: Any, exists: Callable[[], bool]):
        self._context = context
        self._web_app = web_app
        self._exists = exists
        self._longest = timedelta(seconds=context.settings.keep_alive_seconds)
        self._clock = PeriodicCallback(self._note_if_working, LOOK_SECONDS * 1000)
        self._clock.start()
        context.closing.append(self._clock.stop)

    async def _note_if_working(self) -> None:
        if not self._exists():
            return
        with contextlib.suppress(NbyardError):  # the next request reports the error
            if await self._context.call(self._context.is_working):
                self.note()

    def note(self) -> None:
        """Report activity now, unless the server's last other activity is too long ago."""
        times = self._web_app.settings["last_activity_times"]
        # Jupyter counts this entry as activity, too. It would keep the server active by itself.
        noted = times.pop(NAME, None)
        now = datetime.now(UTC)
        if now - self._web_app.last_activity() < self._longest:
            noted = now
        if noted is not None:
            times[NAME] = noted
