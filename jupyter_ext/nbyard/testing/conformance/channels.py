"""The tests of a kind of notice channel: subclass `ChannelConformance` in a test module.

class TestMine(ChannelConformance):
    foreign = "mailto://user@example.org"         # a URL of another kind

    @pytest.fixture
    def kind(self): return MyKind()

    def url(self, port): return f"mine://127.0.0.1:{port}/{SECRET}"

The tests run a local HTTP server. A kind that does not speak HTTP overrides `receiver`.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest

from nbyard.domain.notices.structs import ChannelAddress, Message
from nbyard.transfer.notices.protocol import MOST_CHARACTERS, ChannelKind

LONGEST_HANG = 60.0
SECRET = "s3cr3t-token-of-the-channel"
MOST_TRIES = 9  # of a kind that repeats requests by itself
MESSAGE = Message("m1", "“report” failed", "Run 7\nNode train", [{"id": "e1"}], is_failure=True)


class ReceivedRequest(msgspec.Struct, frozen=True):
    """One HTTP request."""

    path: str
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """Return the decoded body."""
        return json.loads(self.content)


class HttpReceiver:
    """Records requests. `answers` are the next statuses, then 200; 0 hangs until the end."""

    def __init__(self) -> None:
        self.requests: list[ReceivedRequest] = []
        self.answers: list[int] = []
        self.headers: dict[str, str] = {}
        self.released = threading.Event()
        self.port = 0

    @property
    def url(self) -> str:
        """Return the address of the receiver."""
        return f"http://127.0.0.1:{self.port}"

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        """Record a request and answer it."""
        size = int(handler.headers.get("Content-Length") or 0)
        content = handler.rfile.read(size)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.requests.append(ReceivedRequest(handler.path, headers, content))
        status = self.answers.pop(0) if self.answers else 200
        if not status:
            self.released.wait(LONGEST_HANG)
            return
        handler.send_response(status)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"ok")


@contextmanager
def http_receiver() -> Iterator[HttpReceiver]:
    """Run an HTTP receiver for the block."""
    receiver = HttpReceiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.take(self)

        def log_message(self, *args: Any) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_port
    # `shutdown` waits for the next poll, by default half a second.
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


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
