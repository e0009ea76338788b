"""A user's server forwards to the service of a JupyterHub, and adds only its token.

With a hub: tests/integration/test_hub_service.py. Pages: test_forwarded_pages.py.
"""

import http.client
import json
import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from queue import Queue
from typing import Any

import pytest
import websocket
from tests.support.jupyter_server import TOKEN, Answer, JupyterServer

from nbyard.host import kernels
from nbyard.rest.forwarding import SINCE_SECONDS, ServiceWork, mark_of, texts_in
from nbyard.settings import Settings
from nbyard.testing.conformance.runtimes import wait_until
from nbyard.testing.dispatcher_thread import Dispatching

from .hubs import RIGHTS, HubService, forwarding
from .served import LARGE, Large, Service

pytestmark = pytest.mark.leaves_running
NO_ONE = "http://127.0.0.1:9/services/nbyard/"
BYTES = {"Content-Type": "application/octet-stream"}


@pytest.fixture(scope="module")
def echo() -> Iterator[Service]:
    made = Service()
    yield made
    made.stop()


# One project cannot be shown.
BREAKS = """
from nbyard.services.projects.service import ProjectService

shown = ProjectService.get
ProjectService.get = lambda self, caller, project: (
    1 / 0 if project == "broken" else shown(self, caller, project)
)
"""


@pytest.fixture(scope="module")
def echoed(tmp_path_factory, echo: Service) -> Iterator[JupyterServer]:
    """A server whose service tells what it was sent."""
    url = f"http://127.0.0.1:{echo.port}/services/nbyard/"
    with forwarding(tmp_path_factory.mktemp("echoed"), url) as server:
        yield server


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Iterator[HubService]:
    made = HubService(tmp_path_factory.mktemp("service"), before=BREAKS).start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def ann(tmp_path_factory, service: HubService) -> Iterator[JupyterServer]:
    with forwarding(tmp_path_factory.mktemp("ann"), service.url) as server:
        yield server


@pytest.fixture
def cookies(echoed: JupyterServer) -> tuple[str, str]:
    """The cookies of a browser, and its XSRF value."""
    pages = [echoed.request("GET", f"/login{query}", None, {}) for query in ("", f"?token={TOKEN}")]
    lines = [line for page in pages for line in page.headers.get_all("Set-Cookie", [])]
    pairs = [line.partition(";")[0] for line in lines]
    xsrf = next(pair for pair in pairs if pair.startswith("_xsrf=")).removeprefix("_xsrf=")
    return "; ".join(pairs), xsrf


def sent_to_service(answer: Answer) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.json["headers"]}


@pytest.mark.parametrize(
    "path", ["/runs", "/a%2Fb/c?x=1&y=%20&y=%C3%A9", "/x%25%20%3F?after=01a%2B&&b", "/%E4?=", "/x?"]
)
def test_paths_and_queries_stay_as_they_are(echoed, path):
    assert echoed.send("GET", path).json["uri"] == f"/services/nbyard/nbyard/api{path.rstrip('?')}"


def test_the_token_leaves_the_query(echoed):
    answer = echoed.send("GET", f"/runs?limit=3&to%6Ben={TOKEN}", token=None)
    assert answer.json["uri"] == "/services/nbyard/nbyard/api/runs?limit=3"


def test_the_service_gets_no_credentials_of_jupyter(echoed, cookies):
    own, xsrf = cookies
    headers = {
        "Cookie": f"{own}; jupyterhub-session-id=h; service-nbyard=s; mine=1",
        "X-XSRFToken": xsrf,
        "Referer": f"http://127.0.0.1/lab?token={TOKEN}",
        "X-Request-Id": "mine",
        "Nbyard-Project": "p",
    }
    for token in (TOKEN, None):
        sent = sent_to_service(echoed.send("GET", "/runs", headers=headers, token=token))
        assert sent["authorization"] == "token ann"
        assert not sent.keys() & {"cookie", "x-xsrftoken"}
        assert (sent["x-request-id"], sent["nbyard-project"]) == ("mine", "p")
        assert sent["referer"] == "http://127.0.0.1/lab"
        assert TOKEN not in repr(sent) and xsrf not in repr(sent)


