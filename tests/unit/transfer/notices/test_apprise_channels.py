"""Apprise: real payloads of Slack, Discord, Teams and e-mail, and what their servers answer."""

import re
import time
from typing import Any

import pytest

from nbyard.domain.notices.structs import Message
from nbyard.reasons.structs import because
from nbyard.testing.conformance.channels import http_receiver
from nbyard.transfer.notices import apprise_channels
from nbyard.transfer.notices.apprise_channels import AppriseKind

from .mail_receiver import mail_receiver

pytestmark = pytest.mark.leaves_running  # Apprise keeps a thread
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
DISCORD = "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"
TEAMS = (
    "https://prod-161.westeurope.logic.azure.com:443/workflows/643e69f83c8944438d68119179a10a64"
    "/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0"
    "&sig=KODuebWbDGYFr0z0eu-6Rj8aUKz7108W3wrNJZxFE5A"
)
MESSAGE = Message("m1", "“report” failed", "Run 42 failed\nEvent r:failed", is_failure=True)


@pytest.fixture
def receiver(monkeypatch):
    from apprise.plugins.discord import NotifyDiscord
    from apprise.plugins.slack import NotifySlack

    with http_receiver() as made:
        monkeypatch.setattr(NotifySlack, "webhook_url", f"{made.url}/slack")
        monkeypatch.setattr(NotifyDiscord, "notify_url", f"{made.url}/discord")
        yield made


@pytest.mark.parametrize(("url", "service"), [(SLACK, "Slack"), (DISCORD, "Discord")])
def test_services_are_described_without_their_tokens(url, service):
    found = AppriseKind().describe(url)
    assert found is not None and (found.kind, found.service) == ("apprise", service)
    token = url.rpartition("/")[2]
    assert token not in found.address and "?" not in found.address


def test_native_urls_and_unknown_ones():
    native = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    found = AppriseKind().describe(native)
    assert found is not None and found.service == "Slack"
    for url in ("https://h.test/T/s3cr3t", "nonsense://a", "slack://"):
        assert AppriseKind().describe(url) is None


def test_the_path_of_generic_urls_is_not_shown():
    found = AppriseKind().describe("jsons://h.test/s3cr3t?-token=s3cr3t")
    assert found is not None and found.address == "jsons://h.test/…"


def test_slack_gets_its_payload(receiver):
    assert AppriseKind().send(SLACK, "Slack", MESSAGE).reason is None
    (request,) = receiver.requests
    assert request.path == "/slack/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    (attachment,) = request.json["attachments"]
    assert attachment["title"] == MESSAGE.title
    assert "Event r:failed" in attachment["text"] and "\n" in attachment["text"]


def test_slack_reads_no_markup_in_names(receiver):
    message = Message("m1", "title", "<!channel> & <https://evil.test|click>")
    assert AppriseKind().send(SLACK, "Slack", message).reason is None
    (attachment,) = receiver.requests[0].json["attachments"]
    assert attachment["text"] == "&lt;!channel&gt; &amp; &lt;https://evil.test|click&gt;"


def test_discord_gets_its_payload(receiver):
    assert AppriseKind().send(DISCORD, "Discord", MESSAGE).reason is None
    (request,) = receiver.requests
    assert request.path.startswith("/discord/4174216298/")
    assert "Run 42 failed" in request.json["content"]


def test_teams_gets_a_card(receiver, monkeypatch):
    import requests

    found = AppriseKind().describe(TEAMS)
    assert found is not None and "MSTeams" in found.service and "KODueb" not in found.address
    post, urls = requests.post, []

    def to_receiver(url: str, **given: Any) -> Any:
        urls.append(url)
        return post(f"{receiver.url}/teams", **given)

    monkeypatch.setattr(requests, "post", to_receiver)
    assert AppriseKind().send(TEAMS, "Teams", MESSAGE).reason is None
    assert urls[0].startswith("https://prod-161.westeurope.logic.azure.com:443/workflows/643e")
    ((request,), text) = receiver.requests, str(receiver.requests[0].json)
    assert "sig=KODueb" in request.path and "AdaptiveCard" in text
    assert MESSAGE.title in text and "Run 42 failed" in text
    receiver.answers = [429]
    assert str(AppriseKind().send(TEAMS, "Teams", MESSAGE).reason) == "Teams answered 429"


@pytest.mark.parametrize("url", [SLACK, DISCORD])
@pytest.mark.parametrize(("status", "is_final"), [(429, False), (500, False), (403, True)])
def test_refusals_are_reported_at_once(receiver, url, status, is_final):
    receiver.answers = [status]
    receiver.headers = {"Retry-After": "30", "X-RateLimit-Reset": "99999999999"}
    found = AppriseKind().send(url, "service", MESSAGE)
    assert str(found.reason) == f"service answered {status}"
    assert (found.is_final, found.retry_seconds) == (is_final, 30)


@pytest.mark.parametrize("url", [SLACK, DISCORD])
def test_all_services_have_the_same_time_to_answer(receiver, monkeypatch, url):
    """Apprise's own limit of 4 s would send a message again that a slow service accepted."""
    monkeypatch.setattr(apprise_channels, "ANSWER_SECONDS", 0.2)
    receiver.answers = [0]
    begin = time.monotonic()
    found = AppriseKind().send(url, "service", MESSAGE)
    assert found.reason == because("channel-too-late", service="service", seconds=15)
    assert not found.is_final and time.monotonic() - begin < 3


def test_an_unreachable_server_is_named(receiver):
    receiver.answers = [0]
    receiver.released.set()
    found = AppriseKind().send(SLACK, "Slack", MESSAGE)
    assert found.reason is not None and found.reason.code == "channel-unreachable"


def test_mail_arrives_with_one_subject():
    with mail_receiver() as mail:
        url = f"mailto://127.0.0.1:{mail.port}/?from=ann@example.org&to=bob@example.org"
        message = Message("m1", "“a” failed", "Run 1 failed\n  in <module>\nEvent r:failed")
        assert AppriseKind().send(url, "E-Mail", message).reason is None
        (text,) = mail.mails
        assert mail.recipients == ["bob@example.org"]
        assert len(re.findall(r"(?m)^Subject:", text)) == 1
        # As plain text: lines stay lines, and a log cannot contain HTML.
        assert "Content-Type: text/plain" in text and "text/html" not in text
        assert "Run 1 failed\r\n  in <module>\r\nEvent r:failed" in text


@pytest.mark.parametrize(("reply", "is_final"), [("451 later", False), ("550 no", True)])
def test_a_mail_server_may_refuse(reply, is_final):
    with mail_receiver() as mail:
        mail.answers = [reply]
        url = f"mailto://127.0.0.1:{mail.port}/?from=ann@example.org&to=bob@example.org"
        found = AppriseKind().send(url, "E-Mail", MESSAGE)
        code, _, words = reply.partition(" ")
        assert str(found.reason) == f"E-Mail answered {code}: {words}"
        assert found.is_final is is_final
