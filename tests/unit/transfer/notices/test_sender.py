"""The process that sends: its answers, its time limit, and that it reaches no private address."""

import time

import pytest

from nbyard.domain.notices.structs import Message, Receiver
from nbyard.errors import Invalid, Unavailable
from nbyard.reasons.structs import because
from nbyard.testing.conformance.channels import http_receiver
from nbyard.transfer.notices import sender
from nbyard.transfer.notices.sender import SendAnswer, describe_url, send_message

pytestmark = pytest.mark.slow

EVENT = {"specversion": "1.0", "id": "r:failed"}
MESSAGE = Message("m1", "title", "body", [EVENT])
LOCAL = ["127.0.0.1"]


@pytest.fixture
def receiver():
    with http_receiver() as made:
        yield made


def test_urls_are_described_without_secrets():
    found = describe_url("https://h.test/T/s3cr3t")
    assert (found.kind, found.address) == ("webhook", "https://h.test/…")
    with pytest.raises(Invalid) as caught:
        describe_url("nonsense://s3cr3t")
    assert caught.value.details[0].path == "url"
    assert "s3cr3t" not in caught.value.message


def test_a_refusal_says_how_to_continue(monkeypatch):
    with pytest.raises(Invalid) as caught:
        describe_url("mailtos://")
    assert "mailtos://USER:PASSWORD@" in caught.value.hint
    missing = because("channel-package-missing", kind="pigeon", package="birds")
    monkeypatch.setattr(sender, "_ask", lambda *_: SendAnswer(problem=missing))
    with pytest.raises(Invalid, match="the package birds") as caught:
        describe_url("slack://a/b/c")
    assert not caught.value.hint


def test_a_message_arrives(receiver):
    to = Receiver(f"{receiver.url}/T", "webhook", "webhook", LOCAL)
    assert send_message(to, MESSAGE).reason is None
    assert receiver.requests[0].json == EVENT


def test_private_addresses_are_refused_when_the_message_is_sent(receiver):
    for kind, url in (("webhook", receiver.url), ("apprise", f"json://127.0.0.1:{receiver.port}/")):
        found = send_message(Receiver(url, kind, "service"), MESSAGE)
        assert found.is_final
        assert found.reason is not None and found.reason.code == "channel-address-refused"
    assert receiver.requests == []


def test_a_hanging_server_is_left_after_the_time_limit(receiver):
    receiver.answers = [0]
    to = Receiver(receiver.url, "webhook", "webhook", LOCAL)
    begin = time.monotonic()
    found = send_message(to, MESSAGE, seconds=3)
    assert time.monotonic() - begin < 10
    assert found.reason is not None and found.reason.code == "channel-too-late"
    assert not found.is_final


def test_a_dispatcher_that_stops_does_not_wait(receiver):
    receiver.answers = [0]
    to = Receiver(receiver.url, "webhook", "webhook", LOCAL)
    begin = time.monotonic()
    found = send_message(to, MESSAGE, 60, stopping=lambda: bool(receiver.requests))
    assert time.monotonic() - begin < 20
    assert found.reason is not None and not found.is_final


def test_files_beside_the_user_are_not_imported(receiver, tmp_path, monkeypatch):
    (tmp_path / "requests.py").write_text("raise SystemExit(9)")
    (tmp_path / "apprise.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    assert describe_url("https://h.test/").kind == "webhook"
    to = Receiver(f"json://127.0.0.1:{receiver.port}/", "apprise", "JSON", LOCAL)
    assert send_message(to, MESSAGE).reason is None


def test_a_process_that_dies_is_a_failure_without_secrets(monkeypatch):
    monkeypatch.setattr(sender, "CHILD", "nbyard.no_such_module")
    found = send_message(Receiver("slack://a/b/s3cr3t", "apprise", "Slack"), MESSAGE)
    assert found.reason is not None and found.reason.code == "sender-ended"
    assert not found.is_final
    with pytest.raises(Unavailable):
        describe_url("https://h.test/")