def test_a_browser_needs_the_xsrf_value_and_no_foreign_origin(echoed, cookies):
    own, xsrf = cookies
    evil = {"Origin": "http://evil.test"}

    def post(**headers: str) -> int:
        given = {"Cookie": own, **{n.replace("_", "-"): v for n, v in headers.items()}}
        return echoed.send("POST", "/runs", {}, given, token=None).status

    assert post() == 403
    assert post(X_XSRFToken="wrong") == 403
    assert post(X_XSRFToken=xsrf) == 200
    assert post(X_XSRFToken=xsrf, **evil) == 403
    refused = echoed.send("GET", "/runs", headers={"Cookie": own, **evil}, token=None)
    assert (refused.status, refused.json["code"]) == (403, "forbidden")
    assert "other origins" in refused.json["message"]
    assert echoed.send("GET", "/runs", token=None).status == 403
    assert echoed.send("GET", "/runs", token="wrong").status == 403


@pytest.mark.parametrize("status", [400, 404, 409, 413, 422, 429, 503])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_refusals_of_the_service_stay_as_they_are(echoed, method, status):
    answer = echoed.send(method, f"/status/{status}", b"" if method == "POST" else None)
    assert (answer.status, answer.headers["Retry-After"]) == (status, "7")
    assert answer.json == {"code": "told", "status": status}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_bodies_are_forwarded(echoed, method):
    answer = echoed.send(method, "/runs", {"name": "é"})
    assert answer.json == {"name": "é"}


def test_the_bytes_of_an_upload_are_streamed(echoed):
    answer = echoed.send("PATCH", "/uploads/x", b"z" * LARGE, BYTES)
    assert answer.headers["X-Length"] == str(LARGE)
    connection = http.client.HTTPConnection("127.0.0.1", echoed.port, timeout=20)
    with closing(connection):
        headers = {"Authorization": f"token {TOKEN}", **BYTES}
        pieces = (b"piece %d " % number for number in range(5))
        path = "/user/ann/nbyard/api/uploads/x"
        connection.request("PATCH", path, body=pieces, headers=headers, encode_chunked=True)
        assert connection.getresponse().read().startswith(b"piece 0 piece 1")


def test_a_large_body_of_an_operation_is_refused(echoed):
    limit = echoed.app.web_app.settings["nbyard"].settings.max_body_bytes
    answer = echoed.send("POST", "/runs", b"z" * (limit + 1))
    assert (answer.status, answer.json["code"]) == (413, "too-large")


def test_a_slow_reader_slows_down_the_service(echoed):
    """So the server holds little of a large answer."""
    connection = http.client.HTTPConnection("127.0.0.1", echoed.port, timeout=20)
    connection.connect()
    with closing(connection):
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        headers = {"Authorization": f"token {TOKEN}"}
        connection.request("GET", "/user/ann/nbyard/api/large", headers=headers)
        answer = connection.getresponse()
        assert answer.read(1) == b"x"
        for _ in range(30):
            assert echoed.send("GET", "/runs").status == 200
        assert Large.sent < LARGE >> 20
        assert len(answer.read()) == LARGE - 1


def test_an_answer_without_body_keeps_its_headers(echoed):
    says = {"X-Says": "5", "Authorization": f"token {TOKEN}"}
    answer = echoed.request("HEAD", "/nbyard/api/length", None, says)
    assert (answer.headers["Content-Length"], answer.content) == ("5", b"")
    assert "Content-Type" not in answer.headers


