"""Kinds of channels come from entry points, ours as a stranger's would."""

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints
from types import ModuleType
from typing import Any

import pytest

from nbyard.domain.notices.structs import ChannelAddress, Delivery, Message
from nbyard.host import entry_points
from nbyard.reasons.structs import because
from nbyard.transfer.notices import child, protocol
from nbyard.transfer.notices.sender import SendAnswer, SendRequest

MESSAGE = Message("m1", "title", "body", [{"id": "e"}])


class Pigeons:
    """Knows pigeon:// and, before nbyard, one web address."""

    name, rank = "pigeon", 10

    def describe(self, url: str) -> ChannelAddress | None:
        if url.startswith(("pigeon://", "https://pigeons.test/")):
            return ChannelAddress(self.name, "Pigeons", "pigeon://…")
        return None

    def send(self, url: str, service: str, message: Message) -> Delivery:
        if "far" in url:
            raise ImportError(name="wings")
        return Delivery()


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    module: Any = ModuleType("theirs")
    module.Pigeons = Pigeons
    monkeypatch.setitem(sys.modules, "theirs", module)
    own = "nbyard.transfer.notices.webhook:WebhookKind"
    points = [
        EntryPoint("webhook", own, protocol.GROUP),
        EntryPoint("pigeon", "theirs:Pigeons", protocol.GROUP),
    ]
    forget()
    monkeypatch.setattr(entry_points, "installed", lambda: EntryPoints(points))
    yield
    forget()


def forget() -> None:
    entry_points.entry_points_of.cache_clear()
    entry_points.load_entry_point.cache_clear()


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("pigeon://roof", "pigeon"),
        ("https://pigeons.test/roof", "pigeon"),
        ("https://h.test/x", "webhook"),
    ],
)
def test_the_first_kind_that_knows_a_url_gets_it(url: str, kind: str) -> None:
    found = child.describe(url).address
    assert found is not None and found.kind == kind


def test_a_message_is_sent_by_the_kind_of_its_channel() -> None:
    assert child.describe("crow://roof") == SendAnswer(problem=because("unknown-channel-url"))
    assert child.deliver(SendRequest("pigeon://a", "pigeon", message=MESSAGE)).reason is None
    for url, kind, code in (
        ("pigeon://far", "pigeon", "channel-package-missing"),
        ("crow://a", "crow", "channel-kind-missing"),
    ):
        found = child.deliver(SendRequest(url, kind, message=MESSAGE))
        assert found.is_final and found.reason is not None and found.reason.code == code


def test_kinds_are_asked_by_their_rank() -> None:
    assert [kind.name for kind in protocol.channel_kinds()] == ["pigeon", "webhook"]
    assert protocol.channel_kind("crow") is None
