"""One exchange with a deployed service: sent as it comes, answered as it comes."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial

from tornado import util
from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters
from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import IOStream, StreamClosedError
from tornado.tcpclient import TCPClient

from nbyard.rest.forwarding import is_upgrade

CONNECT_SECONDS = 10.0
CHUNK = 1 << 16
MAX_HEADER_BYTES = 1 << 18
ANY_LENGTH = 2**63 - 1
SWITCHING = 101

Begin = Callable[[int, str, HTTPHeaders], Awaitable[None]]
Give = Callable[[bytes], Awaitable[None]]
Note = Callable[[], None]


class Upstream(HTTPMessageDelegate):
    """A connection of its own for each request. Once it `has_begun` to answer, what goes wrong can
    only be shown by breaking off; it `is_whole` when all of the answer was given on."""

    def __init__(self, stream: IOStream):
        self._stream = stream
        limits = HTTP1ConnectionParameters(
            no_keep_alive=True,
            chunk_size=CHUNK,
            max_header_size=MAX_HEADER_BYTES,
            max_body_size=ANY_LENGTH,
        )
        self._connection = HTTP1Connection(stream, True, limits)
        self.has_begun = self.is_whole = self._may_switch = False
        self.switched: IOStream | None = None

    @classmethod
    async def connect(cls, host: str, port: int) -> "Upstream":
        """Raises OSError: nobody is there, or takes the connection in time."""
        try:
            return cls(await TCPClient().connect(host, port, timeout=CONNECT_SECONDS))
        except util.TimeoutError as error:  # of some versions of tornado it is no OSError
            raise OSError(f"no connection within {CONNECT_SECONDS:g} s") from error

    def begin(self, method: str, target: str, headers: HTTPHeaders) -> None:
        """Send the head of the request."""
        self._may_switch = is_upgrade(headers)
        self._connection.write_headers(RequestStartLine(method, target, "HTTP/1.1"), headers)

    async def send(self, chunk: bytes) -> None:
        """A piece of its body; one who has answered already may not want it."""
        with contextlib.suppress(StreamClosedError):
            await self._connection.write(chunk)

    async def answer(self, begin: Begin, give: Give) -> None:
        """The body was sent: read the answer, no faster than it is taken."""
        self._begin, self._give = begin, give
        with contextlib.suppress(StreamClosedError):
            self._connection.finish()
        with contextlib.suppress(StreamClosedError):  # then the answer is not whole
            await self._connection.read_response(self)

    def close(self) -> None:
        self._stream.close()

    # What the connection tells

    async def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> None:
        assert isinstance(start_line, ResponseStartLine)
        if start_line.code == SWITCHING:
            if not self._may_switch:  # no answer to what was asked
                self.close()
                return
            self.switched = self._connection.detach()
        elif start_line.code < 200:
            return
        self.has_begun = True
        await self._begin(start_line.code, start_line.reason, headers)

    async def data_received(self, chunk: bytes) -> None:
        await self._give(chunk)

    def finish(self) -> None:
        self.is_whole = True

    def on_connection_close(self) -> None:
        """What came of the answer is all of it that there is."""


async def tunnel(one: IOStream, other: IOStream, note: Note | None = None) -> None:
    """Carry what either says to the other, until one of them ends; `note` is called for each
    piece of the first."""
    await asyncio.gather(_carry(one, other, note), _carry(other, one, None))


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
