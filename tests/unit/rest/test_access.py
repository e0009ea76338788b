"""Passes of sandboxed pages, and what the server remembers of who has access."""

import logging
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from http.cookies import SimpleCookie
from typing import Any

import pytest
from jupyter_server.auth import User
from tests.support.jupyter_server import TOKEN, Answer, JupyterServer
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from nbyard.domain.callers import Caller
from nbyard.domain.deployments.structs import NewDeployment, Place, Port, Target
from nbyard.rest.access import (
    MOST,
    PASS_SECONDS,
    SEGMENT,
    Admission,
    Admissions,
    Holder,
    Passes,
    RequestBudgets,
    key_of,
)
from nbyard.rest.identity import local_name
from nbyard.testing.conformance.runtimes import wait_until

from .served import Service

MADE = Admission(None, "username", Target("0", "127.0.0.1", 1, True, False, False))
PATH = ("/nbyard/deployments/app/web/", "")


def request(method: str = "GET", uri: str = "/a?x=1", **headers: str) -> HTTPServerRequest:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    line = RequestStartLine(method, uri, "HTTP/1.1")
    made = HTTPServerRequest(headers=HTTPHeaders({"Host": "here", **told}), start_line=line)
    made.remote_ip = "127.0.0.1"
    return made


@pytest.mark.parametrize(
    "other",
    [
        request("POST"), request("HEAD"), request(uri="/b?x=1"), request(uri="/a?x=2"),
        request(Cookie="a=b"), request(Authorization="token x"),
        request(Origin="http://here"), request(uri="/a?token=x"), request(uri="/a?%74oken=x"),
        request(X_Forwarded_User="ann"), request(Host="there"),
    ],
)  # fmt: skip
def test_other_requests_are_authorized_again(other):
    assert key_of(request(), PATH) != key_of(other, PATH)
    assert key_of(other, PATH) != key_of(other, (PATH[0], "a-pass"))


def test_the_body_does_not_matter():
    other = request("POST", Content_Length="7", Content_Type="text/csv")
    assert key_of(request("POST"), PATH) == key_of(other, PATH)


