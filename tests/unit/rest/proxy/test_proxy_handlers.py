"""Deployments through the server, for their owner and allowed origins only.

With containers: tests/integration/docker/test_served_deployments.py.
"""

import asyncio
import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.jupyter_server import TOKEN, Answer, JupyterServer
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from nbyard.domain.callers import Caller
from nbyard.domain.deployments.structs import NewDeployment, Place, Port, deployment_folder
from nbyard.domain.projects.members import NewMember, NewShareLink
from nbyard.errors import Unavailable
from nbyard.ipc.deployment_secret import KeptSecret
from nbyard.rest import operation_handler
from nbyard.rest.access import Admissions
from nbyard.rest.connection_pool import Connections
from nbyard.rest.identity import local_name
from nbyard.rest.proxy import proxy_handlers
from nbyard.rest.proxy.proxy_handlers import RequestMeter
from nbyard.testing.conformance.runtimes import wait_until

from ..served import LARGE, Echo, Service

pytestmark = pytest.mark.leaves_running
PORTS = [Port("web", 1), Port("kept", 2, keep_prefix=True), Port("plain", 3, websocket=False)]
OWN = {"Authorization": f"token {TOKEN}"}
WEB = "/nbyard/deployments/app/web/"
WISH = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}  # fmt: skip
NO_ONE = 9  # a port where nobody listens


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def app(api: JupyterServer, service: Service) -> JupyterServer:
    """A server with deployments that answer, as far as rows tell: `app`, `lab` of an image that is
    trusted, and `gone`, at whose port nobody listens. `down` takes connections, and that is all."""
    assert api.send("GET", "/deployments").status == 200
    context = api.app.web_app.settings["nbyard"]
    context.settings.ide_images = ["lab:1"]
    deployments, owner = context.services.deployments, Caller(local_name())
    for name, kind, image, port in (
        ("app", "own", "app:1", service.port),
        ("lab", "jupyterlab", "lab:1", service.port),
        ("gone", "own", "app:1", NO_ONE),
        ("down", "own", "app:1", service.port),
        ("starting", "own", "app:1", 0),
    ):
        told: dict[str, Any] = {"password": "123456789"} if kind == "jupyterlab" else {}
        body = NewDeployment(image, kind, name, ports=PORTS, **told)  # type: ignore[arg-type]
        made = deployments.create(owner, body)
        if not port:
            continue
        store = context.yard().store
        with store.write() as c:
            row = store.deployments.revision(c, made.id, 1)
            is_up = name != "down"
            places = [Place(one.name, "127.0.0.1", port, answers=is_up) for one in PORTS]
            store.deployments.set_revision(c, row.revision.id, places=places)
            store.deployments.route_requests(c, made, 1)
    return api


def get(app: JupyterServer, path: str, headers: dict[str, str] | None = None) -> Answer:
    return app.request("GET", path, None, OWN | (headers or {}))


@pytest.fixture(scope="module")
def cookies(app: JupyterServer) -> str:
    page = app.request("GET", f"/login?token={TOKEN}", None, {})
    pairs = [c.partition(";")[0] for c in page.headers.get_all("Set-Cookie", [])]
    return "; ".join([*pairs, "_xsrf=2|outer|value"])


def test_the_service_gets_its_own_path(app):
    assert get(app, f"{WEB}a%2Fb/c?x=1&token={TOKEN}&y=%20").json["uri"] == "/a%2Fb/c?x=1&y=%20"
    kept = "/nbyard/deployments/app/kept/"
    assert get(app, f"{kept}a?b").json["uri"] == f"{kept}a?b"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_address_without_slash_is_redirected_with_its_query(app, method):
    Echo.seen.clear()
    for query in ("", "?a=%2F&b"):
        answer = app.request(method, WEB.rstrip("/") + query, None, OWN)
        assert (answer.status, answer.headers["Location"]) == (307, WEB + query)
    assert Echo.seen == []


def test_preflight_requests_reach_no_service(app):
    Echo.seen.clear()
    here = {"Origin": f"http://127.0.0.1:{app.port}"}
    assert app.request("OPTIONS", WEB, None, OWN | here).status == 405
    assert get(app, WEB).status == 200
    assert Echo.seen == ["GET"]


