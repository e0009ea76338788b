"""A real JupyterHub with the service for all users, each of whose processes a test may kill."""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.integration.hub import Hub, config_of_service
from tests.support.postgres import Postgres

from nbyard.domain.callers import Caller

from .place import Place, Zygote, until

# Witnesses and the checker need processes. The service refuses them, in code.
WITH_PROCESSES = """
from nbyard.domain.users import isolation
isolation.ISOLATED = (*isolation.ISOLATED, "process")
"""
# Due times may follow sooner, so that nobody has to wait for the next one.
WITH_MANY_DUE_TIMES = """
from nbyard.domain.automations.times import cron
cron.LEAST_SECONDS = 1
"""
ADDED = """
c.Spawner.poll_interval = 1
c.ConfigurableHTTPProxy.check_running_interval = 1
c.JupyterHub.load_roles.append(
    {"name": "looking", "scopes": ["list:services", "read:services"], "services": ["tests"]}
)
c.JupyterHub.services[-1]["environment"].update(%r)
"""
USER = "ann"
SERVE = ("-m", "nbyard.cli.main", "hub", "serve", "--managed")


class HubPlace:
    """A hub with PostgreSQL, the service, and the server of one user that forwards to it."""

    def __init__(self, folder: Path, zygote: Zygote, settings: Mapping[str, str]):
        self.database = Postgres().make().start()
        store, patches = folder / "service", folder / "patches"
        patches.mkdir()
        (patches / "sitecustomize.py").write_text(WITH_PROCESSES + WITH_MANY_DUE_TIMES)
        paths = [str(patches), *filter(None, [os.environ.get("PYTHONPATH")])]
        own = {
            "NBYARD_DATABASE_URL": self.database.url,
            "NBYARD_IDLE_SECONDS": "60",
            "NBYARD_SLOTS": "4",
            "NBYARD_LEASE_SECONDS": "3",
            "PYTHONPATH": os.pathsep.join(paths),
            **settings,
        }
        config = config_of_service(store, [sys.executable, *SERVE])
        self.hub = Hub(folder, config + ADDED % own)
        (self.token,) = self.hub.tokens(USER)
        until(self._answers, f"the service: {self.hub.log[-3000:]}")
        beside = folder / "place"
        beside.mkdir()
        self.place = Place(beside, self.database.url, zygote, store)
        self.place.root = folder / USER
        self.place.caller = Caller(USER)
        self.place.log = folder / "hub.log"

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return self.ask("GET", "/runs")[0] == 200
        return False

    def ask(self, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        """Return status and response of the user's server; raise OSError without a response."""
        headers = {"Content-Type": "application/json"}
        headers |= {"Idempotency-Key": key} if key else {}
        return self.send(method, path, None if body is None else json.dumps(body).encode(), headers)

    def send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, Any]:
        """Return status and response of nbyard; raise OSError for one of the hub or the proxy."""
        answer = self.hub.request(
            method, f"/user/{USER}/nbyard/api{path}", body, self.token, headers
        )
        if answer.status >= 400 and b'"request_id"' not in answer.content:
            raise OSError(f"no answer of nbyard: {answer.status} {answer.content[:200]!r}")
        return answer.status, answer.json if answer.content else None

    def page(self, path: str) -> tuple[int, bytes]:
        """Return status and bytes of a page below the user's server; 0 without a response."""
        with contextlib.suppress(OSError):
            answer = self.hub.send("GET", f"/user/{USER}/nbyard/{path}", token=self.token)
            return answer.status, answer.content
        return 0, b""

    # The processes

    def service(self) -> int:
        """Return the process ID of the service, 0 while it does not run."""
        with contextlib.suppress(OSError, AssertionError):
            return int(self.hub.ask("GET", "/services/nbyard")["pid"] or 0)
        return 0

    def server(self) -> int:
        """Return the process ID of the user's server, 0 while it does not run."""
        with contextlib.suppress(OSError, AssertionError, KeyError):
            return int(self.hub.server(USER)["state"]["pid"])
        return 0

    def kill(self, victim: str) -> None:
        """Kill one process, and start what nobody else starts again."""
        kills: dict[str, Callable[[], None]] = {
            "service": lambda: kill(until(self.service, "the service")),
            "dispatcher": lambda: kill(until(self.place.holder, "the dispatcher")),
            "postgresql": self.database.kill,
            "hub": self.hub.kill,
            "proxy": lambda: kill(int((self.hub.folder / "jupyterhub-proxy.pid").read_text())),
            "server": self._kill_server,
        }
        kills[victim]()
        if victim == "postgresql":
            self.database.start()
        elif victim == "hub":
            self.hub.start()
        until(self._answers, f"an answer\n{self.place.told()}")

    def _kill_server(self) -> None:
        pid = until(self.server, "the user's server")
        kill(pid)

        def is_replaced() -> bool:
            if self.server() in (0, pid):
                with contextlib.suppress(OSError, AssertionError):  # the hub has not noticed yet
                    self.hub.ask("POST", f"/users/{USER}/server")
            return self.server() not in (0, pid)

        until(is_replaced, "the next server of the user")

    def close(self) -> None:
        for stop in (self.hub.stop, self.place.close, self.database.remove):
            stop()


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
