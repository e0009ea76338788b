"""Tokens of a real JupyterHub at the service for all users, and the service's monitoring.
docs/how-to/administer-hub.md promises what is tested here."""

import asyncio
import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.base.handlers import JupyterHandler
from tests.support.jupyter_server import Answer
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import RequestHandler

from nbyard.cli.commands.users.hub import CONFIG
from nbyard.hub import application_of
from nbyard.rest.operation_handler import RestContext
from nbyard.rest.server_hooks import register_metrics
from nbyard.services.operation_table import table
from nbyard.settings import Settings
from nbyard.testing.conformance.runtimes import wait_until
from nbyard.yard import Yard

from .hub import PATIENCE_SECONDS, Hub, reserved_port

HANDLERS: tuple[type[RequestHandler], ...] = (JupyterHandler, RequestHandler)

pytestmark = [pytest.mark.first, pytest.mark.leaves_running]
PREFIX = "/services/nbyard/"
TOKEN = "the token of the service"
CACHE_SECONDS = 1
ACCESS, READ = "access:services!service=nbyard", "custom:nbyard:read"
RUNS, PROJECTS = "nbyard/api/runs", "nbyard/api/projects"
SCRAPER = """
c.JupyterHub.load_roles.append({"name": "metrics", "scopes": ["read:metrics"], "users": ["admin"]})
"""
# As a hub sets them for its services.
VARIABLES = {
    "API_TOKEN": TOKEN,
    "SERVICE_PREFIX": PREFIX,
    "SERVICE_NAME": "nbyard",
    "CLIENT_ID": "service-nbyard",
    "OAUTH_ACCESS_SCOPES": json.dumps([ACCESS]),
}


