"""Receivers that fail, hang, recover or answer 429 never touch a run; an event is
reported at least once, with the same ID."""

from collections.abc import Iterator

import pytest

from nbyard.domain.notices.structs import Channel, DigestLimit, NewChannel, NoticeRule
from nbyard.testing.conformance.channels import HttpReceiver, http_receiver

from .place import Place, until

# Unit tests tell the stories of both databases; only --full kills on PostgreSQL, too.
DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)]
BOTH = pytest.mark.parametrize("database_url", DATABASES, indirect=True)


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    with http_receiver() as made:
        yield made


def channel(place: Place, receiver: HttpReceiver, name: str = "team") -> Channel:
    """Create a channel that reports the ends of runs to the receiver."""
    place.yard.settings.allowed_private_hosts = ["127.0.0.1"]
    rules = [NoticeRule(["succeeded", "failed"])]
    body = NewChannel(name, f"{receiver.url}/{name}", rules, DigestLimit(10, 10))
    return place.yard.services.channels.create(place.caller, body)


def outcomes(place: Place, name: str = "team") -> list[str]:
    found = place.yard.services.channels.notices(place.caller, name, limit=500).items
    return [notice.outcome for notice in found]


def ids(receiver: HttpReceiver, path: str = "/team") -> list[str]:
    """Return the IDs of all received events, in order."""
    found = [one.json for one in receiver.requests if one.path == path]
    events = [event for one in found for event in (one if isinstance(one, list) else [one])]
    return [event["id"] for event in events]


@BOTH
def test_dispatcher_dies_after_it_sent_a_message(place: Place, receiver: HttpReceiver) -> None:
    """The message was sent but not recorded; the next dispatcher repeats it with the same ID."""
    channel(place, receiver)
    run = place.submit(place.flow({"a": []}))
    place.dispatcher_dies("notice-sent")
    assert ids(receiver) == [f"{run}:succeeded"]
    assert outcomes(place) == ["waiting"]
    place.dispatcher()
    until(lambda: outcomes(place) == ["sent"], "the message")
    assert ids(receiver) == [f"{run}:succeeded"] * 2
    place.settle()


def test_hanging_or_failing_receiver_delays_no_run(place: Place, receiver: HttpReceiver) -> None:
    channel(place, receiver)
    with http_receiver() as healthy:
        channel(place, healthy, "healthy")
        receiver.answers = [0]  # until the receiver is closed
        flow = place.flow({"a": []})
        place.dispatcher()
        runs = [place.submit(flow, force=True) for _ in range(3)]
        until(place.all_ended, "the end of all runs")
        until(lambda: len(ids(healthy, "/healthy")) == 3, "the messages of the other channel")
        assert set(place.states().values()) == {"succeeded"}
        assert sorted(ids(healthy, "/healthy")) == sorted(f"{run}:succeeded" for run in runs)
        assert outcomes(place) == ["waiting"] * 3
        receiver.released.set()
        until(lambda: outcomes(place) == ["sent"] * 3, "the messages after the recovery")
    place.settle()


@pytest.mark.long
def test_429_delays_the_retry_and_404_is_final(place: Place, receiver: HttpReceiver) -> None:
    made = channel(place, receiver)
    receiver.answers, receiver.headers = [429], {"Retry-After": "1"}
    place.dispatcher()
    place.submit(place.flow({"a": []}))
    until(lambda: outcomes(place) == ["sent"], "the second attempt")
    assert len(receiver.requests) == 2
    receiver.answers = [404]
    place.submit(place.flow({"a": []}), force=True)
    until(lambda: outcomes(place) == ["failed", "sent"], "the failure")
    shown = place.yard.services.channels.get(place.caller, made.id)
    assert str(shown.error) == "webhook answered 404"
    assert shown.counts.failed == 1
    place.settle()