def test_no_data_of_jupyter_reaches_the_service(app, cookies):
    told = f"{cookies}; jupyterhub-session-id=h; service-x=h; mine=1; _xsrf=nby.2|inner"
    for headers in (OWN, {}):
        answer = app.request(
            "GET", WEB, None,
            headers | {
                "Cookie": told, "X-XSRFToken": "2|outer", "Referer": "http://127.0.0.1/lab?token=s"
            },
        )  # fmt: skip
        sent = {name.lower(): value for name, value in answer.json["headers"]}
        assert sent["cookie"] == "mine=1; _xsrf=2|inner"
        assert sent["referer"] == "http://127.0.0.1/lab"
        assert not sent.keys() & {"authorization", "x-xsrftoken"}
        assert sent["host"] == f"127.0.0.1:{app.port}", "Host stays what it is"
        assert sent["x-forwarded-prefix"] == WEB.rstrip("/")
        assert TOKEN not in repr(sent) and "outer" not in repr(sent)


def test_only_the_proxy_sends_the_secret_of_a_revision(app):
    """No client can send one, and no other service receives it."""
    store = app.app.web_app.settings["nbyard"].yard().store
    with store.read() as c:
        row = store.deployments.serving(c, local_name(), "app")
    kept = KeptSecret(store.folder / deployment_folder(row.deployment), row.number)
    kept.create()
    for name, wanted in (("app", [kept.read()]), ("lab", [])):
        answer = get(app, f"/nbyard/deployments/{name}/web/", {"X-Nbyard-Secret": "mine"})
        sent = [value for key, value in answer.json["headers"] if key == "X-Nbyard-Secret"]
        assert sent == wanted


def test_cookies_of_the_service_are_limited_to_its_path(app):
    answer = get(app, f"{WEB}login")
    assert (answer.status, answer.headers["Location"]) == (302, f"{WEB}in")
    lines = answer.headers.get_all("Set-Cookie", [])
    own = [line for line in lines if str(app.port) not in line]
    assert own == [
        f"_xsrf=nby.2|inner; Path={WEB}",
        f'username-127-0-0-1-1="nby.2|user"; HttpOnly; Path={WEB}',
        f"own=1; Path={WEB}",
    ]
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Service-Worker-Allowed" not in answer.headers
    policies = answer.headers.get_all("Content-Security-Policy", [])
    assert policies[0] == "default-src 'self'" and policies[1].startswith("sandbox ")
    assert "allow-same-origin" not in policies[1]


@pytest.mark.parametrize("port", ["web", "kept"])
def test_a_redirect_never_leads_to_jupyter_itself(app, port):
    """Whoever follows it does so with what lets him into Jupyter."""
    address = f"/nbyard/deployments/app/{port}/"
    answer = get(app, f"{address}astray")
    assert (answer.status, answer.headers["Location"]) == (302, f"{address}api/contents")


def test_pages_of_a_trusted_ide_have_no_sandbox(app):
    answer = get(app, "/nbyard/deployments/lab/web/")
    assert answer.headers.get_all("Content-Security-Policy") == ["frame-ancestors 'self'"]


def test_only_a_trusted_ide_has_a_service_worker(app):
    """No sandbox holds one, nor may it take the place of one that was trusted."""
    lab, wish = "/nbyard/deployments/lab/web/", {"Service-Worker": "script"}
    assert get(app, f"{lab}login", wish).headers["Service-Worker-Allowed"] == lab
    Echo.seen.clear()
    for headers in (wish, {"Service-Worker": " Script"}):
        answer = get(app, f"{WEB}worker.js", headers)
        assert (answer.status, answer.json["code"]) == (403, "forbidden")
    assert Echo.seen == []
    assert get(app, f"{WEB}worker.js").status == 200


def test_those_with_whom_an_app_is_shared_open_it_in_its_sandbox(app, cookies, monkeypatch):
    """They name it by its ID. Nobody gets an app of others with the session of the visitor."""
    services = app.app.web_app.settings["nbyard"].services
    ann, bob = Caller(local_name()), Caller("bob")
    ids = {name: services.deployments.get(ann, name).id for name in ("app", "lab")}
    monkeypatch.setattr(operation_handler, "caller_of", lambda _: bob)
    for name in ("app", "lab"):
        path = f"/nbyard/deployments/{ids[name]}/web/"
        app.app.web_app.settings["nbyard"].admissions = Admissions()
        assert get(app, path).status == 404
        services.shares.grant(ann, "deployment", ids[name], NewMember("bob"))
        links = services.deployments.get(bob, ids[name]).links
        assert path[1:] in [each.path for each in links]
        answer = get(app, path)
        if name == "lab":  # its login page is for its owner only
            assert answer.status == 403
            continue
        sent = {key.lower(): value for key, value in answer.json["headers"]}
        assert sent["x-forwarded-prefix"] == path.rstrip("/") and "cookie" not in sent
        policy = answer.headers.get_all("Content-Security-Policy", [])[-1]
        assert policy.startswith("sandbox ") and "allow-same-origin" not in policy
        page = app.request("GET", path, None, {"Cookie": cookies, "Accept": "text/html"})
        assert page.status == 302 and f"{path}nbyard-pass=" in page.headers["Location"]
        assert get(app, f"/nbyard/deployments/{ids[name]}/kept/").status == 403
        assert get(app, f"/nbyard/deployments/{name}/web/").status == 404


