"""URLs of channels: what is refused, and that secrets are not shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.notices.channel_urls import (
    EXAMPLES,
    check_channel_url,
    masked_url,
    openlineage_target,
    secrets_of,
    without_secrets,
)
from nbyard.domain.parsing.urls import AllowedHosts
from nbyard.errors import Invalid

NONE = AllowedHosts()
LOCAL = AllowedHosts.parse(["127.0.0.1", "nas:8080"])


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "https://h.test/T/s3cr3t",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general",
        "mailtos://ann:secret@example.org?to=bob@example.org",
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    ],
)
def test_urls_of_services_are_accepted(url):
    check_channel_url(url, NONE)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "must be an https"),
        ("team", "must be an https"),
        ("http://h.test/", "must be encrypted (https://"),
        ("json://h.test/x", "must be encrypted (https://"),
        ("ntfy://ntfy.test/topic", "must be encrypted (https://"),
        ("http://127.0.0.1:1/", "resolves to"),
        ("https://localhost/x", "is a private host"),
        ("https://169.254.169.254/latest", "resolves to"),
        ("https://2130706433/", "must have its IPv4"),
        ("https://a:b@h.test/", "may not contain a"),
        ("json://127.0.0.1:8000/x", "resolves to"),
        ("jsons://localhost/x", "is a private host"),
        ("json://metadata.google.internal/", "is a private host"),
        ("syslog://", "// stays on the"),
        ("dbus://", "// stays on the"),
        ("fcm://project@key/device/?keyfile=/etc/passwd", "may not name a"),
        ("discord://1/2?Template=/etc/passwd", "may not name a"),
        ("slack://a b", "may not contain spaces"),
        ("mailto://a@h.test?to=x@y\r\nBcc: z@y", "may not contain spaces"),
        ("json://[::1", "is not a URL"),
        (f"slack://{'x' * 9000}", "may have at most"),
        ("openlineage+http://receiver.test/", "must be encrypted (https://"),
        ("openlineage+https://127.0.0.1/", "resolves to"),
        ("openlineage+ftp://receiver.test/", "must begin with one"),
        ("openlineage+https://", "has no host"),
        ("openlineage+https://k@localhost/", "is a private host"),
        ("openlineage+https://k%0D%0AHost:x@receiver.test/", "may have only visible"),
        ("openlineage+https://a b@receiver.test/", "may have only visible"),
        ("openlineage+https://kéy@receiver.test/", "may have only visible"),
    ],
)
def test_a_refusal_names_the_field_and_repeats_no_secret(url, why):
    with pytest.raises(Invalid) as caught:
        check_channel_url(url, NONE)
    detail = caught.value.details[0]
    assert detail.path == "url"
    assert why in detail.message


@pytest.mark.parametrize("text", ["me@example.org", "mailto:me@example.org", "team"])
def test_other_texts_get_examples(text):
    with pytest.raises(Invalid) as caught:
        check_channel_url(text, NONE)
    assert "me@" not in caught.value.message
    assert caught.value.hint == EXAMPLES


@pytest.mark.parametrize("url", ["https://127.0.0.1/x", "mailtos://a:b@localhost?to=c@h.test"])
def test_a_private_host_is_refused_with_the_setting_that_allows_it(url):
    with pytest.raises(Invalid) as caught:
        check_channel_url(url, NONE)
    assert "NBYARD_ALLOWED_PRIVATE_HOSTS=nas.local:8080" in caught.value.hint
    assert 'allowed_private_hosts = ["nas.local:8080"]' in caught.value.hint


def test_an_administrator_may_allow_private_hosts():
    for url in (
        "http://127.0.0.1:9000/x",
        "json://127.0.0.1:9000/x",
        "json://nas:8080/",
        "http://nas:8080/",
    ):
        check_channel_url(url, LOCAL)
    with pytest.raises(Invalid):
        check_channel_url("http://nas:8081/", LOCAL)


def test_only_scheme_and_host_of_a_webhook_are_shown():
    assert masked_url("https://h.test:8443/T/s3cr3t?x=y") == "https://h.test:8443/…"


@given(st.from_regex(r"[a-z0-9]{4,30}", fullmatch=True))
def test_parts_of_a_url_are_removed_from_texts(token):
    url = f"slack://{token}/xoxb-{token}?to={token}"
    assert without_secrets(f"({url}) ({token})", url) == "(***) (***)"
    assert token in secrets_of(url)


def test_the_host_of_a_webhook_stays_readable():
    url = "https://h.test/T/s3cr3t"
    assert without_secrets("h.test refused /T/s3cr3t", url) == "h.test refused /T/***"


KEYED = "openlineage+https://s3cr3t@receiver.test/api/v1/lineage?x=1"


def test_an_openlineage_url_is_a_web_url_with_a_key():
    check_channel_url(KEYED, NONE)
    assert openlineage_target(KEYED) == ("https://receiver.test/api/v1/lineage?x=1", "s3cr3t")
    assert openlineage_target("OpenLineage+http://:k@h:1") == ("http://h:1", "k")
    assert openlineage_target("openlineage+https://h/a@b") == ("https://h/a@b", "")
    # A key may have any visible character.
    assert openlineage_target("openlineage+https://a%2Fb%40c==@h/") == ("https://h/", "a/b@c==")
    assert without_secrets(f"refuses s3cr3t of {KEYED}", KEYED) == "refuses *** of ***"
