"""The hub's service of nbyard as a process, with a hub in a thread that knows its users."""

import asyncio
import http.client
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.support.jupyter_server import PATIENCE_SECONDS, Answer, JupyterServer
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.testing import bind_unused_port

from nbyard.testing.conformance.runtimes import wait_until

PREFIX = "/services/nbyard/"
ACCESS = "access:services!service=nbyard"
RIGHTS = ("read", "write", "deploy")
# JupyterHub changes classes of Jupyter for a whole process, so the service has its own.
SERVE = """
import sys
from nbyard import hub
from nbyard.rest import operation_handler
from nbyard.settings import Settings

hub.CACHE_SECONDS = int(sys.argv[1])
operation_handler.LOGIN_SECONDS = 0.3
hub.serve(Settings(shared=True))
"""


class User(web.RequestHandler):
    """The hub's answer to `GET /user`; a user's token is their name."""

    def initialize(self, people: "People") -> None:
        self._people = people

    def get(self) -> None:
        name = self.request.headers.get("Authorization", "").removeprefix("token ")
        if self._people.is_away:
            raise web.HTTPError(500)
        if name not in self._people.rights:
            raise web.HTTPError(403)
        scopes = [ACCESS, *(f"custom:nbyard:{right}" for right in self._people.rights[name])]
        self.finish(json.dumps({"kind": "user", "name": name, "groups": [], "scopes": scopes}))


class Token(web.RequestHandler):
    """The hub's answer at the end of a sign-in; the code of a user is their name."""

    def post(self) -> None:
        self.finish(json.dumps({"access_token": self.get_body_argument("code")}))


class People:
    """The API of a hub, whose users have `rights`."""

    def __init__(self) -> None:
        self.rights: dict[str, tuple[str, ...]] = {"ann": RIGHTS, "bob": RIGHTS}
        self.is_away = False
        self._sockets = bind_sockets(0, "127.0.0.1")
        self.port = self._sockets[0].getsockname()[1]
        self._loop, self._ended = asyncio.new_event_loop(), asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._thread.start()

    async def _serve(self) -> None:
        api: list[Any] = [
            ("/hub/api/user", User, {"people": self}),
            ("/hub/api/oauth2/token", Token),
        ]
        server = HTTPServer(web.Application(api))
        server.add_sockets(self._sockets)
        await self._ended.wait()
        server.stop()
        await server.close_all_connections()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(PATIENCE_SECONDS)


def cookies_of(*answers: Answer) -> dict[str, str]:
    """Return the cookies that answers set; the last one of each name counts."""
    lines = [line for answer in answers for line in answer.headers.get_all("Set-Cookie", [])]
    return dict(line.partition(";")[0].split("=", 1) for line in lines)


def header_of(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


class HubService:
    """The service with its own store and no dispatcher. It keeps its port when it is restarted.

    `before` is code that its process runs first.
    """

    def __init__(
        self, folder: Path, cache_seconds: int = 1, before: str = "", **settings: str
    ) -> None:
        self.store, self.people = folder / "shared", People()
        probe, self.port = bind_unused_port()
        probe.close()
        self.url = f"http://127.0.0.1:{self.port}{PREFIX}"
        self._program = [sys.executable, "-c", before + SERVE, str(cache_seconds)]
        self._settings = {f"NBYARD_{name.upper()}": text for name, text in settings.items()}
        self.log = folder / "service.log"

    def start(self) -> "HubService":
        """Start the service; return when it answers."""
        hub = {
            "API_TOKEN": "of-the-service", "API_URL": f"http://127.0.0.1:{self.people.port}/hub/api",
            "CLIENT_ID": "service-nbyard", "SERVICE_NAME": "nbyard", "SERVICE_PREFIX": PREFIX,
            "SERVICE_URL": f"http://127.0.0.1:{self.port}", "BASE_URL": "/",
            "OAUTH_ACCESS_SCOPES": json.dumps([ACCESS]),
        }  # fmt: skip
        own = {"NBYARD_STORE_DIR": str(self.store), "NBYARD_INLINE_DISPATCH": "True"}
        own |= self._settings
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._program,
                env={**os.environ, **own, **{f"JUPYTERHUB_{n}": v for n, v in hub.items()}},
                stdout=log,
                stderr=log,
            )
        wait_until(lambda: self.process.poll() is not None or self._answers())
        assert self.process.poll() is None, self.log.read_text()
        return self

    def _answers(self) -> bool:
        try:
            return self.request("GET", "nbyard/api/health").status == 200
        except OSError:
            return False

    def request(
        self, method: str, path: str, body: bytes | None = None, token: str = "", **headers: str
    ) -> Answer:
        """Send a request to the service itself."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        if token:
            headers["Authorization"] = f"token {token}"
        with closing(connection):
            connection.request(method, PREFIX + path, body=body, headers=headers)
            return Answer(connection.getresponse())

    def sign_in(self, user: str) -> tuple[str, str]:
        """Return the cookies of a browser in which a user signed in at the hub, and its XSRF value.

        The hub would redirect the browser to the callback with a code.
        """
        page = self.request("GET", "nbyard/sign-in/deployments/x/y", Accept="text/html")
        (state,) = parse_qs(urlsplit(page.headers["Location"]).query)["state"]
        back = f"oauth_callback?code={user}&state={state}"
        signed_in = self.request("GET", back, Cookie=header_of(cookies_of(page)))
        cookies = cookies_of(page, signed_in)
        return header_of(cookies), cookies["_xsrf"]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Stop the service and its hub."""
        self.process.terminate()
        self.process.wait(PATIENCE_SECONDS)
        self.people.stop()


@contextmanager
def forwarding(folder: Path, url: str, user: str = "ann") -> Iterator[JupyterServer]:
    """Yield the server of a user, which forwards to the service at this URL."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTERHUB_API_TOKEN", user)
        patch.setenv("JUPYTERHUB_USER", user)
        # The extension sets them for kernels and terminals.
        patch.setenv("NBYARD_RESOURCES", "")
        patch.setenv("NBYARD_HUB_ROOT", "")
        server = JupyterServer(folder, f"/user/{user}/", hub_url=url).start()
        try:
            yield server
        finally:
            server.stop()
