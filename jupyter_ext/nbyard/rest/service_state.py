"""The state of a service for monitors: its readiness without a login, and its metrics."""

import asyncio
import time
from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from tornado import web

from nbyard.errors import Forbidden, NbyardError
from nbyard.rest.operation_handler import NbyardHandler, RestContext

# The scope of a hub's own metrics. A token with it reads these metrics and nothing else.
SCRAPE = "read:metrics"
READY_SECONDS = 5.0


class Readiness:
    """Checks whether the service can take work; requests within some seconds share an answer."""

    def __init__(self, context: RestContext):
        self._context = context
        self._asked: asyncio.Future[list[str]] | None = None
        self._until = 0.0

    async def failed(self) -> list[str]:
        """Return the names of the checks that failed."""
        # A check that hangs occupies one thread, however many requests wait for it.
        if self._asked is None or (self._asked.done() and time.monotonic() >= self._until):
            self._asked = asyncio.ensure_future(self._context.call(self._check))
            self._until = time.monotonic() + READY_SECONDS
        return await asyncio.shield(self._asked)

    def _check(self) -> list[str]:
        try:
            return self._context.services.system.unready()
        except NbyardError:  # the store cannot be opened
            return ["store"]


class ReadyHandler(NbyardHandler):
    """Responds with 200 if the service can take work, else with 503 and the names of checks.

    It needs no login. The details are in `nbyard doctor`, for administrators.
    """

    def initialize(self, context: RestContext, readiness: Readiness) -> None:  # type: ignore[override]
        super().initialize(context)
        self._readiness = readiness

    @allow_unauthenticated
    async def get(self) -> None:
        failed = await self._readiness.failed()
        self.answer(503 if failed else 200, {"ready": not failed, "failed": failed})


class MetricsHandler(NbyardHandler):
    """Responds with the metrics of the service, in Prometheus' format.

    A token needs the right `admin`, or the hub's scope `read:metrics`.
    """

    @web.authenticated
    async def get(self) -> None:
        caller = self.caller
        if not (caller.may("metrics:admin") or SCRAPE in caller.scopes):
            self.fail(Forbidden(f"This needs the scope {SCRAPE}."))
            return
        metrics: Any = await self.context.call(generate_latest)
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.finish(metrics)