def test_a_link_opens_the_app_with_a_pass_until_it_is_revoked(app, monkeypatch):
    context = app.app.web_app.settings["nbyard"]
    services, ann = context.services, Caller(local_name())
    shared = ("deployment", services.deployments.get(ann, "app").id)
    link = services.shares.create_link(ann, *shared, NewShareLink())
    assert b"Open web" in get(app, link.url).content
    address = get(app, f"{link.url}/app/web").headers["Location"]
    assert address.startswith(f"/nbyard/deployments/{shared[1]}/web/nbyard-pass=")
    answer = app.request("GET", address, None, {})  # without any login
    assert answer.json["uri"] == "/"
    assert answer.headers.get_all("Content-Security-Policy", [])[-1].startswith("sandbox ")
    assert get(app, f"{link.url}/app/web").headers["Location"] == address
    lab = services.deployments.get(ann, "lab").id
    assert app.request("GET", address.replace(shared[1], lab), None, {}).status in (403, 404)
    services.shares.revoke_link(ann, *shared, link.id)
    context.admissions = Admissions()
    assert app.request("GET", address, None, {}).status == 404


def test_the_app_of_a_link_ends_with_the_role_of_its_creator(app):
    context = app.app.web_app.settings["nbyard"]
    shares, ann, eve = context.services.shares, Caller(local_name()), Caller("eve")
    shared = ("deployment", context.services.deployments.get(ann, "app").id)
    shares.grant(ann, *shared, NewMember("eve", "owner"))
    link = shares.create_link(eve, *shared, NewShareLink())
    address = get(app, f"{link.url}/app/web").headers["Location"]
    assert app.request("GET", address, None, {}).status == 200
    login = context.passes.holder(address.rpartition("=")[2].strip("/")).login
    assert asyncio.run(login.user(context)) is not None
    shares.grant(ann, *shared, NewMember("eve", "editor"))
    context.admissions = Admissions()
    assert app.request("GET", address, None, {}).status == 404
    assert asyncio.run(login.user(context)) is None


def test_only_the_owner_and_no_foreign_page_is_admitted(app, cookies):
    refused = app.request("GET", WEB, None, {})
    assert (refused.status, refused.json["code"]) == (401, "unauthenticated")
    assert "WWW-Authenticate" in refused.headers
    assert app.request("GET", WEB, None, {"Cookie": cookies}).status == 200
    evil = {"Origin": "http://evil.test"}
    for headers in (OWN, {"Cookie": cookies}):
        assert app.request("GET", WEB, None, headers | evil).status == 403
        assert app.request("POST", WEB, b"x", headers | evil).status == 403
        answer = app.request("GET", "/nbyard/api/deployments", None, {"Cookie": cookies} | evil)
        assert answer.status == 403
    here = {"Origin": f"http://127.0.0.1:{app.port}"}
    assert app.request("POST", WEB, b"x", {"Cookie": cookies}).status == 403
    assert app.request("POST", WEB, b"x", {"Cookie": cookies} | here).content == b"x"
    assert app.request("OPTIONS", WEB, None, evil).status in (403, 405)


@pytest.mark.parametrize("origin", ["http://evil.test", "null", "http://127.0.0.1", ""])
def test_no_setting_admits_a_foreign_page(app, cookies, origin, monkeypatch):
    """Even if Jupyter itself allows every origin."""
    monkeypatch.setitem(app.app.web_app.settings, "allow_origin", "*")
    for asker in (OWN, {"Cookie": cookies}):
        headers = asker | {"Origin": origin}
        assert app.request("POST", WEB, b"x", headers).status == 403
        assert app.request("GET", f"{WEB}socket", None, headers | WISH).status == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_bodies_of_any_length_are_forwarded(app, method):
    size = LARGE if method == "POST" else 10
    answer = app.request(method, f"{WEB}upload", b"z" * size, OWN)
    assert (answer.status, answer.headers["X-Length"]) == (200, str(size))


