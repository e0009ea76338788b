"""Headers that pass the proxy."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tornado.httputil import HTTPHeaders

from nbyard.rest.proxy.forwarded_headers import (
    has_plain_length,
    is_upgrade,
    request_headers,
    request_query,
    response_headers,
)

PREFIX = "/nbyard/deployments/app/web/"
LOGIN = "username-host-8888"
values = st.text("abcXYZ019|:_-.", max_size=12)
names = st.sampled_from([LOGIN, "_xsrf", "username-other-1", "jupyterhub-user", "service-x", "own"])


def told(headers: dict[str, str], is_trusted: bool = False) -> HTTPHeaders:
    return request_headers(HTTPHeaders(headers), PREFIX, is_trusted=is_trusted, login_cookie=LOGIN)


def back(headers: list[tuple[str, str]], is_trusted: bool = False) -> HTTPHeaders:
    given = HTTPHeaders()
    for name, value in headers:
        given.add(name, value)
    request = {"path": f"{PREFIX}page", "host": "here.test", "login_cookie": LOGIN}
    return response_headers(given, PREFIX, is_trusted=is_trusted, **request)


@given(names, values)
def test_cookies_of_jupyter_are_removed_and_those_of_the_service_kept(name, value):
    sent = told({"Cookie": f"{name}={value}"}).get("Cookie", "")
    if name == "own":
        assert sent == f"own={value}"
    elif not value.startswith("nby."):
        assert sent == ""
    lines = back([("Set-Cookie", f"{name}={value}; Path=/")]).get_list("Set-Cookie")
    if name.startswith(("jupyterhub", "service")):
        assert lines == []
        return
    pair, path = lines[0].split("; ")
    assert path == f"Path={PREFIX}"
    assert told({"Cookie": pair})["Cookie"] == f"{name}={value}"


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        ("a=b; Domain =here.test", "a=b"), ("a=b;\tdomain\t=\tx ; HttpOnly", "a=b; HttpOnly"),
        ("a=b; Path =/ ; path=/x; Secure", "a=b; Secure"),
        ("a=b; Unheard=1; Max-Age=1", "a=b; Max-Age=1"),
        ("_xsrf =b", "_xsrf=nby.b"), (f"{LOGIN}\t=b", f"{LOGIN}=nby.b"), ("a = b", "a=b"),
        ("jupyterhub-x =b", None), ("=_xsrf=b", None), (f"; {LOGIN}=b", None), ("", None),
    ],
)  # fmt: skip
def test_odd_spellings_do_not_widen_a_cookie(line, sent):
    assert back([("Set-Cookie", line)]).get("Set-Cookie") == (sent and f"{sent}; Path={PREFIX}")


def test_a_cookie_may_be_narrower_and_its_last_path_counts():
    below = f"a=b; Path=/; path = {PREFIX}deep"
    assert back([("Set-Cookie", below)])["Set-Cookie"] == f"a=b; Path={PREFIX}deep"
    above = f"a=b; Path={PREFIX}deep; path=/"
    assert back([("Set-Cookie", above)])["Set-Cookie"] == f"a=b; Path={PREFIX}"


@pytest.mark.parametrize(
    ("given", "sent"),
    [("Basic abc", "Basic abc"), ("token abc", None), ("Bearer abc", None), ("bearer x", None)],
)
def test_tokens_are_removed_and_passwords_reach_only_trusted_ides(given, sent):
    assert told({"Authorization": given}, is_trusted=True).get("Authorization") == sent
    assert "Authorization" not in told({"Authorization": given})


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("", ""), ("a=1&b=%26&c", "a=1&b=%26&c"), ("token=x&a=1", "a=1"), ("%74oken=x", ""),
        ("_xsrf=2|outer&a=1", "a=1"), ("_xsrf=nby.2%7Cinner", "_xsrf=2%7Cinner"),
        ("_xsrf=nby%2E2|%26", "_xsrf=2%7C%26"), ("%5fxsrf=n%62y.", ""),
    ],
)  # fmt: skip
def test_only_parameters_of_jupyter_are_removed_from_queries(query, sent):
    assert request_query(query, HTTPHeaders()) == sent


@pytest.mark.parametrize(
    ("location", "is_trusted", "sent"),
    [("http://here.test/in", False, f"{PREFIX}in"), ("in", False, f"{PREFIX}in"),
     ("http:/api", False, None), ("http://else.test/", False, None),
     ("http://else.test/", True, "http://else.test/")],
)  # fmt: skip
def test_only_a_trusted_ide_may_redirect_elsewhere(location, is_trusted, sent):
    assert back([("Location", location)], is_trusted).get("Location") == sent


def test_headers_named_by_connection_are_removed():
    """Source: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1"""
    assert "X-Mine" not in told({"Connection": "close, X-Mine", "X-Mine": "1"})
    found = back([("Connection", "x-mine"), ("Connection", "etag"), ("X-Mine", "1"), ("ETag", "e")])
    assert not {"X-Mine", "ETag"} & {*found}


@pytest.mark.parametrize("is_trusted", [False, True])
def test_a_service_sets_headers_for_its_own_address_only(is_trusted):
    refused = [
        "NEL", "Report-To", "Reporting-Endpoints", "Alt-Svc", "Accept-CH", "Critical-CH",
        "Clear-Site-Data", "Service-Worker-Allowed", "Strict-Transport-Security", "Set-Login",
        "Public-Key-Pins", "Origin-Agent-Cluster", "Access-Control-Allow-Origin", "Expect-CT",
        "Use-As-Dictionary", "Refresh", "X-Accel-Redirect", "X-Sendfile", "Connection",
    ]  # fmt: skip
    if is_trusted:
        refused.remove("Service-Worker-Allowed")  # it is cut: see below
    kept = [
        "Content-Type", "Content-Length", "Content-Disposition", "Cache-Control", "ETag", "Vary",
        "Last-Modified", "Retry-After", "X-Request-Id", "Sec-WebSocket-Accept", "Content-Encoding",
    ]  # fmt: skip
    told = back([(name, "1") for name in refused + kept], is_trusted)
    assert {name.lower() for name in told} == {name.lower() for name in kept} | {
        "content-security-policy"
    }


def test_only_a_trusted_ide_may_request_a_login():
    asked = [("WWW-Authenticate", "Basic")]
    assert "WWW-Authenticate" in back(asked, is_trusted=True)
    assert "WWW-Authenticate" not in back(asked)


@pytest.mark.parametrize("scope", ["/", PREFIX, f"{PREFIX}deep/", "https://else.test/", "../../"])
def test_a_service_worker_reaches_no_further_than_its_own_address(scope):
    """Of an IDE that is trusted; others have none."""
    asked = [("Service-Worker-Allowed", scope), ("Service-Worker-Allowed", "/")]
    assert back(asked, is_trusted=True).get_list("Service-Worker-Allowed") == [PREFIX]
    assert "Service-Worker-Allowed" not in back(asked)
    assert "Service-Worker-Allowed" not in back([("Content-Type", "text/html")], is_trusted=True)


def test_hop_headers_are_removed_except_upgrades():
    sent = told({"Connection": "keep-alive", "Transfer-Encoding": "chunked", "TE": "x", "A": "b"})
    assert dict(sent.get_all()) == {
        "A": "b", "X-Forwarded-Prefix": PREFIX.rstrip("/"), "Connection": "close"
    }  # fmt: skip
    wish = {"Upgrade": "WebSocket", "Sec-WebSocket-Key": "k"}
    assert is_upgrade(HTTPHeaders(wish))
    assert told(wish)["Connection"] == "Upgrade" and told(wish)["Sec-WebSocket-Key"] == "k"
    assert told({"X-XSRFToken": "nby.2|a"})["X-XSRFToken"] == "2|a"


@pytest.mark.parametrize(
    ("shown", "cookies", "sent"),
    [
        ("2|outer", "_xsrf=nby.2|inner; _xsrf=2|outer", "2|inner"),  # what JupyterLab's pages show
        ("2|outer", "_xsrf=2|outer; _xsrf=nby.2|inner", "2|inner"),
        ("nby.2|inner", "_xsrf=nby.2|inner; _xsrf=2|outer", "2|inner"),
        ("2|guessed", "_xsrf=nby.2|inner; _xsrf=2|outer", ""),
        ("2|inner", "_xsrf=nby.2|inner; _xsrf=2|outer", ""),
        ("2|outer", "_xsrf=2|outer", ""),
        ("", "_xsrf=nby.2|inner; _xsrf=", ""),
    ],
)
def test_a_page_gets_its_own_xsrf_value(shown, cookies, sent):
    """The value must come with the cookie that it repeats."""
    headers = {"X-XSRFToken": shown, "Cookie": cookies}
    assert told(headers).get("X-XSRFToken", "") == sent
    query = request_query(f"a=1&_xsrf={quote(shown, safe='')}", HTTPHeaders(headers))
    assert query == "&".join(filter(None, ["a=1", sent and f"_xsrf={quote(sent, safe='')}"]))


@pytest.mark.parametrize("secret", ["", "own"])
def test_only_the_service_s_own_secret_is_forwarded(secret):
    given = HTTPHeaders({"X-NBYARD-secret": "browser's", "Connection": "X-Nbyard-Secret"})
    sent = request_headers(given, PREFIX, is_trusted=True, login_cookie=LOGIN, secret=secret)
    assert sent.get_list("X-Nbyard-Secret") == ([secret] if secret else [])


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "0"}, {"Content-Length": "12"}])
def test_one_or_no_content_length_passes(headers):
    assert has_plain_length(HTTPHeaders(headers))


@pytest.mark.parametrize(
    "lengths", [["+4"], ["-1"], ["4", "5"], ["4", "4"], ["4,5"], ["0x4"], [""], ["9" * 19]]
)
def test_other_content_lengths_are_refused(lengths):
    headers = HTTPHeaders()
    for each in lengths:
        headers.add("Content-Length", each)
    assert not has_plain_length(headers)
