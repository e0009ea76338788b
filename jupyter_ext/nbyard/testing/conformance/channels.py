"""The tests of a kind of notice channel: subclass `ChannelConformance` in a test module.

class TestMine(ChannelConformance):
    foreign = "mailto://user@example.org"         # a URL of another kind

    @pytest.fixture
    def kind(self): return MyKind()

    def url(self, port): return f"mine://127.0.0.1:{port}/{SECRET}"

The tests run a local HTTP server. A kind that does not speak HTTP overrides `receiver`.
"""

from collections.abc import Iterator

import msgspec
import pytest

from nbyard.domain.notices.structs import ChannelAddress, Message
from nbyard.testing.receivers import HttpReceiver, http_receiver
from nbyard.transfer.notices.protocol import MOST_CHARACTERS, ChannelKind

SECRET = "s3cr3t-token-of-the-channel"
MOST_TRIES = 9  # of a kind that repeats requests by itself
MESSAGE = Message("m1", "“report” failed", "Run 7\nNode train", [{"id": "e1"}], is_failure=True)


class ChannelConformance:
    """The tests that every kind of channel must pass."""

    foreign: str

    def url(self, port: int) -> str:
        """Return a URL that leads to a local port and contains SECRET."""
        raise NotImplementedError

    @pytest.fixture
    def receiver(self) -> Iterator[HttpReceiver]:
        with http_receiver() as made:
            yield made

    def test_its_name_can_be_stored(self, kind: ChannelKind) -> None:
        assert 0 < len(kind.name) <= MOST_CHARACTERS and isinstance(kind.rank, int)

    def test_a_url_is_described_without_its_secret(self, kind: ChannelKind) -> None:
        address = kind.describe(self.url(1))
        assert isinstance(address, ChannelAddress)
        assert address.kind == kind.name and address.service
        assert SECRET not in msgspec.json.encode(address).decode()

    @pytest.mark.parametrize("url", ["", "x", "://", "unknown-scheme://a", "\x00", "a" * 5000])
    def test_other_urls_are_left_to_other_kinds(self, kind: ChannelKind, url: str) -> None:
        assert kind.describe(url) is None
        assert kind.describe(self.foreign) is None

    def test_an_accepted_message_has_no_reason(
        self, kind: ChannelKind, receiver: HttpReceiver
    ) -> None:
        assert kind.send(self.url(receiver.port), "service", MESSAGE).reason is None
        assert len(receiver.requests) == 1

    @pytest.mark.parametrize(("status", "is_final"), [(500, False), (429, False), (404, True)])
    def test_a_refusal_says_whether_to_try_again(
        self, kind: ChannelKind, receiver: HttpReceiver, status: int, is_final: bool
    ) -> None:
        receiver.answers = [status] * MOST_TRIES
        delivery = kind.send(self.url(receiver.port), "service", MESSAGE)
        assert delivery.reason is not None and delivery.is_final is is_final
        assert SECRET not in str(delivery.reason)

    def test_an_unreachable_receiver_is_an_answer(self, kind: ChannelKind) -> None:
        with http_receiver() as receiver:
            pass  # its port answers no more
        delivery = kind.send(self.url(receiver.port), "service", MESSAGE)
        assert delivery.reason is not None and not delivery.is_final
        assert SECRET not in str(delivery.reason)