def test_a_body_of_unknown_length_is_forwarded(app):
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=20)
    pieces = (b"piece %d " % number for number in range(5))
    connection.request("POST", WEB, body=pieces, headers=OWN, encode_chunked=True)
    assert connection.getresponse().read().startswith(b"piece 0 piece 1")
    connection.close()


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_body_is_never_read_as_the_next_request(app, method):
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=20)
    with closing(connection):
        connection.putrequest(method, WEB)
        for name, value in (OWN | {"Transfer-Encoding": "chunked"}).items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        assert answer.status == 411 and b"length" in answer.read()


@pytest.mark.parametrize("lengths", [["+4"], ["4", "5"], ["4", "4"]])
def test_a_body_of_ambiguous_length_is_refused(app, lengths):
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=20)
    with closing(connection):
        connection.putrequest("POST", WEB)
        for name, value in (*OWN.items(), *(("Content-Length", each) for each in lengths)):
            connection.putheader(name, value)
        connection.endheaders(b"four")
        answer = connection.getresponse()
        told = json.loads(answer.read())
        assert (answer.status, told["code"]) == (400, "bad-request")
        assert "Content-Length must be" in told["message"]


def test_a_response_is_forwarded_unchanged(app, service):
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=20)
    connection.request("GET", f"{WEB}slow", headers=OWN)
    answer = connection.getresponse()
    assert answer.read(4) == b"one ", "before the service has said the rest"
    service.request_end()
    assert answer.read() == b"two"
    connection.close()
    assert len(get(app, f"{WEB}large").content) == LARGE


def test_a_partial_response_is_recognisable(app):
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        get(app, f"{WEB}half/body")
    answer = get(app, f"{WEB}half/head")
    assert answer.status == 502 and "closed the connection" in answer.json["message"]


@pytest.mark.parametrize("asked", ["*", '"x"', None])
@pytest.mark.parametrize("length", ["5", "70000"])
def test_a_head_response_is_forwarded(app, length, asked):
    """It has no Etag of the server, and the cached page is confirmed."""
    wants = {"X-Says": length} | ({"If-None-Match": asked} if asked else {})
    answer = app.request("HEAD", f"{WEB}length", None, OWN | wants)
    assert (answer.status, answer.headers["Content-Length"]) == (200, length)
    assert "Etag" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("length", ["five", "-5", "5, 6", "9" * 5000])
def test_a_response_of_ambiguous_length_is_refused(app, method, length):
    answer = app.request(method, f"{WEB}length", None, OWN | {"X-Says": length})
    assert answer.status == 502
    assert method == "HEAD" or "closed the connection" in answer.json["message"]


def test_no_tunnel_opens_unasked(app):
    assert get(app, f"{WEB}switch").status == 502


def test_an_unresponsive_service_is_reported(app):
    answer = get(app, "/nbyard/deployments/gone/web/")
    assert answer.status == 503 and answer.json["message"].endswith("at its port web.")
    answer = get(app, "/nbyard/deployments/starting/web/")
    assert (answer.status, answer.json["code"]) == (503, "unavailable")
    assert "it is queued" in answer.json["message"]
    assert get(app, "/nbyard/deployments/none/web/").status == 404
    answer = get(app, "/nbyard/deployments/app/none/")
    assert answer.status == 404 and "there are: " in answer.json["message"]


def test_a_down_service_is_not_awaited(app):
    """A paused container accepts connections, but never responds."""
    Echo.seen.clear()
    answer = get(app, "/nbyard/deployments/down/web/a")
    assert (answer.status, answer.json["code"]) == (503, "unavailable")
    assert answer.json["message"].startswith("down does not respond")
    assert "nbyard deployments show down" in answer.json["hint"]
    assert get(app, "/nbyard/deployments/down/web/socket", WISH).status == 503
    assert Echo.seen == [], "nothing was sent there"


