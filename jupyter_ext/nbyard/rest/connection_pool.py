"""Keeps connections to services open for a moment, so that the next request can use them."""

import socket
import time
from collections import defaultdict

from tornado.ioloop import IOLoop
from tornado.iostream import IOStream

# Shorter than a rollout's wait before it stops a revision, and than servers' idle timeouts.
IDLE_SECONDS = 1.0
MOST = 64
Spot = tuple[str, int]


class Connections:
    """The idle connections of one server, each for at most a second.

    Use it in the thread of the event loop only.
    """

    def __init__(self) -> None:
        self._idle: defaultdict[Spot, list[tuple[float, IOStream]]] = defaultdict(list)
        self._is_due = False

    def take(self, spot: Spot) -> IOStream | None:
        """Return the open connection to a host and port that was used last, or None."""
        waiting = self._idle[spot]
        while waiting:
            # The service is least likely to have closed the connection that was used last.
            since, stream = waiting.pop()
            if time.monotonic() - since < IDLE_SECONDS and _is_silent(stream):
                return stream
            stream.close()
        return None

    def put_back(self, spot: Spot, stream: IOStream) -> None:
        """Store a connection for reuse. Its last response must have been read completely."""
        if len(self._idle[spot]) >= MOST or not _is_silent(stream):
            stream.close()
            return
        self._idle[spot].append((time.monotonic(), stream))
        if not self._is_due:
            self._is_due = True
            IOLoop.current().call_later(IDLE_SECONDS, self._sweep)

    def _sweep(self) -> None:
        past = time.monotonic() - IDLE_SECONDS
        for spot, waiting in list(self._idle.items()):
            for since, stream in waiting:
                if since <= past:
                    stream.close()
            self._idle[spot] = [entry for entry in waiting if entry[0] > past]
            if not self._idle[spot]:
                del self._idle[spot]
        self._is_due = bool(self._idle)
        if self._is_due:
            IOLoop.current().call_later(IDLE_SECONDS / 4, self._sweep)

    def close(self) -> None:
        """Close all connections. The server calls this when it stops."""
        for waiting in self._idle.values():
            for _, stream in waiting:
                stream.close()
        self._idle.clear()


def _is_silent(stream: IOStream) -> bool:
    """Return whether a connection is open, and nothing came after the last response."""
    # Tornado has no public name for bytes read ahead; without the attribute, reuse nothing.
    if stream.closed() or getattr(stream, "_read_buffer_size", True):
        return False
    try:
        stream.socket.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:  # the service reset the connection
        return False
    return False
