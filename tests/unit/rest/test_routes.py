"""Every route refuses strangers, and every refusal has the same body."""

import json
import posixpath
import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.jupyter_server import TOKEN, Answer, JupyterServer
from tornado.web import RequestHandler

from nbyard.rest.event_socket import EventSocket
from nbyard.rest.operation_handler import NbyardHandler
from nbyard.rest.proxy.proxy_handlers import ProxyHandler
from nbyard.rest.routes import CONTENTS, PREFIX, HealthHandler, routes
from nbyard.rest.upload_and_download import ContentHandler
from nbyard.services.operation_table import table

pytestmark = pytest.mark.leaves_running
BESIDE = "beside:"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


ALL = routes("/", None, None, None)  # type: ignore[arg-type]


def all_routes() -> list[tuple[str, Any]]:
    """Path and handler of every route, with something in place of its variables."""
    found = []
    for pattern, handler, _ in ALL:
        path = pattern.removeprefix("/nbyard/api").replace("/?(.*)", "/some/where")
        if handler is ProxyHandler:
            path = f"{BESIDE}deployments/x/y/z"
        path = re.sub(r"\(\?P<\w+>([\w-]+)\)", r"\1", path)
        while "(?P<" in path:
            before, _, rest = path.partition("(?P<")
            path = before + "x" + rest.partition(")")[2]
        found.append((path, handler))
    return found


ROUTES = all_routes()


def send(api: JupyterServer, method: str, path: str, body: Any = None, **how: Any) -> Answer:
    """Also what is beside the API."""
    if not path.startswith(BESIDE):
        return api.send(method, path, body, **how)
    headers = {"Authorization": f"token {how['token']}"} if how["token"] else {}
    return api.request(method, path.replace(BESIDE, "/nbyard/"), body, headers)


def refusal(answer: Answer) -> dict[str, Any]:
    """The body of an error."""
    assert answer.status >= 400
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    body: dict[str, Any] = answer.json
    fields = {"code", "message", "hint", "details", "request_id", "reason", "hint_reason"}
    assert set(body) == fields
    assert body["request_id"]
    return body


@pytest.fixture(scope="module")
def cookies(api: JupyterServer) -> str:
    page = api.request("GET", f"/login?token={TOKEN}", None, {})
    return "; ".join(c.partition(";")[0] for c in page.headers.get_all("Set-Cookie", []))


def test_every_operation_has_a_route():
    assert len(ROUTES) >= len({operation.path for operation in table()}) + 3


def routed(path: str) -> tuple[type[RequestHandler], dict[str, Any], dict[str, str]]:
    """Handler, its values and the variables of the first route that fits, as Tornado chooses it."""
    for pattern, handler, values in COMPILED:
        if fits := pattern.fullmatch(f"/{PREFIX}{path}"):
            return handler, values, fits.groupdict()
    raise AssertionError(path)


COMPILED = [(re.compile(pattern), handler, values) for pattern, handler, values in ALL]
PATHS = sorted({operation.path for operation in table()} | {*CONTENTS.values()})


def with_names(path: str) -> dict[str, dict[str, str]]:
    """Addresses of a path, with the values of its variables: words of all other paths."""
    found = {}
    for other in PATHS:
        pairs = [*zip(path.split("/"), other.split("/"), strict=False)]
        if other.count("/") == path.count("/"):
            words = {own[1:-1]: "x" if "{" in word else word for own, word in pairs if "{" in own}
            found[path.format(**words)] = words
    return found


@pytest.mark.parametrize("operation", table(), ids=lambda one: one.id)
def test_no_name_hides_an_operation(operation):
    """An automation, a channel or anything else may have a name that is a word of an address."""
    for address, names in with_names(operation.path).items():
        _, values, variables = routed(address)
        assert values["by_method"][operation.method] == operation, address
        assert {name: variables[name] for name in names} == names


def test_no_name_hides_content():
    for name, path in CONTENTS.items():
        for address, names in with_names(path).items():
            handler, values, variables = routed(address)
            assert (handler, values["name"], variables) == (ContentHandler, name, names)


@pytest.mark.parametrize("name", ["kinds", "reseal"])
def test_names_equal_to_parts_of_addresses_work(api, name):
    body = {"name": name, "kind": "token", "fields": {"secret": "x"}}
    assert api.send("POST", "/credentials", body).status == 201
    shown = api.send("GET", f"/credentials/{name}")
    assert (shown.status, shown.json["name"]) == (200, name)
    assert api.send("DELETE", f"/credentials/{name}").status == 204
    assert api.send("GET", f"/credentials/{name}").status == 404