def traffic(app: JupyterServer, name: str) -> tuple[int, int]:
    """Requests and errors, with what was counted by now. The server's thread has counted what it
    answered before it gives that away."""
    context = app.app.web_app.settings["nbyard"]
    for close in context.closing:
        if isinstance(getattr(close, "__self__", None), RequestMeter):
            app.call(close)
    found = app.send("GET", f"/deployments/{name}/traffic").json
    assert sum(one["requests"] for one in found["parts"]) == found["requests"]
    assert not found["requests"] or found["p99_seconds"] > 0
    return found["requests"], found["errors"]


@pytest.mark.parametrize(
    ("path", "is_error"), [("a", False), ("login", False), ("half/head", True), ("switch", True)]
)
def test_requests_are_counted(app, path, is_error):
    """Only a missing response is an error."""
    requests, errors = traffic(app, "app")
    assert get(app, WEB + path).status in (200, 302, 502)
    # who asks may have the answer a moment before it is counted
    wait_until(lambda: traffic(app, "app") == (requests + 1, errors + is_error))


def test_unanswered_and_refused_requests_are_counted(app, cookies):
    """Requests without permission are not counted."""
    requests, errors = traffic(app, "gone")
    get(app, "/nbyard/deployments/gone/web/")
    assert app.request("GET", "/nbyard/deployments/gone/web/", None, {}).status == 401
    assert traffic(app, "gone") == (requests + 1, errors + 1)
    assert traffic(app, "starting") == (0, 0)


def test_refusals_of_the_service_are_counted_separately(app):
    """*Try It* reads the schema, which no user requested."""
    before = traffic(app, "app")
    refused = app.send("GET", "/deployments/app/traffic").json["refused"]
    own = {"X-Nbyard-Uncounted": "1"}
    assert "X-Nbyard-Uncounted" not in str(get(app, f"{WEB}schema", own).json)
    get(app, WEB, own)  # no other request hides
    assert app.request("POST", f"{WEB}login", None, OWN).status == 405
    wait_until(lambda: traffic(app, "app") == (before[0] + 2, before[1]))
    assert app.send("GET", "/deployments/app/traffic").json["refused"] == refused + 1


def test_a_websocket_is_counted_once_when_it_is_opened(app):
    requests, errors = traffic(app, "app")
    say(app)
    assert traffic(app, "app") == (requests + 1, errors)


def test_requests_to_a_deployment_keep_the_server_active(app):
    """Websocket messages count as well."""
    web_app = app.app.web_app
    times = web_app.settings["last_activity_times"]
    for ask in (lambda: get(app, WEB), lambda: say(app)):
        times.pop("nbyard", None)
        ask()
        wait_until(lambda: "nbyard" in times)
        assert web_app.last_activity() == times["nbyard"]


def say(app: JupyterServer, path: str = f"{WEB}socket", **how: Any) -> Any:
    """A conversation over a websocket."""

    async def talk() -> Any:
        headers = OWN | how.get("headers", {})
        request = HTTPRequest(f"ws://127.0.0.1:{app.port}{path}", headers=headers)
        socket = await websocket_connect(request, subprotocols=how.get("subprotocols"))
        told = json.loads(str(await socket.read_message()))
        heard = []
        for word in ("hello", b"\x00\xff", "x" * (1 << 20)):
            await socket.write_message(word, binary=isinstance(word, bytes))
            heard.append(await socket.read_message() == word)
        await socket.write_message("end")
        assert await socket.read_message() is None
        chosen, code = socket.selected_subprotocol, socket.close_code
        socket.close()
        return told, heard, chosen, code

    return asyncio.run(talk())


def test_websockets_are_forwarded(app):
    """Text, bytes, subprotocols and the closing code."""
    told, heard, protocol, code = say(app, subprotocols=["a", "v1.kernel"])
    assert (heard, protocol, code) == ([True, True, True], "v1.kernel", 4001)
    sent = {name.lower(): value for name, value in told}
    assert sent["host"] == f"127.0.0.1:{app.port}" and "authorization" not in sent


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (f"{WEB}socket", {"Origin": "http://evil.test"}, 403),
        (f"{WEB}socket", {"Authorization": "token wrong"}, 401),
        ("/nbyard/deployments/app/plain/socket", {}, 409),
        ("/nbyard/deployments/gone/web/socket", {}, 503),
    ],
)
def test_a_websocket_is_refused_like_other_requests(app, path, headers, status):
    assert get(app, path, WISH | headers).status == status