class Served:
    """A hub, and the service in a thread of this process."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch):
        self._port = reserved_port()
        url = f"http://127.0.0.1:{self._port}"
        added = json.dumps({"url": url, "api_token": TOKEN})
        config = CONFIG.format(url=url, added=added) + SCRAPER
        self.hub = Hub(folder, config, "", False)  # its service starts first
        for name, value in VARIABLES.items():
            patch.setenv(f"JUPYTERHUB_{name}", value)
        patch.setenv("JUPYTERHUB_API_URL", f"{self.hub.url}/hub/api")
        store = str(folder / "shared")
        self._settings = Settings(store_dir=store, shared=True, inline_dispatch=True)
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=[self._run()])
        self._thread.start()
        assert self._ready.wait(PATIENCE_SECONDS)
        self.hub.start()
        self.hub.ask("POST", "/users/ann")  # the roles name the administrator

    async def _run(self) -> None:
        context = RestContext(lambda: Yard.open(self._settings), self._settings)
        register_metrics(context)
        application = application_of(context, PREFIX, CACHE_SECONDS)
        auth = application.settings["identity_provider"].hub_auth
        for name in auth.trait_names():  # the variables are set only now
            getattr(auth, name)
        server = HTTPServer(application, xheaders=True)
        server.add_sockets(bind_sockets(self._port, "127.0.0.1"))
        self._ready.set()
        await self._stop.wait()
        server.stop()
        await server.close_all_connections()
        context.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE_SECONDS)
        self.hub.stop()

    def token(self, user: str, *scopes: str, **more: Any) -> dict[str, Any]:
        """Return a new token of a user with these scopes, as the hub describes it."""
        body = {"scopes": [ACCESS, *scopes], **more}
        return dict(self.hub.ask("POST", f"/users/{user}/tokens", body))

    def expire(self, token: dict[str, Any]) -> None:
        """Let a token expire now, in the database of the hub."""
        now = "update api_tokens set expires_at = datetime('now') where id = ?"
        file = self.hub.folder / "hub.sqlite"
        with contextlib.closing(sqlite3.connect(file, timeout=PATIENCE_SECONDS)) as database:
            assert database.execute(now, [int(token["id"].removeprefix("a"))]).rowcount == 1
            database.commit()

    def send(self, method: str, path: str, token: Any = None, body: Any = None) -> Answer:
        given = token["token"] if token else ""
        return self.hub.send(method, f"{PREFIX}{path}", body, given)


CHANGED = ("_xsrf_token_id", "xsrf_token", "check_xsrf_cookie")


@pytest.fixture(scope="module")
def unchanged() -> Iterator[None]:
    """JupyterHub changes classes of Jupyter for the whole process, and so for later tests."""
    before = {of: {n: vars(of)[n] for n in CHANGED if n in vars(of)} for of in HANDLERS}
    yield
    for of, attributes in before.items():
        for name in CHANGED:
            if name in attributes:
                setattr(of, name, attributes[name])
            elif name in vars(of):
                delattr(of, name)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, unchanged: None) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        made = Served(tmp_path_factory.mktemp("hub"), patch)
        try:
            yield made
        finally:
            made.stop()


def test_a_token_to_read_cannot_write(served: Served) -> None:
    reader = served.token("ann", READ)
    writer = served.token("ann", "custom:nbyard:write")
    assert served.send("GET", RUNS, reader).status == 200
    refused = served.send("POST", PROJECTS, reader, {"name": "wine"})
    assert (refused.status, refused.json["code"]) == (403, "forbidden")
    made = served.send("POST", PROJECTS, writer, {"name": "wine"})
    assert made.status == 201
    assert served.send("DELETE", f"{PROJECTS}/{made.json['id']}", reader).status == 403
    assert served.send("GET", PROJECTS, reader).json["items"][0]["name"] == "wine"


def test_a_token_without_a_right_reads_nothing(served: Served) -> None:
    assert served.send("GET", RUNS, served.token("ann")).status == 403
    assert served.send("GET", RUNS).status == 403


def test_an_expired_token_is_refused(served: Served) -> None:
    token = served.token("ann", READ, expires_in=3600)
    assert served.send("GET", RUNS, token).status == 200
    served.expire(token)
    wait_until(lambda: served.send("GET", RUNS, token).status == 403)


def test_a_revoked_token_is_refused(served: Served) -> None:
    token = served.token("ann", READ)
    assert served.send("GET", RUNS, token).status == 200
    served.hub.ask("DELETE", f"/users/ann/tokens/{token['id']}")
    wait_until(lambda: served.send("GET", RUNS, token).status == 403)


def test_operations_of_administrators_are_refused_to_users(served: Served) -> None:
    user = served.token("ann", "custom:nbyard:deploy")
    root = served.token("admin", "custom:nbyard:admin")
    for operation in table():
        if operation.noun in ("admin", "audit"):
            path = operation.path.replace("{run}", "x").replace("{deployment}", "x")
            answer = served.send(operation.method, f"nbyard/api{path}", user)
            assert answer.status == 403, operation.id
    for path in ("admin/runs", "admin/usage", "audit"):
        assert served.send("GET", f"nbyard/api/{path}", root).status == 200
    refusals = served.send("GET", "nbyard/api/audit?user=ann", root).json["items"]
    assert {"admin.drain", "admin.cancel_run"} <= {entry["operation"] for entry in refusals}
    assert {entry["token"] for entry in refusals if entry["operation"] == "admin.drain"} == {
        user["id"]
    }


def test_announcements_name_administrators(served: Served) -> None:
    path = "nbyard/api/system/announcements"
    root = served.token("admin", "custom:nbyard:admin")
    assert served.send("GET", path, root).json["is_admin"]
    text = "nbyard/api/admin/broadcast?text=Restart&until=2099-01-01"
    assert served.send("POST", text, root).status == 200
    shown = served.send("GET", path, served.token("ann", READ)).json
    assert (shown["broadcast"]["text"], shown["is_admin"]) == ("Restart", False)


def test_only_administrators_see_the_findings_of_doctor(served: Served) -> None:
    def findings(user: str, right: str) -> set[str]:
        path = "nbyard/api/system/doctor"
        checks = served.send("GET", path, served.token(user, f"custom:nbyard:{right}")).json
        return {check["finding"] + check["cure"] for check in checks["checks"]}

    assert findings("ann", "deploy") == {""}
    assert any("shared" in finding for finding in findings("admin", "admin"))


def test_metrics_need_their_scope_and_readiness_needs_no_login(served: Served) -> None:
    scraper = served.token("admin", "read:metrics")
    wait_until(lambda: b"nbyard_store_up 1.0" in served.send("GET", "metrics", scraper).content)
    assert served.send("GET", "metrics", served.token("ann", "custom:nbyard:deploy")).status == 403
    assert served.send("GET", "metrics").status == 403
    assert served.send("GET", RUNS, scraper).status == 403
    ready = served.send("GET", "nbyard/api/ready")
    assert {*ready.json} == {"ready", "failed"}
    assert set(ready.json["failed"]) <= {"docker", "disk"}
    assert ready.status == (503 if ready.json["failed"] else 200)
