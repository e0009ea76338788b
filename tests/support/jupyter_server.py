"""Run a real Jupyter server with nbyard in a thread of this process, and call it."""

import asyncio
import http.client
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tornado.ioloop import IOLoop
from tornado.testing import bind_unused_port

TOKEN = "a-token-for-tests"
PATIENCE_SECONDS = 60.0


class Answer:
    """The response to a request."""

    def __init__(self, answer: http.client.HTTPResponse):
        self.status = answer.status
        self.headers = answer.headers
        self.content = answer.read()

    @property
    def json(self) -> Any:
        """Return the body, parsed as JSON."""
        return json.loads(self.content)


class JupyterServer:
    """A server for `root` with the store beside it; `settings` are nbyard's (`c.Settings`)."""

    def __init__(self, folder: Path, base_url: str = "/", **settings: Any):
        self.root = folder / "root"
        self.store = folder / "store"
        self.root.mkdir(parents=True, exist_ok=True)
        probe, self.port = bind_unused_port()
        probe.close()
        self.base_url = base_url
        self.url = f"http://127.0.0.1:{self.port}{base_url}".rstrip("/")
        self.app: Any = None
        self._folder = folder
        self._settings = {"store_dir": str(self.store), "inline_dispatch": True, **settings}
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="jupyter-server")

    def start(self) -> "JupyterServer":
        """Start the server and wait until it responds."""
        with pytest.MonkeyPatch.context() as patch:
            for name in ("CONFIG", "DATA", "RUNTIME"):
                place = self._folder / f"jupyter-{name.lower()}"
                patch.setenv(f"JUPYTER_{name}_DIR", str(place))
            patch.setenv("JUPYTER_PLATFORM_DIRS", "0")
            # The extension sets this variable of the process, which later tests would see.
            patch.setenv("NBYARD_RESOURCES", "")
            self._thread.start()
            started = self._ready.wait(PATIENCE_SECONDS)
        if self._failure is not None:
            raise self._failure
        if not started:
            raise TimeoutError("the Jupyter server did not start")
        return self

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # noqa: BLE001  `start` raises it
            self._failure = error
        finally:
            self._ready.set()
            # including connections that a client keeps, whose sockets would leak into later tests
            IOLoop.current().close(all_fds=True)

    async def _serve(self) -> None:
        from traitlets.config import Config

        self.app = _server_app()(
            ip="127.0.0.1",
            port=self.port,
            port_retries=0,
            base_url=self.base_url,
            root_dir=str(self.root),
            open_browser=False,
            allow_root=True,
            allow_unauthenticated_access=False,
            config=Config(
                {
                    "ServerApp": {"jpserver_extensions": {"nbyard": True}},
                    "IdentityProvider": {"token": TOKEN},
                    "Settings": self._settings,
                }
            ),
        )
        self.app.initialize(argv=[], starter_extension=None, new_httpserver=True)
        self.app.write_server_info_file()
        self._loop.call_soon(self._ready.set)  # it binds its port in the loop's next round
        await self._stop.wait()
        self.app.remove_server_info_file()
        self.app.http_server.stop()
        self.app.web_app.settings["nbyard"].close()
        await self.app.clean_up()
        self.app.clear_instance()

    def stop(self) -> None:
        """Stop the server and wait for its thread."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(PATIENCE_SECONDS)

    def call(self, function: Callable[[], Any]) -> Any:
        """Run a function in the server's own thread."""

        async def inside() -> Any:
            return function()

        return asyncio.run_coroutine_threadsafe(inside(), self._loop).result(PATIENCE_SECONDS)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        token: str | None = TOKEN,
    ) -> Answer:
        """Send a request below /nbyard/api; any body but bytes is sent as JSON."""
        sent = {"Authorization": f"token {token}"} if token is not None else {}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            sent["Content-Type"] = "application/json"
        return self.request(method, f"/nbyard/api{path}", body, {**sent, **(headers or {})})

    def request(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> Answer:
        """Send a request unchanged, below the base URL."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            place = self.base_url.rstrip("/") + path
            connection.request(method, place, body=body, headers=headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()


def _server_app() -> Any:
    from jupyter_server.serverapp import ServerApp

    class QuietApp(ServerApp):
        """A server without signal handlers, which need the main thread, and other extensions."""

        def init_signal(self) -> None:
            pass

        def find_server_extensions(self) -> None:
            pass

        async def clean_up(self) -> None:
            """Close what the server uses, as its own loop would in the end."""
            await self._cleanup()

    return QuietApp
