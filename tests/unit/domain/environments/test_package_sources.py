"""Allowed package sources, compared by the components of their addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.environments.package_sources import NO_SOURCES, AllowedSources, place_of
from nbyard.errors import Invalid

ALLOWED = AllowedSources.parse(
    ["https://packages.test/team/", "http://h.test:8080", "file:///srv/wheels"]
)


@pytest.mark.parametrize(
    ("address", "as_is"),
    [
        ("https://packages.test/team", "https://packages.test/team"),
        ("https://packages.test/team/simple/", "https://packages.test/team/simple"),
        ("HTTPS://Packages.TEST:443/team/x", "https://packages.test/team/x"),
        ("http://h.test:8080/any/thing", "http://h.test:8080/any/thing"),
        ("file:///srv/wheels/cow-1.0-py3-none-any.whl", None),
        ("https://packages.test/team/cow-1.0%2Bcpu-py3-none-any.whl", None),
    ],
)
def test_addresses_below_an_allowed_one_are_accepted(address, as_is):
    assert ALLOWED.admit(address).address == (as_is or address)


@pytest.mark.parametrize(
    "address",
    [
        "https://packages.test",
        "https://packages.test/teammates/simple",
        "https://packages.test/other",
        "http://packages.test/team",
        "https://packages.test:444/team",
        "https://packages.test.evil.test/team",
        "https://evil.test/packages.test/team",
        "http://h.test/x",
        "file:///srv/wheelsx/a.whl",
        "file:///etc/a.whl",
    ],
)
def test_others_are_refused_with_the_name_of_the_setting(address):
    with pytest.raises(ValueError, match=r"not allowed: .* allowed_package_sources"):
        ALLOWED.admit(address)
    with pytest.raises(ValueError, match="allowed_package_sources"):
        NO_SOURCES.admit(address)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("https://packages.test/team/../other", r"\.\."),
        ("https://packages.test/team/%2e%2e/other", r"\.\."),
        ("https://packages.test/team/%252e%252e/other", "encoded forms of them"),
        ("https://packages.test/team/..%2fother", "encoded forms of them"),
        ("https://packages.test/team//x", "//"),
        ("https://packages.test/team/${HOME}", "variables"),
        ("https://packages.test/team/x?next=https://evil.test", "neither"),
        ("https://packages.test/team/x#egg=y", "neither"),
        ("https://packages.test/team#", "neither"),
        ("https://packages.test@evil.test/team", "name or password"),
        ("https://ann:s3cr3t@packages.test/team", "netrc"),
        ("https://packages.test\\@evil.test/team", "backslashes"),
        ("https://packages.test/team/ x", "spaces"),
        ("https://packages.test/team/%00x", "control"),
        ("git+https://packages.test/team", "must begin"),
        ("ftp://packages.test/team", "must begin"),
        ("/srv/wheels", "must begin"),
        ("", "must be a URL"),
        ("file://evil.test/srv/wheels", "file:///"),
        ("file:srv/wheels", "file:///"),
        ("file:///srv/wheels/../../etc", r"\.\."),
    ],
)
def test_addresses_that_may_lead_elsewhere_are_refused(address, why):
    with pytest.raises(ValueError, match=why) as refused:
        ALLOWED.admit(address)
    assert "s3cr3t" not in str(refused.value)


def test_an_invalid_setting_is_reported():
    with pytest.raises(Invalid, match="allowed_package_sources"):
        AllowedSources.parse(["packages.test"])
    with pytest.raises(Invalid, match="name or password"):
        AllowedSources.parse(["https://ann:x@packages.test"])


@given(st.text() | st.text(alphabet="ftehps:/.@%2e5c\\#?a"))
def test_any_text_is_normalised_or_refused(text):
    try:
        found = place_of(text)
    except ValueError:
        return
    assert place_of(found.address) == found
    assert ".." not in found.parts
