"""CloudEvents over HTTP: formats, refusals and lost connections."""

import json

import pytest

from nbyard.domain.notices.structs import Message
from nbyard.reasons.structs import because
from nbyard.testing.conformance.channels import http_receiver
from nbyard.transfer.notices import webhook
from nbyard.transfer.notices.webhook import WebhookKind

EVENT = {"specversion": "1.0", "id": "r:failed", "type": "nbyard.run.failed", "source": "/"}
ONE = Message("m1", "title", "body", [EVENT])
TWO = Message("m2", "title", "body", [EVENT, {**EVENT, "id": "q:failed"}])


@pytest.fixture
def receiver():
    with http_receiver() as made:
        yield made


def test_one_event_is_structured_and_several_are_a_batch(receiver):
    for message in (ONE, TWO):
        assert WebhookKind().send(f"{receiver.url}/T?x=1", "webhook", message).reason is None
    first, second = receiver.requests
    assert first.path == "/T?x=1" and first.json == EVENT
    assert first.headers["content-type"].startswith("application/cloudevents+json")
    assert second.headers["content-type"].startswith("application/cloudevents-batch+json")
    assert second.json == TWO.events
    assert [one.headers["idempotency-key"] for one in receiver.requests] == ["m1", "m2"]


@pytest.mark.parametrize("status", [302, 404, 429, 500])
def test_refusals_name_the_status_and_redirects_are_not_followed(receiver, status):
    receiver.answers = [status]
    receiver.headers = {"Retry-After": "9", "Location": f"{receiver.url}/other"}
    found = WebhookKind().send(receiver.url, "webhook", ONE)
    assert str(found.reason) == f"webhook answered {status}"
    assert found.retry_seconds == 9
    assert len(receiver.requests) == 1
    assert json.loads(receiver.requests[0].content) == EVENT


def test_a_hanging_receiver_is_too_late(receiver, monkeypatch):
    monkeypatch.setattr(webhook, "ANSWER_SECONDS", 0.2)
    receiver.answers = [0]
    found = WebhookKind().send(receiver.url, "webhook", ONE)
    assert found.reason == because("channel-too-late", service="webhook", seconds=15)
    assert not found.is_final


def test_a_lost_connection_is_tried_again(receiver):
    receiver.answers = [0]
    receiver.released.set()
    found = WebhookKind().send(receiver.url, "webhook", ONE)
    assert found.reason is not None and found.reason.code == "channel-unreachable"
    assert not found.is_final
    assert WebhookKind().send("http://127.0.0.1:9/", "webhook", ONE).reason is not None
