"""The process that sends, called directly: a missing package, and no message."""

import pytest

from nbyard.domain.notices.structs import ChannelAddress, Message
from nbyard.reasons.structs import because
from nbyard.transfer.notices import apprise_channels, child
from nbyard.transfer.notices.protocol import channel_kinds
from nbyard.transfer.notices.sender import SendAnswer, SendRequest

MESSAGE = Message("m1", "title", "body", [{"id": "e"}])
MISSING = because("channel-package-missing", kind="apprise", package="apprise")


@pytest.fixture
def without_apprise(monkeypatch):
    def missing(*args):
        raise ImportError("No module named 'apprise'", name="apprise")

    monkeypatch.setattr(apprise_channels.AppriseKind, "describe", missing)
    monkeypatch.setattr(apprise_channels.AppriseKind, "send", missing)


def test_webhooks_need_no_apprise(without_apprise):
    found = child.describe("https://h.test/T/s3cr3t").address
    assert found is not None and found.kind == "webhook"
    assert child.describe("slack://a/b/c") == SendAnswer(problem=MISSING)


@pytest.mark.parametrize(
    ("url", "code"),
    [("pigeon://a", "channel-package-missing"), ("mailtos://", "unknown-channel-url")],
)
def test_a_package_is_named_only_if_the_url_may_need_it(monkeypatch, url, code):
    class Pigeon:
        name, rank = "pigeon", 10

        def describe(self, url):
            raise ImportError("No module named 'birds'", name="birds")

    monkeypatch.setattr(child, "channel_kinds", lambda: [Pigeon(), *channel_kinds()])
    problem = child.describe(url).problem
    assert problem is not None and problem.code == code


def test_lineage_needs_no_apprise_and_hides_its_key(without_apprise):
    url = "openlineage+http://k3y@127.0.0.1:9/api/v1/lineage"
    found = child.describe(url).address
    assert found == ChannelAddress("openlineage", "OpenLineage", "http://127.0.0.1:9/…")
    request = SendRequest(url, "openlineage", service="OpenLineage", message=MESSAGE)
    reason = child.deliver(request).reason
    assert reason is not None and reason.code == "channel-unreachable" and "k3y" not in str(reason)


def test_without_apprise_a_delivery_fails_at_once(without_apprise):
    found = child.deliver(SendRequest("slack://a/b/c", "apprise", service="Slack", message=MESSAGE))
    assert found.is_final
    assert found.reason is not None and found.reason == MISSING


def test_requests_hide_their_url():
    assert "s3cr3t" not in repr(SendRequest("slack://s3cr3t", service="Slack"))
    with pytest.raises(TypeError):
        child.deliver(SendRequest("slack://a"))
