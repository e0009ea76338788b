"""One request to a deployed service and its response, both of them streamed."""

import asyncio
import contextlib
import socket
import ssl
from asyncio import Future
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from tornado import util
from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters
from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine
from tornado.iostream import IOStream, StreamClosedError
from tornado.tcpclient import TCPClient
from tornado.web import RequestHandler

from nbyard.rest.connection_pool import Connections, Spot
from nbyard.rest.proxy.forwarded_headers import has_plain_length, is_upgrade

CONNECT_SECONDS = 10.0
CHUNK = 1 << 16
MAX_HEADER_BYTES = 1 << 18
# Tornado refuses longer bodies, by default beyond 100 MB. Responses are streamed at any length.
ANY_LENGTH = 2**63 - 1
SWITCHING = 101

Begin = Callable[[int, str, HTTPHeaders], Awaitable[None]]
Give = Callable[[bytes], Awaitable[None]]
Note = Callable[[], None]


class Upstream(HTTPMessageDelegate):
    """One request over a connection.

    A connection of a pool (`connections`) returns there for reuse; one from there `is_reused`. Once
    `has_begun` is set, an error can only be shown by closing the connection to the client.
    `is_whole` is set once the whole response was passed on. `switched` is the stream of a
    WebSocket.
    """

    def __init__(self, stream: IOStream, spot: Spot, connections: Connections | None):
        self._stream, self._spot, self._kept = stream, spot, connections
        limits = HTTP1ConnectionParameters(
            no_keep_alive=True,
            chunk_size=CHUNK,
            max_header_size=MAX_HEADER_BYTES,
            max_body_size=ANY_LENGTH,
        )
        self._connection = HTTP1Connection(stream, True, limits)
        self.has_begun = self.is_whole = self.is_reused = self._may_switch = False
        self._is_sent = self._may_stay = self._is_given_back = False
        self.switched: IOStream | None = None
        self._head: tuple[RequestStartLine, HTTPHeaders] | None = None

    @classmethod
    async def connect(
        cls,
        host: str,
        port: int,
        connections: Connections | None = None,
        secure: ssl.SSLContext | None = None,
    ) -> "Upstream":
        """Connect to a host and port with a connection of the pool, or with a new one.

        `secure` is for hosts that speak TLS.

        Raises:
            OSError: No process listens there, or none accepts the connection in time.
        """
        spot = (host, port)
        if connections and (used := connections.take(spot)):
            made = cls(used, spot, connections)
            made.is_reused = True
            return made
        if secure or not host.replace(".", "").isdigit():
            try:
                named = await TCPClient().connect(
                    host, port, ssl_options=secure, timeout=CONNECT_SECONDS
                )
            except util.TimeoutError as error:  # not an OSError in some versions of Tornado
                raise OSError(f"no connection within {CONNECT_SECONDS:g} s") from error
            return cls(named, spot, connections)
        # An IP address needs no name lookup in a thread.
        opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        # Send small pieces at once instead of collecting them (Nagle's algorithm).
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream, is_there = _Stream(opened), False
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await stream.connect(spot)
                is_there = True
        except TimeoutError as error:
            raise OSError(f"no connection within {CONNECT_SECONDS:g} s") from error
        except StreamClosedError as error:
            raise OSError(f"no connection to port {port}") from error
        finally:
            if not is_there:
                stream.close()
        return cls(stream, spot, connections)

    def begin(self, method: str, target: str, headers: HTTPHeaders) -> None:
        """Send the head of the request. If a body follows, send the head with its first piece."""
        self._may_switch = is_upgrade(headers)
        self._head = (RequestStartLine(method, target, "HTTP/1.1"), headers)
        if headers.get("Content-Length", "0") == "0":
            self._send_head()

    def _send_head(self, chunk: bytes | None = None) -> "Future[None]":
        assert self._head is not None
        head, self._head = self._head, None
        return self._connection.write_headers(*head, chunk)

    async def send(self, chunk: bytes) -> None:
        """Send a piece of the body. Do nothing if the service has closed the connection."""
        with contextlib.suppress(StreamClosedError):
            await (self._send_head(chunk) if self._head else self._connection.write(chunk))

    async def answer(self, begin: Begin, give: Give) -> None:
        """Finish the request and read the response.

        `give` gets its pieces and limits the speed.
        """
        self._begin, self._give = begin, give
        with contextlib.suppress(StreamClosedError):
            if self._head:
                self._send_head()
            self._connection.finish()
            self._is_sent = True
        with contextlib.suppress(StreamClosedError):  # `is_whole` then stays false
            await self._connection.read_response(self)

    def close(self) -> None:
        """Return the connection to its pool if the exchange is complete, else close it."""
        if self._kept is not None and self.is_whole and self._is_sent and self._may_stay:
            self._kept.put_back(self._spot, self._stream)
            self._is_given_back = True
            self._kept = None
        elif not self._is_given_back:
            self._stream.close()

    # Callbacks of the connection

    async def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> None:
        """Pass on the head of the response, or switch to a WebSocket."""
        assert isinstance(start_line, ResponseStartLine)
        if start_line.code == SWITCHING:
            if not self._may_switch:  # the request asked for no upgrade
                self.close()
                return
            self.switched = self._connection.detach()
        # Interim responses such as 103 (Early Hints) precede the actual one.
        elif start_line.code < 200:
            return
        elif not has_plain_length(headers):  # the end of the body is ambiguous
            self.close()
            return
        self.has_begun = True
        # Only HTTP/1.1 keeps connections open by default.
        says = headers.get("Connection", "").lower()
        self._may_stay = start_line.version == "HTTP/1.1" and "close" not in says
        await self._begin(start_line.code, start_line.reason, headers)

    async def data_received(self, chunk: bytes) -> None:
        await self._give(chunk)

    def finish(self) -> None:
        self.is_whole = self.has_begun

    def on_connection_close(self) -> None:
        """Do nothing: `is_whole` stays false for an incomplete response."""


class _Stream(IOStream):
    """A stream that always sends at once, although Tornado would toggle that for each request."""

    def set_nodelay(self, value: bool) -> None:
        """Ignore the call, so that the option stays on."""


async def switch(
    handler: RequestHandler,
    upstream: IOStream,
    headers: HTTPHeaders,
    note: Note | None = None,
    refused: Callable[[], Coroutine[Any, Any, None]] | None = None,
) -> None:
    """Answer a request for a WebSocket, and forward its bytes until a side closes.

    `note` is called for each piece that comes from the browser. `refused` returns once the user
    loses access.
    """
    head = ["HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket"]
    head += [f"{name}: {value}" for name, value in headers.get_all()]
    browser = handler.detach()
    await browser.write("\r\n".join([*head, "", ""]).encode("latin-1"))
    watching = asyncio.create_task(refused()) if refused else None
    if watching is not None:
        watching.add_done_callback(lambda _: browser.close())
    await asyncio.gather(_carry(browser, upstream, note), _carry(upstream, browser, None))
    if watching is not None:
        watching.cancel()


async def _carry(source: IOStream, sink: IOStream, note: Note | None) -> None:
    read = partial(source.read_bytes, CHUNK, partial=True)
    try:
        while True:
            piece = await read()
            if note is not None:
                note()
            await sink.write(piece)
    except StreamClosedError:
        source.close()
        sink.close()
