"""Messages of webhooks: accepted once, at a limited rate, with values for the run."""

from datetime import UTC, datetime, timedelta

import pytest

from nbyard.domain.automations.structs import Fire
from nbyard.domain.automations.webhooks import Message, signature_of
from nbyard.errors import Conflict, Forbidden, Invalid, TooOften
from nbyard.host import clock
from nbyard.services.automations.deliveries import MOST_REFUSED, event_key


@pytest.fixture
def moment(monkeypatch):
    """The time of the machine, as the test sets it."""
    now = [datetime(2026, 11, 26, tzinfo=UTC)]
    monkeypatch.setattr(clock, "now", lambda: now[0])
    return now


@pytest.fixture
def send(automations, moment):
    """Sends a message as it would be signed now."""

    def deliver(made, message_id, body=b"{}"):
        sent = str(int(moment[0].timestamp()))
        signature = signature_of(made.secret, message_id, sent, body)
        return automations.service.deliver(
            made.id, Message(message_id, sent, signature, body), "10.0.0.1"
        )

    return deliver


def test_a_message_becomes_a_firing_with_its_values(automations, ann, yard, send):
    run = {"parameters": {"source": "train.py"}}
    values = {"times": "body.items.0.count"}
    made = automations.create({"kind": "webhook"}, "tool.py", values_from=values, run=run)
    delivery = send(made, "m1", b'{"items": [{"count": 3}]}')
    with yard.store.read() as c:
        (row,) = yard.store.firings.waiting_of(c, made.id, 2)
    assert row.firing.id == delivery.id and row.given == Fire({"times": 3})
    assert row.firing.cause.webhook_id == "m1"
    assert row.firing.cause.sent_at == datetime(2026, 11, 26, tzinfo=UTC)
    for number, body in enumerate((b"{}", b"[]", b"", b'{"items": {}}')):
        with pytest.raises(Invalid):
            send(made, f"bad {number}".replace(" ", ""), body)
    assert automations.service.get(ann, made.id).counts.failed == 4


def test_the_rate_counts_the_last_minute(automations, send, moment):
    made = automations.create({"kind": "webhook", "most_per_minute": 2})
    send(made, "m1")
    moment[0] += timedelta(seconds=20)
    send(made, "m2")
    with pytest.raises(TooOften) as refused:
        send(made, "m3")
    assert refused.value.retry_after == 40
    moment[0] += timedelta(seconds=40)
    send(made, "m3")
    with pytest.raises(TooOften) as refused:
        send(made, "m4")
    assert refused.value.retry_after == 20


def test_a_repeated_message_is_refused_before_the_rate(automations, send, moment):
    made = automations.create({"kind": "webhook", "most_per_minute": 1})
    send(made, "m1")
    with pytest.raises(Conflict):
        send(made, "m1")
    moment[0] += timedelta(minutes=4)
    with pytest.raises(Conflict):
        send(made, "m1")


def test_a_simultaneous_change_counts(automations, ann, yard, send, monkeypatch):
    """The secret is replaced after the signature was checked."""
    made = automations.create({"kind": "webhook"})
    find = yard.store.automation_secrets.secret

    def rotate_first(row):
        monkeypatch.setattr(yard.store.automation_secrets, "secret", find)
        found = find(row)
        automations.service.rotate(ann, made.id)
        return found

    monkeypatch.setattr(yard.store.automation_secrets, "secret", rotate_first)
    with pytest.raises(Forbidden):
        send(made, "m1")
    assert automations.service.firings(ann, made.id).items == []


def test_keys_of_messages_are_short():
    assert len(event_key("x" * 200)) < 80 and event_key("a") != event_key("b")


def test_refused_messages_are_limited_for_each_sender(automations, send, moment):
    made = automations.create({"kind": "webhook"})
    wrong = Message("m", str(int(moment[0].timestamp())), "v1,AAAA", b"{}")

    def refused(sender, automation_id=made.id):
        with pytest.raises((Forbidden, TooOften)) as caught:
            automations.service.deliver(automation_id, wrong, sender)
        return caught.value

    errors = [refused("10.0.0.2") for _ in range(MOST_REFUSED + 1)]
    assert [type(error) for error in errors[:-1]] == [Forbidden] * MOST_REFUSED
    assert isinstance(errors[-1], TooOften) and errors[-1].retry_after == 60
    assert isinstance(refused("10.0.0.3"), Forbidden)
    assert send(made, "m1").id, "another sender is not locked out"
    unknown = [refused("10.0.0.2", "unknown") for _ in range(MOST_REFUSED + 1)]
    assert isinstance(unknown[-1], TooOften)
    moment[0] += timedelta(seconds=61)
    assert isinstance(refused("10.0.0.2"), Forbidden)
