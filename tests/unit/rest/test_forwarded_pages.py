"""Pages of deployments through a user's server, whose service knows the deployments."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import websocket
from tests.support.jupyter_server import TOKEN, Answer, JupyterServer

from nbyard.dispatch.deployments.deployment_records import DeploymentRecords
from nbyard.domain.callers import Caller
from nbyard.domain.deployments.structs import NewDeployment, Place, Port
from nbyard.settings import Settings
from nbyard.testing.conformance.runtimes import wait_until
from nbyard.yard import Yard

from .hubs import RIGHTS, HubService, forwarding
from .served import LARGE, Service

pytestmark = pytest.mark.leaves_running
PORTS = [Port("web", 1), Port("kept", 2, keep_prefix=True)]
OWN = {"Authorization": f"token {TOKEN}"}
WEB, LAB = "/nbyard/deployments/app/web/", "/nbyard/deployments/lab/kept/"
NAVIGATE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


@pytest.fixture(scope="module")
def app() -> Iterator[Service]:
    made = Service()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def service(tmp_path_factory, app: Service) -> Iterator[HubService]:
    """A service with Ann's deployments `app`, and `lab` of an image that is trusted."""
    made = HubService(tmp_path_factory.mktemp("service"), ide_images='["lab:1"]')
    given = {"store_dir": str(made.store), "inline_dispatch": True, "allowed_images": ["*"]}
    settings = Settings(shared=True, **given)
    with Yard.open(settings) as yard:
        for name, kind in (("app", "own"), ("lab", "jupyterlab")):
            password = {"password": "123456789"} if kind == "jupyterlab" else {}
            body = NewDeployment(f"{name}:1", kind, name, ports=PORTS, **password)  # type: ignore[arg-type]
            row = yard.services.deployments.create(Caller("ann"), body)
            with yard.store.write() as c:
                found = yard.store.deployments.revision(c, row.id, 1)
                assert found is not None
                places = [Place(one.name, "127.0.0.1", app.port, answers=True) for one in PORTS]
                yard.store.deployments.set_revision(c, found.revision.id, places=places)
                yard.store.deployments.route_requests(c, row, 1)
    yield made.start()
    made.stop()


@pytest.fixture(scope="module")
def ann(tmp_path_factory, service: HubService) -> Iterator[JupyterServer]:
    with forwarding(tmp_path_factory.mktemp("ann"), service.url) as server:
        yield server


@pytest.fixture(scope="module")
def cookies(ann: JupyterServer) -> str:
    page = ann.request("GET", f"/login?token={TOKEN}", None, {})
    pairs = [line.partition(";")[0] for line in page.headers.get_all("Set-Cookie", [])]
    return "; ".join([*pairs, "_xsrf=2|outer|value", "jupyterhub-session-id=h", "mine=1"])


def get(server: JupyterServer, path: str, **headers: str) -> Answer:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.request("GET", path, None, given or OWN)


def passed(server: JupyterServer, cookies: str, path: str = WEB) -> str:
    """Return the address below the server's base URL to which a browser is redirected."""
    answer = server.request("GET", path, None, {"Cookie": cookies, **NAVIGATE})
    assert answer.status == 302, answer.content
    return answer.headers["Location"].removeprefix("/user/ann")


def test_the_deployment_gets_its_own_path_and_no_credentials(ann, cookies):
    answer = get(ann, f"{WEB}a%2Fb/%E4?x=1&token={TOKEN}&y=%20")
    sent = {name.lower(): value for name, value in answer.json["headers"]}
    assert answer.json["uri"] == "/a%2Fb/%E4?x=1&y=%20"
    assert sent["host"] == f"127.0.0.1:{ann.port}"
    assert sent["x-forwarded-prefix"] == "/user/ann/nbyard/deployments/app/web"
    for headers in ({"Cookie": cookies}, OWN | {"Cookie": cookies}):
        answer = ann.request("GET", WEB, None, headers | {"X-XSRFToken": "2|outer|value"})
        sent = {name.lower(): value for name, value in answer.json["headers"]}
        assert sent["cookie"] == "mine=1"
        assert not sent.keys() & {"authorization", "x-xsrftoken", "nbyard-forwarded-base"}
        assert TOKEN not in repr(sent) and "outer" not in repr(sent)


