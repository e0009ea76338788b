"""A redirect of a service on this host stays below its own address."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.rest.proxy.forwarded_headers import own_location

PREFIX = "/nbyard/deployments/app/web/"
HERE = "jupyter.test:8888"


def sent(location: str, host: str = HERE) -> str | None:
    return own_location(location, f"{PREFIX}deep/page", PREFIX, host)


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/in", "in"), ("/api/sessions?a=/b#c", "api/sessions?a=/b#c"), ("in", "deep/in"),
        ("", "deep/page"), ("?a=1", "deep/page?a=1"), (f"{PREFIX}in", "in"), ("/", ""),
        (f"http://{HERE}/api", "api"), (f"https://{HERE}", ""), (f"//{HERE}/api?x", "api?x"),
        (f"http://{HERE.upper()}{PREFIX}in", "in"), (f"http://me:pw@{HERE}/api", "api"),
        ("../../../../../../api", "api"), (f"{PREFIX}../../../../api", "api"),
        (f"{PREFIX}%2E./.%2e/x/.", "nbyard/deployments/x/"), (f"{PREFIX}a/%2f..", "a/%2f.."),
        (f"\\\\{HERE}\\api", "api"), (f"/\t/{HERE}/api", "api"), (f" ///{HERE}//api", "/api"),
        (f"http:\\/{HERE}/api?\\", "api?\\"),
    ],
)  # fmt: skip
def test_redirects_to_this_host_stay_below_the_prefix(location, path):
    assert sent(location) == PREFIX + path


def test_its_own_root_may_lack_the_slash():
    assert sent(PREFIX.rstrip("/")) == PREFIX.rstrip("/")


@pytest.mark.parametrize(
    "location",
    ["http://else.test/", "//else.test/x", "https://jupyter.test:9999/", "mailto:me@else.test",
     "https://127.0.0.1:8888/", "vscode://x/y"],
)  # fmt: skip
def test_other_hosts_are_unchanged(location):
    assert sent(location) == location


@pytest.mark.parametrize(
    "location",
    ["http:/api", "http:api", "https:", "//", "http://jup%79ter.test:8888/", "http://2130706433/",
     "http://0x7f.1:8888/", "http://127.000.0.1/", "http://[::1/", "http://ｊupyter.test:8888/",
     "http://a b/"],
)  # fmt: skip
def test_ambiguous_redirects_are_refused(location):
    assert sent(location) is None


@pytest.mark.parametrize(
    ("location", "host"),
    [("http://h:80/a", "h"), ("https://h/a", "h:443"), ("http://[0:0::1]:88/a", "[::1]:88"),
     ("http://127.0.0.1:0088/a", "127.0.0.1:88")],
)  # fmt: skip
def test_one_host_has_many_spellings(location, host):
    assert sent(location, host) == f"{PREFIX}a"


@given(st.text("/\\.%2eEhtp:jupyter8ab\t?#", max_size=30))
def test_no_path_leaves_the_prefix(path):
    for location in (f"/a{path}", f"http://{HERE}/{path}", f"{PREFIX}{path}"):
        place = re.split("[?#]", str(sent(location)))[0]
        assert f"{place}/".startswith(PREFIX)
        assert not re.search(r"/(\.|%2e){1,2}(/|$)", place, re.IGNORECASE)