def test_an_authorization_holds_for_a_second_and_few_are_kept(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("nbyard.rest.access.time.monotonic", lambda: now[0])
    kept = Admissions()
    for number in range(MOST + 5):
        kept.keep(number, MADE)
    assert kept.get(0) is MADE and kept.get(MOST) is None
    kept.forget(0)
    assert kept.get(0) is None
    now[0] = 0.99
    assert kept.get(1) is MADE
    now[0] = 1.0
    assert kept.get(1) is None
    kept.keep("new", MADE)
    assert kept.get("new") is MADE


pytestmark = pytest.mark.leaves_running
APP, OTHER = "/nbyard/deployments/shown/web/", "/nbyard/deployments/other/web/"
KEPT = "/nbyard/deployments/shown/kept/"
PAGE = {"Accept": "text/html,*/*", "Sec-Fetch-Mode": "navigate"}
OPAQUE = {"Origin": "null", "Sec-Fetch-Mode": "cors"}


@pytest.fixture(scope="module")
def app(api: JupyterServer) -> Iterator[JupyterServer]:
    """With two deployments of images that are not trusted."""
    service = Service()
    assert api.send("GET", "/deployments").status == 200
    yard = api.app.web_app.settings["nbyard"].yard()
    deployments, store, owner = yard.services.deployments, yard.store, Caller(local_name())
    ports = [Port("web", 1), Port("kept", 2, keep_prefix=True)]
    for name in ("shown", "other"):
        made = deployments.create(owner, NewDeployment("app:1", "own", name, ports=ports))
        with store.write() as c:
            row = store.deployments.revision(c, made.id, 1)
            places = [Place(one.name, "127.0.0.1", service.port, answers=True) for one in ports]
            store.deployments.set_revision(c, row.revision.id, places=places)
            store.deployments.route_requests(c, made, 1)
    yield api
    service.stop()


@pytest.fixture(scope="module")
def cookie(app: JupyterServer) -> dict[str, str]:
    answer = app.request("GET", f"/login?token={TOKEN}", None, {})
    found = SimpleCookie("; ".join(answer.headers.get_all("Set-Cookie", [])))
    pairs = [f"{name}={one.value}" for name, one in found.items() if name.startswith("username")]
    return {"Cookie": "; ".join(pairs)}


def ask(app: JupyterServer, path: str, headers: dict[str, str], **how: Any) -> Answer:
    return app.request(how.get("method", "GET"), path, how.get("body"), headers)


def opened(app: JupyterServer, path: str, cookie: dict[str, str]) -> str:
    """The address to which a browser that is signed in is led."""
    answer = ask(app, path, cookie | PAGE)
    assert answer.status == 302 and answer.headers["Referrer-Policy"] == "no-referrer"
    return str(answer.headers["Location"])


def test_a_page_is_redirected_to_a_pass_and_needs_no_cookie(app, cookie):
    address = opened(app, f"{APP}a/page?x=1&token={TOKEN}", cookie)
    assert address.startswith(f"{APP}{SEGMENT}") and address.endswith("/a/page?x=1")
    answer = ask(app, address, cookie | PAGE)
    sent = dict(answer.json["headers"])
    assert (answer.status, answer.json["uri"]) == (200, "/a/page?x=1")
    home = address.removesuffix("a/page?x=1")
    assert sent["X-Forwarded-Prefix"] == home.rstrip("/") and "Cookie" not in sent
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    policies = answer.headers.get_all("Content-Security-Policy", [])
    assert any("sandbox" in one for one in policies)
    assert not any("allow-same-origin" in one for one in policies)
    for headers in ({}, OPAQUE):
        found = ask(app, f"{home}style.css", headers)
        assert (found.status, found.json["uri"]) == (200, "/style.css")
    assert ask(app, f"{home}style.css", OPAQUE).headers["Access-Control-Allow-Origin"] == "null"
    form = ask(app, f"{home}send", OPAQUE, method="POST", body=b"x=1")
    assert (form.status, form.content) == (200, b"x=1")


@pytest.mark.parametrize("name", ["..%2F..%2Flab", "a%23b", "a%3Fb", "a%0Ab", "a%25b", "a%FF"])
def test_a_page_with_special_characters_is_redirected_to_itself(app, cookie, name):
    address = opened(app, f"{APP}{name}?x=1", cookie)
    assert address.startswith(f"{APP}{SEGMENT}") and address.endswith(f"/{name}?x=1")
    assert ask(app, address, cookie | PAGE).json["uri"] == f"/{name}?x=1"


def test_programs_and_trusted_pages_are_not_redirected(app, cookie):
    assert ask(app, APP, cookie).status == 200
    assert ask(app, APP, {"Authorization": f"token {TOKEN}"} | PAGE).status == 200


def test_a_redirect_stays_with_the_pass_and_cookies_with_the_port(app, cookie):
    home = opened(app, APP, cookie)
    answer = ask(app, f"{home}login", PAGE)
    assert (answer.status, answer.headers["Location"]) == (302, f"{home}in")
    paths = [line for line in answer.headers.get_all("Set-Cookie", []) if "own=" in line]
    assert paths == [f"own=1; Path={APP}"]
    bare = ask(app, home.rstrip("/"), OPAQUE)
    assert (bare.status, bare.headers["Location"]) == (307, APP)
    assert ask(app, f"{home}astray", PAGE).headers["Location"] == f"{home}api/contents"
    for place, wanted in (("", home), ("?x=1", f"{home}?x=1"), ("/a", f"{home}a")):
        answer = ask(app, f"{home}to{place}", PAGE | {"X-To": APP.rstrip("/") + place})
        assert answer.headers["Location"] == wanted


def test_a_service_with_prefix_gets_no_pass(app, cookie):
    home = opened(app, KEPT, cookie)
    assert ask(app, f"{home}a?b", OPAQUE).json["uri"] == f"{KEPT}a?b"


def test_a_pass_is_for_its_own_deployment_and_nothing_else(app, cookie):
    """It opens neither another deployment nor Jupyter."""
    text = opened(app, APP, cookie).removeprefix(APP)
    assert ask(app, f"{OTHER}{text}style.css", OPAQUE).status == 403
    for path in (f"/nbyard/api/{text}deployments", f"/api/{text}contents", "/api/contents"):
        answer = ask(app, path, OPAQUE)
        is_login = answer.headers.get("Location", "").startswith("/login")
        assert answer.status in (403, 404) or is_login
    assert ask(app, "/nbyard/api/deployments", OPAQUE).status == 403
    forged = text.rstrip("/") + "A/"
    for wrong in (forged, text[:-3] + "/", f"{SEGMENT}/", f"{SEGMENT}a.b.c/", f"{SEGMENT}%C3%A9/"):
        assert ask(app, APP + wrong, OPAQUE).status in (401, 403)


@pytest.mark.parametrize("origin", ["http://evil.test", "http://127.0.0.1", ""])
def test_a_page_of_another_origin_is_refused_despite_a_pass(app, cookie, origin):
    home = opened(app, APP, cookie)
    for method in ("GET", "POST", "OPTIONS"):
        assert ask(app, home, {"Origin": origin}, method=method).status == 403


def test_preflight_requests_need_a_pass(app, cookie):
    home = opened(app, APP, cookie)
    wish = OPAQUE | {"Access-Control-Request-Headers": "content-type"}
    answer = ask(app, f"{home}predict", wish, method="OPTIONS")
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, "null")
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type"
    assert ask(app, f"{APP}predict", wish, method="OPTIONS").status in (403, 405)