def test_an_address_lists_the_methods_of_all_its_operations(api):
    answer = api.send("PUT", "/automations/preview", {})
    assert answer.status == 405
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "GET", "PATCH", "DELETE"}


@pytest.mark.parametrize(("path", "handler"), ROUTES)
def test_without_a_valid_token_only_health_responds(api, path, handler):
    for method in METHODS:
        body = None if method in ("GET", "HEAD") else b"{}"
        answer = send(api, method, path, body, token=None)
        if handler is HealthHandler and method in ("GET", "HEAD"):
            assert (answer.status, answer.content) == (200, b"ok\n" if method == "GET" else b"")
            continue
        assert answer.status in (401, 403, 405), method
        if method != "HEAD" and issubclass(handler, NbyardHandler):
            refusal(answer)
    if handler is not HealthHandler:
        assert send(api, "GET", path, token="of-another-service").status in (401, 403, 405)


@pytest.mark.parametrize("xsrf", [None, "2|of|another|session"])
@pytest.mark.parametrize(
    ("method", "path"), [(op.method, op.path) for op in table() if op.method != "GET"]
)
def test_a_cookie_alone_changes_nothing(api, cookies, method, path, xsrf):
    headers = {"Cookie": cookies, "Content-Type": "application/json"}
    if xsrf:
        headers["X-XSRFToken"] = xsrf
    path = path.replace("{", "").replace("}", "")
    refused = api.request(method, f"/nbyard/api{path}", b"{}", headers)
    assert refused.status == 403
    refusal(refused)


def test_a_cookie_reads(api, cookies):
    assert api.request("GET", "/nbyard/api/datasets", None, {"Cookie": cookies}).status == 200


def test_a_foreign_page_reads_nothing_with_a_cookie(api, cookies):
    """Neither of an operation nor of a download."""
    headers = {"Cookie": cookies, "Origin": "http://evil.test"}
    others = ("/runs/x/pictures/y", "/openapi.json", "/none", "/../catalog", "/../links/x")
    for path in ("/datasets", *CONTENTS.values(), *others):
        address = posixpath.normpath(f"/nbyard/api{path}")
        assert api.request("GET", address, None, headers).status == 403, path


@pytest.mark.parametrize("path", ["", "/", "/no/such/thing", "/datasets/", "/datasets/a/b/c"])
def test_unknown_addresses_are_not_found(api, path):
    assert refusal(api.send("GET", path))["code"] == "not-found"


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/datasets"), ("GET", "/executables/inspect/x/y"), ("POST", "/datasets/x"),
     ("DELETE", "/uploads"), ("GET", "/runs/x/cancel"), ("BREW", "/datasets")],
)  # fmt: skip
def test_unknown_methods_are_refused(api, method, path):
    answer = api.send(method, path)
    if path.endswith("/y"):
        assert answer.status == 404
        return
    assert answer.status == 405
    if method != "BREW":
        assert refusal(answer)["code"] == "method"
        assert answer.headers["Allow"]


def test_each_request_has_an_id_of_its_own(api):
    assert len({api.send("GET", "/runs/none").json["request_id"] for _ in range(5)}) == 5


def test_openapi_is_served(api):
    assert api.send("GET", "/openapi.json").json["openapi"] == "3.1.0"


@pytest.fixture(scope="module")
def below_a_prefix(tmp_path_factory) -> Iterator[JupyterServer]:
    server = JupyterServer(tmp_path_factory.mktemp("prefix"), base_url="/user/ann/").start()
    yield server
    server.stop()


def test_all_routes_work_below_a_prefix(below_a_prefix):
    server = below_a_prefix
    (server.root / "t.sh").write_text("#!/bin/sh\ntrue\n")
    made = server.send("POST", "/executables", {"path": "t.sh"})
    assert made.status == 201
    assert server.send("GET", f"/executables/{made.json['id']}").status == 200
    assert refusal(server.send("GET", "/nothing"))["code"] == "not-found"
    assert server.send("GET", "/datasets", token=None).status == 403
    assert json.loads(server.send("GET", "/openapi.json").content)["paths"]


def test_the_socket_has_our_checks():
    assert EventSocket in [handler for _, handler in ROUTES]
