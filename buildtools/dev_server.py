"""Run JupyterLab for ./dev, with a route where an open page waits for a new bundle."""

import asyncio
import runpy
import time
from typing import Any

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from dev_build import build

WAIT_SECONDS = 20.0
LOOK_SECONDS = 0.1
STARTED = time.time_ns()


class BuildHandler(APIHandler):
    """Returns what the page should show, as soon as the page shows something else."""

    def initialize(self) -> None:
        self._left = False

    def on_connection_close(self) -> None:
        self._left = True

    @web.authenticated
    async def get(self) -> None:
        shown = {name: self.get_query_argument(name, "") for name in ("load", "server")}
        end = time.monotonic() + WAIT_SECONDS
        while (now := self._now() or shown) == shown and time.monotonic() < end:
            if self._left:
                return
            await asyncio.sleep(LOOK_SECONDS)
        self.finish(now)

    @staticmethod
    def _now() -> dict[str, str]:
        now = build()
        return now and {"load": now["load"], "server": f"{STARTED}-{now['schemas']}"}


def _load_jupyter_server_extension(serverapp: Any) -> None:
    address = url_path_join(serverapp.web_app.settings["base_url"], "nbyard-dev/build")
    serverapp.web_app.add_handlers(".*$", [(address, BuildHandler)])


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "dev_server"}]


if __name__ == "__main__":
    runpy.run_module("jupyterlab", run_name="__main__")