def test_a_model_keeps_its_connection_for_the_next_request(app, monkeypatch):
    """This holds for all complete responses. An incomplete one closes the connection."""
    take, taken = Connections.take, list[bool]()

    def counted(kept: Connections, spot: Any) -> Any:
        found = take(kept, spot)
        taken.append(found is not None)
        return found

    monkeypatch.setattr(Connections, "take", counted)
    store = app.app.web_app.settings["nbyard"].yard().store
    with store.read() as c:
        row = store.deployments.serving(c, local_name(), "app")
    KeptSecret(store.folder / deployment_folder(row.deployment), row.number).create()
    # what was known before is forgotten
    wait_until(lambda: ["Connection", "keep-alive"] in get(app, WEB).json["headers"])
    for _ in range(3):
        assert app.request("POST", f"{WEB}upload", b"z" * 10, OWN).content == b"z" * 10
        assert get(app, f"{WEB}login").status == 302
        assert app.request("HEAD", WEB, None, OWN).status in (200, 405)
        assert len(get(app, f"{WEB}large").content) == LARGE
        assert get(app, f"{WEB}half/head").status == 502
        assert app.request("DELETE", WEB, None, OWN).status == 200
    say(app)
    assert any(taken)


def test_an_admission_holds_for_one_user_and_deployment(app, cookies):
    """The cached admission holds for a second and the same headers only."""
    here = {"Origin": f"http://127.0.0.1:{app.port}"}
    for _ in range(2):
        assert app.request("GET", WEB, None, {"Cookie": cookies}).status == 200
        assert app.request("POST", WEB, b"x", {"Cookie": cookies} | here).status == 200
        assert app.request("POST", WEB, b"x", {"Cookie": cookies}).status == 403
        assert app.request("GET", WEB, None, {}).status == 401
        assert app.request("GET", f"{WEB}?token={TOKEN}", None, {}).status == 200
        assert app.request("GET", f"{WEB}?token=wrong", None, {}).status == 401
        assert app.request("GET", "/nbyard/deployments/none/web/", None, OWN).status == 404


def desk_of(kept: list[tuple[str, int, int]], *, fails: bool = False) -> Any:
    def counted(deployment: str, counts: Any) -> None:
        if fails:
            raise Unavailable
        kept.extend((deployment, one.requests, one.errors) for one in counts)

    services = SimpleNamespace(deployments=SimpleNamespace(counted=counted))
    return SimpleNamespace(closing=[], services=services, pool=ThreadPoolExecutor(1))


def test_counts_are_stored_together_and_at_the_end(monkeypatch):
    kept: list[tuple[str, int, int]] = []
    context = desk_of(kept)
    meter = RequestMeter(context)

    async def counting() -> None:
        monkeypatch.setattr(proxy_handlers, "EVERY_SECONDS", 0.0)
        monkeypatch.setattr(proxy_handlers, "FIRST_SECONDS", 0.0)
        meter.count("a", 0.1, 200)
        meter.count("a", 0.1, 500)
        meter.count("b", 0.1, 200)
        assert kept == [], "nobody waits for the store"
        while len(kept) < 2:
            await asyncio.sleep(0)
        monkeypatch.setattr(proxy_handlers, "EVERY_SECONDS", 3600.0)
        meter.count("c", 0.1, 200)

    asyncio.run(counting())
    assert sorted(kept) == [("a", 2, 1), ("b", 1, 0)]
    (close,) = context.closing
    close()
    close()
    context.pool.shutdown()
    assert kept[2:] == [("c", 1, 0)]


def test_the_first_count_after_a_pause_is_stored_soon(monkeypatch):
    delays: list[float] = []
    loop = SimpleNamespace(call_later=lambda delay, _: delays.append(delay))
    monkeypatch.setattr(proxy_handlers, "IOLoop", SimpleNamespace(current=lambda: loop))
    context = desk_of([])
    meter = RequestMeter(context)
    for _ in range(2):
        meter.count("a", 0.1, 200)
        meter.count("a", 0.1, 200)
        meter.store_in_thread()
    context.pool.shutdown()
    first, second = delays
    assert first == proxy_handlers.FIRST_SECONDS
    assert proxy_handlers.FIRST_SECONDS < second <= proxy_handlers.EVERY_SECONDS


def test_a_store_outage_does_not_disturb_requests() -> None:
    context = desk_of([], fails=True)
    meter = RequestMeter(context)

    async def counting() -> None:
        meter.count("a", 0.1, 200)

    asyncio.run(counting())
    meter.store_counts()
    context.pool.shutdown()
