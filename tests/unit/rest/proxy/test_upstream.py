"""One exchange with a service."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tornado.httputil import HTTPHeaders

from nbyard.rest.proxy import upstream
from nbyard.rest.proxy.upstream import Upstream

from ..served import Service


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.stop()


pytestmark = pytest.mark.leaves_running


def ask(port: int, method: str, target: str, body: bytes = b"") -> tuple[list[int], bytes, bool]:
    """What was begun, what was given, and whether it was whole."""

    async def exchange() -> tuple[list[int], bytes, bool]:
        made, statuses, given = await Upstream.connect("127.0.0.1", port), [], []

        async def begin(status: int, reason: str, headers: HTTPHeaders) -> None:
            statuses.append(status)

        async def give(chunk: bytes) -> None:
            given.append(chunk)

        headers = HTTPHeaders({"Host": "x", "Content-Length": str(len(body))})
        made.begin(method, target, headers)
        await made.send(body)
        await made.answer(begin, give)
        made.close()
        return statuses, b"".join(given), made.is_whole

    return asyncio.run(exchange())


def test_a_response_is_complete_or_known_as_partial(service):
    assert ask(service.port, "POST", "/x", b"body") == ([200], b"body", True)
    assert ask(service.port, "HEAD", "/x")[1:] == (b"", True)
    assert ask(service.port, "GET", "/half/body") == ([200], b"half", False)
    assert ask(service.port, "GET", "/half/head") == ([], b"", False)


def test_an_unrequested_upgrade_is_no_response(service):
    assert ask(service.port, "GET", "/switch") == ([], b"", False)


def test_a_service_without_connections_is_not_awaited(monkeypatch):
    monkeypatch.setattr(upstream, "CONNECT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as waiting:
        for _ in range(4):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        with pytest.raises(OSError, match="no connection within"):
            ask(full.getsockname()[1], "GET", "/")


def test_a_closed_port_is_an_error():
    with pytest.raises(OSError):
        ask(9, "GET", "/")