def test_redirects_and_cookies_have_the_address_at_the_users_server(ann):
    answer = get(ann, f"{WEB}login")
    assert (answer.status, answer.headers["Location"]) == (302, f"/user/ann{WEB}in")
    lines = answer.headers.get_all("Set-Cookie", [])
    assert f"own=1; Path=/user/ann{WEB}" in lines
    assert f"_xsrf=nby.2|inner; Path=/user/ann{WEB}" in lines
    assert all(f"Path=/user/ann{WEB}" in line for line in lines if "own" in line)
    answer = get(ann, WEB.rstrip("/") + "?a=%2F")
    assert (answer.status, answer.headers["Location"]) == (307, f"/user/ann{WEB}?a=%2F")


def test_pages_are_shown_in_a_sandbox_with_a_pass(ann, cookies):
    """Requests of such a page have no cookie."""
    address = passed(ann, cookies, f"{WEB}deep?x=1")
    assert re.fullmatch(rf"{WEB}nbyard-pass=[\w-]+/deep\?x=1", address)
    page = ann.request("GET", address, None, NAVIGATE)
    assert page.status == 200
    policies = page.headers.get_all("Content-Security-Policy", [])
    assert any(policy.startswith("sandbox ") for policy in policies)
    assert page.json["uri"] == "/deep?x=1"
    home = address.partition("deep")[0]
    prefix = dict(page.json["headers"])["X-Forwarded-Prefix"]
    assert prefix == f"/user/ann{home}".rstrip("/")
    posted = ann.request("POST", f"{home}save", b"hello", {"Origin": "null"})
    assert (posted.status, posted.content) == (200, b"hello")
    asked = ann.request("OPTIONS", home, None, {"Origin": "null"})
    assert (asked.status, asked.headers["Access-Control-Allow-Origin"]) == (204, "null")


def test_a_pass_is_for_its_own_deployment_only(ann, cookies):
    address = passed(ann, cookies)
    other = address.replace("/app/", "/lab/")
    assert ann.request("GET", other, None, {}).status == 403
    wrong = re.sub("nbyard-pass=[^/]+", "nbyard-pass=x", address)
    assert ann.request("GET", wrong, None, {}).status == 401
    api = ann.send("GET", "/deployments", token=None)
    assert api.status == 403


def test_only_the_owner_and_no_foreign_page_is_admitted(ann, cookies):
    refused = ann.request("GET", WEB, None, {"Sec-Fetch-Mode": "cors"})
    assert (refused.status, refused.json["code"]) == (401, "unauthenticated")
    here, evil = {"Origin": f"http://127.0.0.1:{ann.port}"}, {"Origin": "http://evil.test"}
    for asker in (OWN, {"Cookie": cookies}):
        for foreign in (evil, {"Origin": "null"}, {"Origin": ""}):
            assert ann.request("POST", WEB, b"x", asker | foreign).status == 403
    assert ann.request("POST", WEB, b"x", {"Cookie": cookies}).status == 403
    assert ann.request("POST", WEB, b"x", {"Cookie": cookies} | here).content == b"x"
    assert ann.request("POST", WEB, b"x", OWN).content == b"x"


def test_other_users_find_no_deployment(tmp_path, service):
    with forwarding(tmp_path, service.url, "bob") as bob:
        for path in (WEB, WEB.replace("app", "none")):
            answer = bob.request("GET", path, None, OWN)
            assert (answer.status, answer.json["code"]) == (404, "not-found")


def test_a_page_without_login_leads_to_the_sign_in_page_and_back(ann, cookies):
    page = ann.request("GET", f"{WEB}a?x=1", None, NAVIGATE)
    link = page.content.decode().partition('href="')[2].partition('"')[0]
    assert page.status == 401 and "<h1>" in page.content.decode()
    assert link == f"/user/ann/nbyard/sign-in{WEB.removeprefix('/nbyard')}a?x=1"
    back = ann.request("GET", link.removeprefix("/user/ann"), None, {"Cookie": cookies})
    assert (back.status, back.headers["Location"]) == (302, f"/user/ann{WEB}a?x=1")


def test_a_trusted_ide_keeps_the_prefix_of_its_owners_server(ann, service):
    answer = get(ann, f"{LAB}lab?x=1")
    assert answer.json["uri"] == f"/user/ann{LAB}lab?x=1"
    assert answer.headers.get_all("Content-Security-Policy") == ["frame-ancestors 'self'"]
    worker = get(ann, f"{LAB}login", Service_Worker="script", **OWN)
    assert worker.status == 200
    with Yard.open(Settings(store_dir=str(service.store), shared=True)) as yard:
        context = type("Context", (), {"store": yard.store, "settings": yard.settings})
        records = DeploymentRecords(context)  # type: ignore[arg-type]
        assert records.base_url("ann") == "/user/ann/"
        assert records.base_url("a b@c/é") == "/user/a%20b@c%2F%C3%A9/"