def test_an_expired_pass_is_renewed_for_pages(app, cookie, monkeypatch):
    address = opened(app, f"{APP}a/page?x=1", cookie)
    now = time.time
    monkeypatch.setattr("nbyard.rest.access.time.time", lambda: now() + PASS_SECONDS + 1)
    assert ask(app, address, OPAQUE).status in (401, 403)
    fresh = opened(app, address, cookie)
    assert fresh != address and fresh.endswith("/a/page?x=1")
    assert ask(app, fresh, OPAQUE).status == 200
    form = ask(app, address, {"Origin": "null", **PAGE}, method="POST", body=b"x")
    assert form.status in (401, 403) and b"Try again" in form.content


def test_no_log_has_the_pass(app, cookie, caplog):
    home = opened(app, APP, cookie)
    text = home.removeprefix(APP).rstrip("/")
    app.app.log.propagate = True
    with caplog.at_level(logging.DEBUG):
        for path in (f"{home}login", f"{home}half/head", f"{OTHER}{text}/style.css", home):
            ask(app, path, OPAQUE | {"Referer": f"http://127.0.0.1{home}"})
        ask(app, f"{home}x", {"Origin": "http://evil.test"})
        assert ask(app, f"{home}unknown", OPAQUE, method="PROPFIND").status == 405
        ask(app, f"{home}a%FF.png", OPAQUE)
        last = ("half/head", "web/unknown", "web/a%FF.png")  # their lines come after the answers
        wait_until(lambda: all(path in caplog.text for path in last))
    assert text not in caplog.text


def test_a_refused_page_links_to_the_sign_in(app, cookie):
    for path, headers, status in (
        (f"{APP}a?b=<i>", PAGE, 401),
        (APP, {"Accept": "text/html"}, 401),
        ("/nbyard/deployments/none/web/", cookie | PAGE, 404),
    ):
        answer = ask(app, path, headers)
        text = answer.content.decode()
        assert (answer.status, answer.headers.get_content_type()) == (status, "text/html")
        assert (
            "<i>" not in text and "default-src 'none'" in answer.headers["Content-Security-Policy"]
        )
        assert ("Sign in" in text) is (status == 401)


def test_the_sign_in_returns_to_the_page(app, cookie, monkeypatch):
    """This holds if the server has no login page of its own, as with JupyterHub."""
    monkeypatch.setitem(app.app.web_app.settings, "login_url", "/hub/authorize?client=1")
    text = ask(app, f"{APP}a%2Fb?c=1&d", PAGE).content.decode()
    address = unescape(text.partition('href="')[2].partition('"')[0])
    answer = ask(app, address, PAGE)
    assert (answer.status, answer.headers["Location"]) == (302, "/hub/authorize?client=1")
    answer = ask(app, address, cookie | PAGE)
    assert (answer.status, answer.headers["Location"]) == (302, f"{APP}a%2Fb?c=1&d")


