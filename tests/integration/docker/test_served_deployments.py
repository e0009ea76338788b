"""Deployments are reached through a real Jupyter server, on a real engine."""

import asyncio
import json
import re
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest
from tests.support import images
from tests.support.jupyter_server import TOKEN, JupyterServer
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from nbyard.dockerd import Engine

from .deploying import BELOW, ME, Yards, jupyter, opened, server_image

pytestmark = [pytest.mark.first, pytest.mark.leaves_running]
SECRET = "correct horse battery"


@pytest.fixture(scope="module")
def lab_image(docker_engine: Engine) -> str:
    return images.lab_image(docker_engine)


@pytest.fixture
def yards(tmp_path: Path, docker_engine: Engine, python_base_image: str) -> Iterator[Yards]:
    image = server_image(docker_engine, python_base_image)
    with opened(tmp_path, docker_engine, image, caller=ME) as (found, _):
        yield found


@pytest.fixture
def server(tmp_path: Path, yards: Yards, docker_engine: Engine) -> Iterator[JupyterServer]:
    with jupyter(tmp_path, docker_engine, ide_images=[f"{images.LAB}:*"]) as made:
        yield made


class Browser:
    """Cookies as a browser keeps them, and its headers about the page that sends a request."""

    def __init__(self, server: JupyterServer):
        self._origin = f"http://127.0.0.1:{server.port}"
        self.jar = CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self.jar))
        self.get(f"{BELOW}/login?token={TOKEN}")

    def get(self, path: str) -> str:
        with self._opener.open(Request(self._origin + path), timeout=30) as answer:
            return str(answer.read().decode())

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[str, str]:
        """Return the final address and the response."""
        told = headers | {"Origin": self._origin}
        with self._opener.open(Request(self._origin + path, body, told), timeout=30) as answer:
            return answer.geturl(), answer.read().decode()

    def cookie(self, name: str, path: str) -> str:
        """Return a cookie as a script of a page below that path reads it."""
        found = (c for c in self.jar if c.name == name and path.startswith(c.path))
        return str(max(found, key=lambda c: len(c.path)).value)

    def socket(self, path: str) -> HTTPRequest:
        request = Request(self._origin + path)
        self.jar.add_cookie_header(request)
        headers = {"Cookie": str(request.get_header("Cookie")), "Origin": self._origin}
        return HTTPRequest(self._origin.replace("http", "ws") + path, headers=headers)


async def closed(socket: WebSocketClientConnection) -> None:
    socket.close()
    while await socket.read_message() is not None:
        pass


async def printed(request: HTTPRequest, code: str) -> str:
    """Return what a kernel prints for some code, over its websocket."""
    socket = await websocket_connect(request)
    header = {"msg_id": "1", "username": "", "session": "s", "msg_type": "execute_request",
              "version": "5.3", "date": "2026-01-01T00:00:00Z"}  # fmt: skip
    told = {"header": header, "parent_header": {}, "metadata": {}, "channel": "shell",
            "content": {"code": code, "silent": False}, "buffers": []}  # fmt: skip
    await socket.write_message(json.dumps(told))
    while True:
        heard = json.loads(str(await socket.read_message()))
        if heard["msg_type"] == "stream":
            await closed(socket)
            return str(heard["content"]["text"])


async def typed(request: HTTPRequest, line: str, wanted: str) -> str:
    """Return what a terminal shows, once it shows the expected text."""
    socket = await websocket_connect(request)
    await socket.write_message(json.dumps(["stdin", line]))
    shown = ""
    while wanted not in shown:
        kind, *text = json.loads(str(await socket.read_message()))
        shown += text[0] if kind == "stdout" else ""
    await closed(socket)
    return shown


@pytest.mark.timeout(400)
def test_login_kernel_and_terminal_of_a_deployed_jupyterlab_work(server, yards, lab_image):
    """The deployed JupyterLab has its own password. Kernel and terminal use websockets."""
    yards.create("lab", service="jupyterlab", image=lab_image, password=SECRET, ports=None)
    with yards.dispatching() as running:
        yards.until(running, "running", name="lab", seconds=120)
        lab, browser = f"{BELOW}/nbyard/deployments/lab/ide", Browser(server)
        page = browser.get(f"{lab}/login")
        field = re.search(r'name="_xsrf" value="([^"]+)"', page)
        assert field and TOKEN not in page
        form = {"_xsrf": field[1], "password": "not the password"}
        with pytest.raises(HTTPError) as refused:
            browser.post(f"{lab}/login", urlencode(form).encode(), {})
        refused.value.close()
        form["password"] = SECRET
        ended, shown = browser.post(f"{lab}/login", urlencode(form).encode(), {})
        assert ended.endswith(f"{lab}/lab") and "jupyter-config-data" in shown
        token = browser.cookie("_xsrf", f"{lab}/")
        told = {"X-XSRFToken": token, "Content-Type": "application/json"}
        kernel = json.loads(browser.post(f"{lab}/api/kernels", b"{}", told)[1])["id"]
        request = browser.socket(f"{lab}/api/kernels/{kernel}/channels")
        assert asyncio.run(printed(request, "print(6 * 7)")) == "42\n"
        name = json.loads(browser.post(f"{lab}/api/terminals", b"{}", told)[1])["name"]
        request = browser.socket(f"{lab}/terminals/websocket/{name}")
        shown = asyncio.run(typed(request, "pwd; id -u\r", "65534"))
        assert "/home/nbyard" in shown
        inspected = json.dumps(yards.engine.client().inspect_container(container(yards)))
        assert SECRET not in inspected and "argon2" not in inspected
        assert SECRET not in yards.log("lab")


def container(yards: Yards) -> str:
    return next(name for name in yards.owned_objects() if re.fullmatch(r"nby-d-.*-1", name))


@pytest.mark.long
def test_deployment_requires_a_login_and_keeps_the_server_session(server, yards):
    """A request without the login is refused, and the user stays logged in to the server."""
    yards.create()
    with yards.dispatching() as running:
        yards.until(running, "running")
        path = f"{BELOW}/nbyard/deployments/web/web/"
        with pytest.raises(HTTPError) as refused:
            build_opener().open(f"http://127.0.0.1:{server.port}{path}")
        refused.value.close()
        browser = Browser(server)
        assert browser.get(path) == "version 1"
        shown: Any = json.loads(browser.get(f"{BELOW}/nbyard/api/deployments"))
        assert [link["answers"] for link in shown["items"][0]["links"]] == [True]


@pytest.mark.long
def test_frozen_deployment_is_reported_at_once_and_recovers(server, yards):
    """A frozen deployment accepts connections without responding."""
    yards.create()
    with yards.dispatching() as running:
        yards.until(running, "running")
        browser, path = Browser(server), f"{BELOW}/nbyard/deployments/web/web/"
        yards.engine.client().pause(container(yards))
        try:
            yards.until(running, "down")
            with pytest.raises(HTTPError) as silent:
                browser.get(path)
            with silent.value as refused:
                told = json.loads(refused.read())
            assert refused.code == 503 and "down" in told["message"]
        finally:
            yards.engine.client().unpause(container(yards))
        yards.until(running, "running")
        assert browser.get(path) == "version 1"