def test_a_trusted_ide_gets_its_own_login_and_xsrf_value(ann, cookies):
    """Its page sends the XSRF value of the outer Jupyter, whose cookie it sees first."""
    login = cookies[cookies.index("username-") :].partition("=")[0]
    own = f'{login}="nby.inner"; {cookies}; _xsrf=nby.2|inner'  # that of the longer path first
    here = f"http://127.0.0.1:{ann.port}"
    headers = {"Cookie": own, "X-XSRFToken": "2|outer|value", "Origin": here}
    answer = ann.request("GET", f"{LAB}api", None, headers)
    sent = {name.lower(): value for name, value in answer.json["headers"]}
    assert (sent["x-xsrftoken"], sent["cookie"]) == (
        "2|inner",
        f'{login}="inner"; mine=1; _xsrf=2|inner',
    )


def test_bodies_of_any_length_are_forwarded(ann):
    answer = ann.request("POST", f"{WEB}upload", b"z" * LARGE, OWN)
    assert (answer.status, answer.headers["X-Length"]) == (200, str(LARGE))
    assert len(get(ann, f"{WEB}large").content) == LARGE


def test_paths_in_a_body_send_no_files(ann, monkeypatch):
    sent: list[str] = []
    name = "nbyard.freezing.home_files.HomeFiles.send"
    monkeypatch.setattr(name, lambda _, texts, folders: sent.extend(texts))
    body = json.dumps({"path": "a.py"}).encode()
    assert ann.request("POST", f"{WEB}x?p=a.py", body, OWN).status == 200
    assert ann.request("POST", f"{WEB}x?p=a.py", body, {}).status == 403
    assert sent == []
    ann.send("POST", "/executables/inspect", {"path": "a.py"})
    assert sent == ["a.py"]


def test_sockets_of_a_deployment_are_forwarded(ann, cookies):
    url = f"{ann.url.replace('http', 'ws', 1)}"
    own = websocket.create_connection(
        f"{url}{WEB}socket", header=OWN, timeout=20, suppress_origin=True
    )
    passed_on = passed(ann, cookies)
    other = websocket.create_connection(f"{url}{passed_on}socket", origin="null", timeout=20)
    for opened in (own, other):
        opened.recv()
        opened.send("é" * 100_000)
        assert opened.recv() == "é" * 100_000
        opened.close()
        opened.shutdown()
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(f"{url}{WEB}socket", header=OWN, origin="http://evil.test")
    assert refused.value.status_code == 403


@pytest.mark.parametrize("left", [None, ()])
def test_sockets_and_passes_end_with_the_right_to_use_them(ann, cookies, service, left):
    """A revoked token, and a role that was taken away. The service of the test asks often."""
    url = f"{ann.url.replace('http', 'ws', 1)}"
    address = passed(ann, cookies)
    own = websocket.create_connection(
        f"{url}{WEB}socket", header=OWN, timeout=20, suppress_origin=True
    )
    other = websocket.create_connection(f"{url}{address}socket", origin="null", timeout=20)
    assert ann.request("GET", address, None, {}).status == 200
    service.people.rights.pop("ann")
    if left is not None:
        service.people.rights["ann"] = left
    try:
        for opened in (own, other):
            opened.recv()
            with pytest.raises(websocket.WebSocketConnectionClosedException):
                opened.recv()
            opened.shutdown()
        refused = 401 if left is None else 403
        wait_until(lambda: ann.request("GET", address, None, {}).status == refused)
    finally:
        service.people.rights["ann"] = RIGHTS
        wait_until(lambda: get(ann, WEB).status == 200)


def test_requests_are_counted_and_keep_the_server_active(ann):
    times = ann.app.web_app.settings
    before = times.get("api_last_activity")
    assert get(ann, WEB).status == 200
    assert times.get("api_last_activity") == before, "Jupyter does not count them for ever"
    assert "nbyard" in times["last_activity_times"]


def test_a_task_that_is_unknown_has_no_page(ann):
    path = "/nbyard/attempts/01a22a6d-245a-75af-996c-200211c5e31a/tensorboard/"
    assert get(ann, path).status == 404
    page = ann.request("GET", path, None, NAVIGATE)
    assert page.status == 401 and b"/user/ann/nbyard/sign-in/attempts/" in page.content


def test_a_service_that_is_down_shows_a_page(tmp_path):
    with forwarding(Path(tmp_path), "http://127.0.0.1:9/services/nbyard/") as server:
        answer = get(server, WEB)
        assert (answer.status, answer.json["code"]) == (503, "unavailable")
        assert answer.headers["Retry-After"]
