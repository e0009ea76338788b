"""Local receivers of notices: an HTTP server and a mail server that answer as a test says."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

LONGEST_HANG = 60.0


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


class MailReceiver:
    """Records mails. `answers` are the next replies to DATA, such as `451 later`; then 250."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.recipients: list[str] = []
        self.answers: list[str] = []
        self.port = 0


@contextmanager
def mail_receiver() -> Iterator[MailReceiver]:
    """Run a mail server that speaks plain SMTP for the block."""
    receiver = MailReceiver()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._reply("220 test")
            while line := self.rfile.readline():
                word = line.decode().strip()
                if word.upper().startswith("RCPT TO:"):
                    receiver.recipients.append(word[8:].strip("<> "))
                if word.upper() == "DATA":
                    self._data()
                elif word.upper() == "QUIT":
                    self._reply("221 bye")
                    return
                else:
                    self._reply("250 ok")

        def _data(self) -> None:
            self._reply("354 go on")
            lines = []
            # A line that contains only a period ends the mail, see RFC 5321.
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line.decode("utf-8", "replace"))
            reply = receiver.answers.pop(0) if receiver.answers else "250 ok"
            if reply.startswith("250"):
                receiver.mails.append("".join(lines))
            self._reply(reply)

        def _reply(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
