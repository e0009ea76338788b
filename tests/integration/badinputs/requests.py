"""Bad names, bodies, credentials and redirects."""

import json
import re
import socket
import time
from typing import Any

import pytest
import websocket

from nbyard.domain.callers import Caller
from nbyard.rest import operation_handler
from nbyard.services.operation_table import table

from .ground import Ground, Seen, seen

UNKNOWN = "01890000-0000-7000-8000-000000000000"


def filled(path: str) -> str:
    """Return the path of an operation with IDs that do not exist."""
    return re.sub(r"{\w+}", UNKNOWN, path)


def worst(answers: list[Seen]) -> Seen:
    """Return the answer with the lowest status; all answers should be refusals."""
    return min(answers, key=lambda one: one.status)


def create_name(ground: Ground, name: Any, entry: dict[str, Any]) -> Seen:
    """Use a name for a dataset, an executable and a run, and rename to it."""
    path = ground.file("data.csv", "a\n1\n")
    tool = ground.tool([], "print(1)")
    source = {"kind": "file", "path": path}
    if entry["id"] in ("BI-016", "BI-017"):
        ground.send("POST", "/datasets", {"source": source, "name": "admin"})
        ground.send("POST", "/datasets", {"source": source, "name": "étude"})
        return seen(ground.send("POST", "/datasets", {"source": source, "name": name}))
    answers = [
        ground.send("POST", "/datasets", {"source": source, "name": name}),
        ground.send("POST", "/executables", {"path": tool, "name": name}),
        ground.send("POST", "/runs", {"path": tool, "name": name}),
    ]
    if all(a.status == 201 for a in answers):
        return Seen(201, kept=_found_by_search(ground, name))
    plain = {"source": source, "name": f"plain {time.monotonic_ns()}"}
    known = ground.send("POST", "/datasets", plain).json
    answers.append(ground.send("PATCH", f"/datasets/{known['id']}", {"revision": 1, "name": name}))
    ground.send("DELETE", f"/datasets/{known['id']}")
    return worst([seen(a) for a in answers])


def _found_by_search(ground: Ground, name: str) -> bool:
    from urllib.parse import quote

    found = []
    for noun in ("datasets", "executables", "runs"):
        answer = ground.send("GET", f"/{noun}?search={quote(name, safe='')}")
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        found.append([item["name"] for item in answer.json["items"]])
    return found == [[name]] * 3


def json_body(ground: Ground, body: Any, entry: dict[str, Any]) -> Seen:
    """Send a body to every operation that accepts one."""
    headers = {}
    if isinstance(body, dict):
        headers, body = {"Content-Type": body["content_type"]}, body["body"]
    content: bytes = body.encode() if isinstance(body, str) else body
    if content[:2] == b"\x1f\x8b":
        headers["Content-Encoding"] = "gzip"
    takers = [op for op in table() if op.placed("body")]
    if entry.get("heavy"):
        takers = takers[:1]
    answers = [ground.send(op.method, filled(op.path), content, headers) for op in takers]
    answers += [
        ground.send("GET", f"/{noun}?limit={limit.decode()}")
        for limit in re.findall(rb'{"limit": (-?\d+)}', content)
        for noun in ("datasets", "runs", "events")
    ]
    return worst([seen(a) for a in answers])


def slow_body(ground: Ground, what: Any, entry: dict[str, Any]) -> Seen:
    """Start fifty clients that announce a body and never send it."""
    head = (
        f"POST {ground.server.base_url}nbyard/api/datasets HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: token {ground.token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {what['content_length']}\r\n\r\n{what['send']}"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operation_handler, "BODY_SECONDS", 1.0)
        clients = [socket.create_connection(("127.0.0.1", ground.server.port)) for _ in range(50)]
        for client in clients:
            client.settimeout(60)
            client.sendall(head.encode())
        assert ground.send("GET", "/datasets").status == 200
        closed = [client.recv(1) == b"" for client in clients]
    for client in clients:
        client.close()
    return Seen(0, "closed" if all(closed) else "")


def credentials(ground: Ground, what: dict[str, Any], entry: dict[str, Any]) -> Seen:
    """Call every route in a way that must be refused."""
    if "sweep" in what:
        return _sweep(ground)
    if "Origin" in what.get("headers", {}):
        return _foreign_socket(ground, what["headers"]["Origin"])
    if what.get("auth") == "read_scope":
        return _reader_who_writes(ground)
    if what.get("auth") == "cookie":
        return _cookie_without_xsrf(ground, what["xsrf"])
    return worst(
        [seen(ground.send(op.method, filled(op.path), {}, token=what["auth"])) for op in table()]
    )


def _sweep(ground: Ground) -> Seen:
    before = ground.counts(), ground.newest_event()
    for op in table():
        if op.method == "GET":
            for method in ("GET", "HEAD"):
                assert ground.send(method, filled(op.path)).status < 500
    assert (ground.counts(), ground.newest_event()) == before
    only_posted = [op for op in table() if op.method == "POST" and "cancel" in op.path]
    return seen(ground.send("GET", filled(only_posted[0].path)))


def _foreign_socket(ground: Ground, origin: str) -> Seen:
    address = f"{ground.server.url}/nbyard/api/events/socket?token={ground.token}"
    url = address.replace("http", "ws", 1)
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(url, origin=origin, timeout=60)
    return Seen(refused.value.status_code, "refused")


def _reader_who_writes(ground: Ground) -> Seen:
    reader = Caller("reader", scopes=("datasets:read", "runs:read"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operation_handler, "caller_of", lambda user: reader)
        writes = [op for op in table() if op.method != "GET" and "write" in op.scope]
        return worst([seen(ground.send(op.method, filled(op.path), {})) for op in writes])


def _cookie_without_xsrf(ground: Ground, xsrf: str | None) -> Seen:
    from tests.support.jupyter_server import TOKEN

    page = ground.server.request("GET", f"/login?token={TOKEN}", None, {})
    jar = [cookie.partition(";")[0] for cookie in page.headers.get_all("Set-Cookie", [])]
    assert any(cookie.startswith("username-") for cookie in jar)
    headers = {"Cookie": "; ".join(jar), "Content-Type": "application/json"}
    if xsrf:
        headers["X-XSRFToken"] = xsrf
    answers = [
        ground.server.request(
            op.method, f"/nbyard/api{filled(op.path)}", json.dumps({}).encode(), headers
        )
        for op in table()
        if op.method != "GET"
    ]
    return worst([seen(a) for a in answers])


def login_next(ground: Ground, target: str, entry: dict[str, Any]) -> Seen:
    """Log in through Jupyter's own page with a redirect target."""
    from urllib.parse import quote

    from tests.support.jupyter_server import TOKEN

    page = ground.server.request(
        "GET", f"/login?next={quote(target, safe='')}&token={TOKEN}", None, {}
    )
    place = page.headers.get("Location", "/")
    assert place.startswith("/")
    assert not place.startswith(("//", "/\\"))
    return Seen(page.status, "stays here")
