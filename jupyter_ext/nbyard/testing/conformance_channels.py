"""The tests of a kind of notice channel: subclass `ChannelConformance` in a test module.

class TestMine(ChannelConformance):
    foreign = "mailto://user@example.org"         # a URL of another kind

    @pytest.fixture
    def kind(self): return MyKind()

    def url(self, port): return f"mine://127.0.0.1:{port}/{SECRET}"

The tests run a local HTTP server. A kind that does not speak HTTP overrides `receiver`.
"""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import msgspec
import pytest

from nbyard.domain.notices.structs import ChannelAddress, Message
from nbyard.transfer.notices.protocol import MOST_CHARACTERS, ChannelKind

SECRET = "s3cr3t-token-of-the-channel"
MESSAGE = Message("m1", "“report” failed", "Run 7\nNode train", [{"id": "e1"}], is_failure=True)


class Receiver:
    """A server that answers with `status`; `count` requests have arrived."""

    def __init__(self) -> None:
        self.status, self.count = 200, 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.count += 1
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        """Stop the server; its port answers no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class ChannelConformance:
    """The tests that every kind of channel must pass."""

    foreign: str

    def url(self, port: int) -> str:
        """Return a URL that leads to a local port and contains SECRET."""
        raise NotImplementedError

    @pytest.fixture
    def receiver(self) -> Iterator[Receiver]:
        made = Receiver()
        yield made
        made.close()

    def test_its_name_can_be_stored(self, kind: ChannelKind) -> None:
        assert 0 < len(kind.name) <= MOST_CHARACTERS and isinstance(kind.rank, int)

    def test_a_url_is_described_without_its_secret(self, kind: ChannelKind) -> None:
        found = kind.describe(self.url(1))
        assert isinstance(found, ChannelAddress)
        assert found.kind == kind.name and found.service
        assert SECRET not in msgspec.json.encode(found).decode()

    @pytest.mark.parametrize("url", ["", "x", "://", "unknown-scheme://a", "\x00", "a" * 5000])
    def test_other_urls_are_left_to_other_kinds(self, kind: ChannelKind, url: str) -> None:
        assert kind.describe(url) is None
        assert kind.describe(self.foreign) is None

    def test_an_accepted_message_has_no_reason(self, kind: ChannelKind, receiver: Receiver) -> None:
        assert kind.send(self.url(receiver.port), "service", MESSAGE).reason is None
        assert receiver.count == 1

    @pytest.mark.parametrize(("status", "is_final"), [(500, False), (429, False), (404, True)])
    def test_a_refusal_says_whether_to_try_again(
        self, kind: ChannelKind, receiver: Receiver, status: int, is_final: bool
    ) -> None:
        receiver.status = status
        found = kind.send(self.url(receiver.port), "service", MESSAGE)
        assert found.reason is not None and found.is_final is is_final
        assert SECRET not in str(found.reason)

    def test_an_unreachable_receiver_is_an_answer(
        self, kind: ChannelKind, receiver: Receiver
    ) -> None:
        receiver.close()
        found = kind.send(self.url(receiver.port), "service", MESSAGE)
        assert found.reason is not None and not found.is_final
        assert SECRET not in str(found.reason)
