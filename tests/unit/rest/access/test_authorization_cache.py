"""Which admissions are cached, and for whom they count."""

import pytest
from nbyard.rest.access.authorization_cache import MOST, Admission, Admissions, key_of
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from nbyard.domain.deployments.structs import Target

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
    monkeypatch.setattr("nbyard.rest.access.authorization_cache.time.monotonic", lambda: now[0])
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