def test_an_incomplete_answer_is_never_a_success(echoed):
    with pytest.raises(http.client.IncompleteRead):
        echoed.send("GET", "/half/body")
    answer = echoed.send("GET", "/half/head")
    assert (answer.status, answer.json["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_service_that_is_down_is_unavailable(tmp_path):
    with forwarding(tmp_path, NO_ONE) as server:
        for method, headers in (("GET", {}), ("POST", {}), ("PATCH", BYTES)):
            body = None if method == "GET" else b"{}"
            answer = server.send(method, "/runs", body, headers)
            assert (answer.status, answer.json["code"]) == (503, "unavailable")
            assert int(answer.headers["Retry-After"]) > 0
            assert answer.json["hint"]
        assert server.send("GET", "/health", token=None).content == b"ok\n"
        assert os.environ["NBYARD_HUB_ROOT"] == str(server.root), "for kernels and terminals"
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            connect(server)
        assert refused.value.status_code == 503


def test_an_upload_that_breaks_off_leaves_no_connection(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/services/nbyard/"
        with forwarding(tmp_path, url) as server:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
            connection.putrequest("PATCH", "/user/ann/nbyard/api/uploads/x")
            for name, value in {"Authorization": f"token {TOKEN}", **BYTES}.items():
                connection.putheader(name, value)
            connection.putheader("Content-Length", "1000")
            connection.endheaders(b"some")
            opened, _ = listening.accept()
            with opened:
                opened.settimeout(20)
                while not opened.recv(1 << 16).endswith(b"some"):
                    pass
                connection.close()
                assert opened.recv(1) == b""


def connect(server: JupyterServer, path: str = "/events/socket", **given: Any) -> Any:
    url = f"{server.url.replace('http', 'ws', 1)}/nbyard/api{path}"
    header = {"Authorization": f"token {TOKEN}", **given.pop("header", {})}
    return websocket.create_connection(url, header=header, timeout=20, **given)


def test_sockets_are_forwarded_in_both_directions(echoed):
    opened = connect(echoed, "/socket?after=3", subprotocols=["one", "two"], suppress_origin=True)
    sent = {name.lower(): value for name, value in json.loads(opened.recv())}
    assert sent["authorization"] == "token ann" and "origin" not in sent
    assert opened.getsubprotocol() == "two"
    for text in ("hello", "é" * 100_000):
        opened.send(text)
        assert opened.recv() == text
    opened.ping(b"there?")
    assert opened.recv_data_frame(control_frame=True)[1].data == b"there?"
    opened.send("end")
    code, reason = opened.recv_data()[1][:2], opened.connected
    assert int.from_bytes(code, "big") == 4001, reason
    opened.shutdown()


@pytest.mark.parametrize("origin", ["http://evil.test", "null"])
def test_no_foreign_page_opens_a_socket(echoed, origin):
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        connect(echoed, "/socket", origin=origin)
    assert refused.value.status_code == 403


def test_a_slow_socket_slows_down_the_service(echoed):
    """What the browser does not read fills buffers of the system only."""
    opened = connect(echoed, "/socket", suppress_origin=True)
    opened.recv()
    opened.sock.setblocking(False)
    frame = websocket.ABNF.create_frame("x" * (1 << 20), websocket.ABNF.OPCODE_TEXT).format()
    sent, tries = 0, 0
    # Each side stops reading when the next one does not take more.
    while tries < 200:
        try:
            sent += opened.sock.send(frame[sent % len(frame) :])
            tries = 0
        except BlockingIOError:
            tries += 1
            assert echoed.send("GET", "/runs").status == 200
        assert sent < LARGE * 4, "all of it was taken"
    opened.shutdown()


# With the service itself


def test_operations_work_as_on_a_single_server(ann, service):
    made = ann.send("POST", "/projects", {"name": "mine"})
    assert (made.status, made.json["owner"]) == (201, "ann")
    assert ann.send("POST", "/projects", {"name": "mine"}).status == 409
    assert ann.send("GET", "/projects/none").json["code"] == "not-found"
    assert ann.send("GET", "/projects?limit=x").status == 422
    assert ann.send("PUT", "/projects").status == 405
    direct = service.request("GET", "nbyard/api/projects/mine", token="ann")
    answer = ann.send("GET", "/projects/mine")
    own = {"Date", "X-Request-Id", "Set-Cookie", "Access-Control-Allow-Origin"}
    assert answer.content == direct.content
    assert {n: v for n, v in answer.headers.items() if n not in own} == {
        n: v for n, v in direct.headers.items() if n not in own
    }
    assert answer.headers["Access-Control-Allow-Origin"] == ""
    defect = ann.send("GET", "/projects/broken")
    assert defect.status == 500
    logged = service.log.read_text()
    assert defect.headers["X-Request-Id"] in logged and "ZeroDivisionError" in logged


def test_an_upload_is_resumed_and_its_dataset_downloaded(ann, service):
    content = b"a,b\n" + b"1,2\n" * 100_000
    body = {"filename": "a.csv", "size_bytes": len(content)}
    key = ann.send("POST", "/uploads", body).json["id"]

    def send(offset: int, piece: bytes) -> Answer:
        headers = {"Upload-Offset": str(offset), **BYTES}
        return ann.send("PATCH", f"/uploads/{key}", piece, headers)

    assert send(0, content[:1000]).json["offset"] == 1000
    refused = send(5, b"x")
    assert (refused.status, refused.json["details"][0]["message"]) == (409, "1000")
    assert ann.send("GET", f"/uploads/{key}").json["offset"] == 1000
    assert send(1000, content[1000:]).json["offset"] == len(content)
    source = {"source": {"kind": "upload", "upload": key}, "name": "Grün & <b>"}
    made = ann.send("POST", "/datasets", source).json["id"]
    settings = Settings(store_dir=str(service.store), inline_dispatch=True, shared=True)
    with Dispatching(settings) as running:
        running.until(
            lambda: ann.send("GET", f"/datasets/{made}").json["current"]["state"],
            lambda state: state == "ready",
        )
    path = f"/datasets/{made}/content"
    answer, direct = ann.send("GET", path), service.request("GET", f"nbyard/api{path}", token="ann")
    assert answer.content == direct.content == content
    for name in ("Content-Length", "Content-Type", "Content-Disposition", "Accept-Ranges"):
        assert answer.headers[name] == direct.headers[name], name
    part = {"Range": "bytes=4-7"}
    answer = ann.send("GET", path, headers=part)
    direct = service.request("GET", f"nbyard/api{path}", token="ann", **part)
    assert (answer.status, answer.content) == (direct.status, direct.content)


def test_a_right_that_was_taken_away_is_refused_soon(ann, service):
    assert ann.send("GET", "/projects").status == 200
    service.people.rights["ann"] = ("read",)
    try:
        while (refused := ann.send("POST", "/projects", {"name": "later"})).status == 201:
            ann.send("DELETE", "/projects/later")
        assert (refused.status, refused.json["code"]) == (403, "forbidden")
        assert ann.send("GET", "/projects").status == 200
        del service.people.rights["ann"]
        while (refused := ann.send("GET", "/projects")).status == 200:
            pass
        assert refused.status == 403
    finally:
        service.people.rights["ann"] = RIGHTS
        while ann.send("GET", "/projects").status == 403:
            pass


def test_a_hub_that_is_away_makes_the_service_unavailable(ann, service):
    service.people.is_away = True
    try:
        while (answer := ann.send("GET", "/projects")).status == 200:
            pass
        assert (answer.status, answer.json["code"]) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) > 0
    finally:
        service.people.is_away = False
        assert ann.send("GET", "/projects").status == 200


def test_a_killed_service_closes_sockets_which_then_resume(ann, service):
    opened = connect(ann, suppress_origin=True)
    opened.send('{"after": 0}')
    last = json.loads(opened.recv())["last"]
    service.kill()
    with pytest.raises(websocket.WebSocketConnectionClosedException):
        opened.recv()
    opened.shutdown()
    assert ann.send("GET", "/projects").status == 503
    service.start()
    made = ann.send("POST", "/projects", {"name": "missed"})
    assert made.status == 201
    again = connect(ann, f"/events/socket?after={last or 1}", suppress_origin=True)
    seen: list[str] = []
    while made.json["id"] not in seen:
        seen += [event["subject_id"] for event in json.loads(again.recv())["events"]]
    again.close()
    again.shutdown()


@pytest.mark.parametrize("left", [None, ()])
def test_an_event_socket_ends_with_the_right_to_read(ann, service, left):
    """A revoked token, and a role that was taken away. Other changes keep the socket."""
    opened = connect(ann, suppress_origin=True)
    opened.send('{"after": 0}')
    opened.recv()
    try:
        service.people.rights["ann"] = ("read",)
        while ann.send("POST", "/projects", {"name": "x", "replace": 1}).status != 403:
            pass
        service.people.is_away = True
        while ann.send("GET", "/projects").status == 200:
            pass
        service.people.is_away = False
        assert opened.connected
        service.people.rights.pop("ann")
        if left is not None:
            service.people.rights["ann"] = left
        kind, content = opened.recv_data()
        assert (kind, content[:2]) == (websocket.ABNF.OPCODE_CLOSE, (4403).to_bytes(2, "big"))
        opened.shutdown()
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            connect(ann, suppress_origin=True)
        assert refused.value.status_code == 403
    finally:
        service.people.rights["ann"] = RIGHTS
        while ann.send("GET", "/projects").status == 403:
            pass


def test_a_forwarded_socket_ends_with_the_login_at_the_users_server(echoed, monkeypatch):
    """The service knows only the token of that server, which stays valid."""
    monkeypatch.setattr("nbyard.rest.operation_handler.LOGIN_SECONDS", 0.1)
    opened = connect(echoed, "/socket", suppress_origin=True)
    opened.recv()
    opened.send("hello")
    assert opened.recv() == "hello"
    monkeypatch.setattr(echoed.app.identity_provider, "token", "another")
    with pytest.raises(websocket.WebSocketConnectionClosedException):
        opened.recv()
    opened.shutdown()


def test_hooks_need_no_login(ann):
    """Their signature is checked."""
    assert ann.send("GET", "/hooks/none", token=None).status == 405
    answer = ann.send("POST", "/hooks/none", b"{}", token=None)
    assert answer.status == 403 and "signature" in answer.json["message"]


# Files and activity


class Mirror:
    """The user's files; notes each call, and waits in `take_back` for `go`."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.begun, self.go = threading.Event(), threading.Event()

    def send(self) -> None:
        self.calls.append("send")

    def send_listed(self) -> None:
        self.calls.append("list")

    def take_back(self) -> None:
        self.begun.set()
        assert self.go.wait(20)
        self.calls.append("back")


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Mirror:
    made = Mirror()
    files = "nbyard.freezing.home_files.HomeFiles"
    monkeypatch.setattr(f"{files}.send", lambda *_: made.send())
    monkeypatch.setattr(f"{files}.send_listed", lambda *_: made.send_listed())
    monkeypatch.setattr(f"{files}.take_back", lambda _: made.take_back())
    return made


def test_no_file_is_sent_until_written_ones_are_back(echoed, mirror):
    """It would replace in the mirror what the operation wrote."""
    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(echoed.send, "POST", "/workflows/example", {"folder": "x"})
        assert mirror.begun.wait(20)
        other = pool.submit(echoed.send, "POST", "/executables/inspect", {"path": "a.py"})
        assert echoed.send("GET", "/runs").status == 200, "this one names no file"
        mirror.go.set()
        assert writing.result().status == other.result().status == 200
    assert mirror.calls == ["send", "back", "send"]


def test_a_copy_of_a_shared_workflow_is_written_to_the_users_folder(ann, service, tmp_path):
    """The service has no mirror of that folder yet."""
    code = {"type": "executable", "path": "a.py"}
    document = {"version": 1, "meta": {"id": "d", "title": "Flow"}, "nodes": {"n": code}}
    content = {"type": "file", "format": "text", "content": json.dumps(document)}
    body, headers = json.dumps(content).encode(), {"Authorization": f"token {TOKEN}"}
    assert ann.request("PUT", "/api/contents/a.nbflow", body, headers).status == 201
    saved = "/workflows/versions?path=a.nbflow"
    wait_until(lambda: ann.send("GET", saved).status == 200)
    assert ann.send("POST", "/shares/workflow/a.nbflow", {"name": "bob"}).status == 201
    with forwarding(tmp_path, service.url, "bob") as bob:
        deep = bob.root / "deep"
        deep.mkdir()
        (seen,) = bob.send("GET", "/workflows").json["items"]
        assert (seen["owner"], seen["path"]) == ("ann", "/ann/a.nbflow")
        copy = f"/workflows/restore?path=deep/own.nbflow&workflow={seen['id']}"
        answer = bob.send("POST", copy)
        assert (answer.status, answer.json.get("person")) == (200, "bob"), answer.content
        copied = json.loads((deep / "own.nbflow").read_text())
        assert copied["nodes"] == document["nodes"] and copied["meta"]["id"] != "d"
        (node,) = bob.send("GET", "/workflows/nodes?path=deep/own.nbflow").json["items"]
        assert "a.py" in json.dumps(node["problem"])
        (deep / "a.py").write_text("print()\n")
        (node,) = bob.send("GET", "/workflows/nodes?path=deep/own.nbflow").json["items"]
        assert not node.get("problem")
    assert len(ann.send("GET", saved).json["items"]) == 1


def test_the_kernel_of_a_deleted_environment_is_removed(ann, monkeypatch):
    removed: Queue[str] = Queue()
    spec = {"spec": {"display_name": "cows@1"}}
    monkeypatch.setattr(kernels, "all_specs", lambda: {"nbyard-cows-1": spec})
    monkeypatch.setattr(kernels, "offered_kernels", lambda _: {"nbyard-cows-1": "e1"})
    monkeypatch.setattr(kernels, "withdraw_kernel", lambda name, _: removed.put(name))
    made = ann.send("POST", "/environments", {"name": "cows", "requirements": "cow"})
    assert made.status == 201, made.content
    assert ann.send("DELETE", "/environments/ox").status == 404
    assert ann.send("GET", "/environments/cows").status == 200
    assert removed.empty()
    assert ann.send("DELETE", "/environments/ann%2Fcows").status == 204
    assert removed.get(timeout=60) == "nbyard-cows-1"  # the answer does not wait for it


def test_operations_on_files_are_marked():
    assert mark_of("GET", "/workflows") == "lists"
    assert mark_of("GET", "/runs") == ""
    body = {"path": "a.py", "name": "data", "parameters": {"x": ["b.csv", 1, None]}, "files": ["c"]}
    named = ("path", "files", "parameters")
    assert list(texts_in(body, named)) == ["a.py", "b.csv", "c"]


def test_saved_and_renamed_workflows_are_sent(echoed, monkeypatch):
    """Other files stay here until a request or a workflow names them."""
    sent: list[str] = []

    name = "nbyard.freezing.home_files.HomeFiles.send"
    monkeypatch.setattr(name, lambda _, texts: sent.extend(texts))
    document = {"type": "file", "format": "text", "content": "{}"}
    headers = {"Authorization": f"token {TOKEN}"}
    for method, path, body in (
        ("PUT", "/api/contents/a.py", document),
        ("PUT", "/api/contents/a.nbflow", document),
        ("GET", "/api/contents/a.nbflow", None),
        ("PATCH", "/api/contents/a.nbflow", {"path": "b.nbflow"}),
    ):
        content = json.dumps(body).encode() if body else None
        assert echoed.request(method, path, content, headers).status < 300
    wait_until(lambda: len(sent) >= 2)
    assert sent == ["a.nbflow", "b.nbflow"]


def test_the_folder_of_an_image_is_sent(echoed, monkeypatch):
    """The `project` of other requests is a name."""
    sent: list[str] = []
    name = "nbyard.freezing.home_files.HomeFiles.send"
    monkeypatch.setattr(name, lambda _, texts, folders: sent.extend([*texts, *folders]))
    for project in ("code", ""):
        body = {"environment": "ml", "recipe": {"project": project}, "project": "wine"}
        assert echoed.send("POST", "/images", body).status == 200
    assert sent == ["code"]


class Runs:
    """The client's noun `runs`; counts how often it is asked."""

    def __init__(self, *owners: str) -> None:
        self.owners, self.asked = owners, 0

    def list(self, state: str, after: str = "", limit: int = 50) -> Any:
        self.asked += 1
        first = int(after or 0)
        shown = self.owners[first : first + limit] if state == "running" else ()
        more = state == "running" and len(self.owners) > first + limit
        items = [type("Run", (), {"owner": owner}) for owner in shown]
        return type("Page", (), {"items": items, "next": str(first + limit) if more else None})


@pytest.mark.parametrize(
    ("owners", "is_working"),
    [
        ((), False),
        (("bob",), False),
        (("bob", "ann"), True),
        (("bob",) * 120, False),
        ((*("bob",) * 120, "ann"), True),
    ],
)
def test_only_own_runs_are_work(owners, is_working, monkeypatch):
    runs, now = Runs(*owners), [1000.0]
    monkeypatch.setattr("nbyard.rest.forwarding.time.monotonic", lambda: now[0])
    work = ServiceWork(type("Connection", (), {"runs": runs}), "ann", None)
    assert work.is_working() is is_working
    asked = runs.asked
    assert asked <= 2 + len(owners) // 50
    for _ in range(2):
        assert work.is_working() is is_working
    assert runs.asked == asked
    now[0] += SINCE_SECONDS
    work.is_working()
    assert runs.asked > asked
