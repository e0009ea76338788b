"""The mode http: a server that listens at once, and is ready when the model is loaded."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
from functools import partial

from nbyard.serving.models import Spec

from .call_watchdog import CALL_VARIABLE, PATIENCE, Watchdog

PORT_VARIABLE, HOST_VARIABLE = "NBYARD_PORT", "NBYARD_HOST"
SECRET_VARIABLE = "NBYARD_SECRET_FILE"
BODY_VARIABLE, QUEUE_VARIABLE = "NBYARD_MAX_BODY_BYTES", "NBYARD_MAX_QUEUE_ROWS"
MAX_BODY_BYTES = 16 * 2**20
MAX_QUEUE_ROWS = 100_000
CALL_SECONDS = 60.0


class HttpMode:
    """Serves a model over HTTP, by default on port 5000 of all addresses."""

    requirements: tuple[str, ...] = (
        "httptools>=0.6,<1",
        "orjson>=3.10,<4",
        "uvicorn>=0.30,<1",
        "uvloop>=0.19,<1",
    )
    port = 5000

    def serve(self, spec: Spec, words: list[str]) -> int:
        """Serve until SIGTERM, then answer the accepted requests.

        Returns 1 if the model cannot be loaded or cannot continue, else 0.

        Raises:
            SystemExit: The file of the secret is empty.
        """
        import uvicorn

        from .app import App
        from .requests import Access

        seconds = float(os.environ.get(CALL_VARIABLE, "") or CALL_SECONDS)
        app = App(
            spec,
            max_body=_number(BODY_VARIABLE, MAX_BODY_BYTES),
            max_rows=_number(QUEUE_VARIABLE, MAX_QUEUE_ROWS),
            call_seconds=seconds,
            access=Access(os.environ.get(SECRET_VARIABLE, "")),
        )
        config = uvicorn.Config(
            app,
            host=os.environ.get(HOST_VARIABLE, "0.0.0.0"),
            port=_number(PORT_VARIABLE, self.port),
            access_log=False,
            lifespan="on",
            log_config=None,
            server_header=False,
        )
        server = uvicorn.Server(config)
        app.give_up = partial(setattr, server, "should_exit", True)
        watchdog = Watchdog(seconds * PATIENCE)
        app.loaded = watchdog.start
        # uvicorn raises the signal again at its end
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        with contextlib.suppress(SystemExit):
            server.run()
        watchdog.stop()
        if app.has_failed and app.worker.is_late:
            logging.shutdown()
            os._exit(1)  # a stuck thread could keep the interpreter from exiting
        return 1 if app.has_failed else 0


def _number(variable: str, default: int) -> int:
    return int(os.environ.get(variable, "") or default)
