"""Which URLs may be fetched; nothing here touches the network."""

import json
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.parsing import urls
from nbyard.domain.parsing.urls import AllowedHosts
from nbyard.errors import Invalid

CASES = json.loads((Path(__file__).parents[3] / "cases" / "urls.json").read_text())
NOTHING = AllowedHosts()


@pytest.mark.parametrize(("text", "expected"), CASES["accepted"])
def test_public_urls_are_normalised(text: str, expected: str) -> None:
    target = urls.parse_url(text)
    urls.check_host(target, NOTHING)
    assert target.url == expected
    assert urls.parse_url(target.url) == target


@pytest.mark.parametrize(("text", "word"), CASES["refused"])
def test_refused_with_the_rule(text: str, word: str) -> None:
    with pytest.raises(Invalid, match="source: ") as caught:
        urls.parse_url(text, field="source")
    assert word in caught.value.message


@pytest.mark.parametrize(("text", "word"), CASES["private"])
def test_private_places(text: str, word: str) -> None:
    with pytest.raises(Invalid) as caught:
        urls.check_host(urls.parse_url(text), NOTHING)
    assert word in caught.value.message
    is_of_a_port = word == "another protocol"
    assert ("allowed_private_hosts = " in caught.value.hint) is not is_of_a_port


@pytest.mark.parametrize(
    "value", [None, 7, ["http://example.org"], "http://example.org/" + "a" * 9000]
)
def test_other_types_and_lengths(value: object) -> None:
    with pytest.raises(Invalid):
        urls.parse_url(value)


@pytest.mark.parametrize("text", CASES["keys"]["accepted"])
def test_object_stores(text: str) -> None:
    assert urls.parse_url(text, urls.OBJECT_STORES).url == text


@pytest.mark.parametrize("text", CASES["keys"]["refused"])
def test_object_stores_refused(text: str) -> None:
    with pytest.raises(Invalid):
        urls.parse_url(text, urls.OBJECT_STORES)


@pytest.mark.parametrize(
    ("entry", "url", "address"),
    [
        ("nas", "http://nas:8080/x", "10.1.2.3"),
        ("nas:8080", "http://nas:8080/x", "10.1.2.3"),
        ("NAS.local", "http://nas.local/x", "192.168.0.4"),
        ("10.1.0.0/16", "http://10.1.2.3/x", "10.1.2.3"),
        ("10.1.0.0/16", "http://files.internal/x", "10.1.2.3"),
        ("10.1.2.3", "http://10.1.2.3:9000/x", "10.1.2.3"),
        ("127.0.0.1:9000", "http://127.0.0.1:9000/x", "127.0.0.1"),
        ("[fd00::1]:80", "http://[fd00::1]/x", "fd00::1"),
        ("fd00::/8", "http://[fd12::1]/x", "fd12::1"),
        ("169.254.169.254", "http://169.254.169.254/x", "169.254.169.254"),
    ],
)
def test_allowed_hosts_are_accepted(entry: str, url: str, address: str) -> None:
    allowed = AllowedHosts.parse([entry])
    target = urls.parse_url(url)
    urls.check_host(target, allowed)
    assert urls.check_addresses(target, [address], allowed) == [address]


@pytest.mark.parametrize(
    ("entry", "url", "address"),
    [
        ("nas:8080", "http://nas:8081/x", "10.1.2.3"),
        ("nas", "http://nas.example.org/x", "10.1.2.3"),
        ("nas", "http://nas/x", "169.254.169.254"),
        ("10.1.0.0/16", "http://10.2.0.1/x", "10.2.0.1"),
        ("10.1.0.0/16", "http://files.example.org/x", "10.2.0.1"),
        ("169.254.0.0/16", "http://169.254.169.254/x", "169.254.169.254"),
        ("10.0.0.0/8", "http://metadata.google.internal/", "10.0.0.1"),
    ],
)
def test_other_hosts_stay_refused(entry: str, url: str, address: str) -> None:
    allowed = AllowedHosts.parse([entry])
    target = urls.parse_url(url)
    with pytest.raises(Invalid):
        urls.check_host(target, allowed)
        urls.check_addresses(target, [address], allowed)


def test_an_invalid_setting_is_reported() -> None:
    for entry in ("", "host:port", "a b"):
        with pytest.raises(Invalid, match="allowed hosts"):
            AllowedHosts.parse([entry])


def test_one_private_address_among_public_ones_refuses_all() -> None:
    target = urls.parse_url("http://example.org/")
    with pytest.raises(Invalid, match=r"127\.0\.0\.1, .* \(loopback\)"):
        urls.check_addresses(target, ["93.184.216.34", "127.0.0.1"], NOTHING)
    with pytest.raises(Invalid, match="no address"):
        urls.check_addresses(target, [], NOTHING)


@given(st.ip_addresses())
def test_no_private_address_passes(address: object) -> None:
    found = ip_address(str(address))
    found = getattr(found, "sixtofour", None) or found  # Pythons disagree on whether it is global
    if not urls.private_kind(found):
        assert found.is_global
        assert not found.is_private


@given(st.text(max_size=60))
def test_any_text_is_accepted_or_refused_with_a_reason(text: str) -> None:
    for candidate in (text, f"http://{text}", f"http://example.org/{text}", f"http://[{text}]/"):
        try:
            target = urls.parse_url(candidate)
        except Invalid:
            continue
        assert urls.parse_url(target.url) == target
        assert target.path.isascii()
