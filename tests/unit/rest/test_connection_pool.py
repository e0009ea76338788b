"""Idle connections to services, kept for the next request."""

import asyncio
import select
import socket
import struct
from collections.abc import Awaitable, Callable

import pytest
from tornado.iostream import IOStream

from nbyard.rest import connection_pool
from nbyard.rest.connection_pool import MOST, Connections, Spot

Open = Callable[[], Awaitable[IOStream]]
Talk = Callable[[Connections, Spot, Open, socket.socket], Awaitable[None]]


def until_heard(stream: IOStream) -> None:
    """What the service sent, or that it ended, has come to this side."""
    assert select.select([stream.socket], [], [], 20)[0]


def run(talk: Talk) -> None:
    async def inside() -> None:
        kept = Connections()
        with socket.create_server(("127.0.0.1", 0)) as server:
            spot = server.getsockname()

            async def opened() -> IOStream:
                stream = IOStream(socket.socket())
                await stream.connect(spot)
                return stream

            await talk(kept, spot, opened, server)
        kept.close()

    asyncio.run(inside())


def test_the_last_connection_is_reused_for_its_address():
    async def talk(kept, spot, opened, server):
        first, last = await opened(), await opened()
        kept.put_back(spot, first)
        kept.put_back(spot, last)
        assert kept.take(("127.0.0.1", 1)) is None
        assert [kept.take(spot), kept.take(spot), kept.take(spot)] == [last, first, None]
        first.close()
        last.close()

    run(talk)


@pytest.mark.parametrize("says", [b"", b"unasked"])
def test_closed_or_readable_connections_are_not_reused(says):
    async def talk(kept, spot, opened, server):
        stream = await opened()
        there, _ = server.accept()
        there.sendall(says)
        there.close()
        until_heard(stream)
        kept.put_back(spot, stream)
        assert kept.take(spot) is None and stream.closed()

    run(talk)


def test_a_connection_with_buffered_data_is_not_kept():
    """Bytes after a response do not answer the next request."""

    async def talk(kept, spot, opened, server):
        stream = await opened()
        there, _ = server.accept()
        there.sendall(b"answer" + b"unasked")
        assert await stream.read_bytes(6) == b"answer"
        kept.put_back(spot, stream)
        assert stream.closed() and kept.take(spot) is None
        there.close()

    run(talk)


def test_a_reset_connection_is_not_reused():
    async def talk(kept, spot, opened, server):
        stream = await opened()
        there, _ = server.accept()
        kept.put_back(spot, stream)
        there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        there.close()
        until_heard(stream)
        assert kept.take(spot) is None and stream.closed()

    run(talk)


def test_connections_are_kept_for_a_short_time(monkeypatch):
    monkeypatch.setattr(connection_pool, "IDLE_SECONDS", 0.05)

    async def talk(kept, spot, opened, server):
        stream, ended = await opened(), asyncio.Event()
        stream.set_close_callback(ended.set)
        kept.put_back(spot, stream)
        await asyncio.wait_for(ended.wait(), 20)
        assert kept.take(spot) is None

    run(talk)


def test_the_number_of_kept_connections_is_limited(monkeypatch):
    monkeypatch.setattr(connection_pool, "MOST", 1)
    assert MOST > 1

    async def talk(kept, spot, opened, server):
        first, second = await opened(), await opened()
        kept.put_back(spot, first)
        kept.put_back(spot, second)
        assert second.closed() and not first.closed()

    run(talk)