def test_the_authorizer_is_asked_about_the_user_who_opened_the_page(app, monkeypatch):
    """As that of JupyterHub, which reads the hub's own words on the user."""

    class HubUser(User):
        scopes = ("access:servers",)

    def is_authorized(handler: Any, user: Any, action: str, resource: str) -> bool:
        return "access:servers" in user.scopes

    monkeypatch.setattr(app.app.identity_provider, "get_user", lambda handler: HubUser("ann"))
    monkeypatch.setattr(app.app.authorizer, "is_authorized", is_authorized)
    home = opened(app, APP, {})
    assert ask(app, f"{home}style.css", OPAQUE).status == 200


def test_expired_and_surplus_passes_are_removed(monkeypatch):
    monkeypatch.setattr("nbyard.rest.access.MOST_PASSES", 3)
    passes, holders = Passes(), [Holder("ann", str(number)) for number in range(5)]
    issued = [passes.issue(holder) for holder in holders]
    assert [passes.holder(text) for text in issued] == [None, None, *holders[2:]]
    now = time.time()
    monkeypatch.setattr("nbyard.rest.access.time.time", lambda: now + PASS_SECONDS + 1)
    passes.issue(holders[0])
    assert len(passes.issued) == 1


def test_an_equal_holder_gets_its_pass_again_for_half_its_time(monkeypatch):
    passes, holder, now = Passes(), Holder("ann", "0123"), time.time()
    first = passes.issue(holder)
    assert passes.issue(holder) == first != passes.issue(Holder("bob", "0123"))
    monkeypatch.setattr("nbyard.rest.access.time.time", lambda: now + PASS_SECONDS / 2 + 1)
    assert passes.issue(holder) != first and passes.holder(first) == holder


def test_only_the_issuing_process_reads_a_pass():
    holder = Holder("ann", "0123")
    text = Passes().issue(holder)
    issuer = Passes()
    assert issuer.holder(issuer.issue(holder)) == holder
    assert issuer.holder(text) is None


def test_requests_of_one_user_do_not_use_up_those_of_another(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    budgets = RequestBudgets(per_minute=60)
    assert [budgets.wait_seconds("ann") for _ in range(60)] == [0.0] * 60
    assert budgets.wait_seconds("ann") == pytest.approx(1.0)
    assert budgets.wait_seconds("bob") == 0.0
    now[0] += 0.5
    assert budgets.wait_seconds("ann") == pytest.approx(0.5)
    now[0] += 0.5
    assert budgets.wait_seconds("ann") == 0.0
    now[0] += 3600
    assert [budgets.wait_seconds("ann") for _ in range(61)][59:] == [0.0, pytest.approx(1.0)]
    assert {RequestBudgets(0).wait_seconds("ann") for _ in range(3)} == {0.0}


def test_threads_never_get_more_than_the_budget(monkeypatch):
    """Uploads are authorised in threads of the pool, other requests in that of the loop."""

    class Yielding(dict):
        def pop(self, *args):
            known = super().pop(*args)
            os.sched_yield()  # to a thread that finds nothing known of the user
            return known

    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    budgets = RequestBudgets(per_minute=500)
    monkeypatch.setattr(budgets, "_left", Yielding())
    with ThreadPoolExecutor(8) as pool:
        waits = [*pool.map(lambda _: budgets.wait_seconds("ann"), range(4000))]
    assert waits.count(0.0) == 500


def test_budgets_of_many_users_need_limited_memory(monkeypatch):
    monkeypatch.setattr("nbyard.rest.access.MOST_USERS", 2)
    budgets = RequestBudgets(per_minute=1)
    for user in ("ann", "bob", "cid"):
        assert budgets.wait_seconds(user) == 0.0
    assert budgets.wait_seconds("cid") > 0.0
    assert budgets.wait_seconds("ann") == 0.0  # forgotten, as the oldest
