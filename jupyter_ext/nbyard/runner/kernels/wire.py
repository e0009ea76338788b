"""Jupyter's messages between a runner and the kernel it has forked, through a socket pair.

A message is a list of frames on a channel. It is sent in packets, which mark the first and the last
one of a message. Each names its sender, as processes forked by the kernel may send, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence

SHELL, IOPUB = 0, 1
PACKET_BYTES = 64 * 1024
_HEAD = struct.Struct("=IB")
_FIRST, _LAST = 1, 2

Message = tuple[int, list[bytes]]


def pair() -> tuple[socket.socket, socket.socket]:
    """Return the connected ends of a channel."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def packets(channel: int, frames: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the packets of a message."""
    sizes = [memoryview(frame).nbytes for frame in frames]
    head = struct.pack(f"=BI{len(frames)}Q", channel, len(frames), *sizes)
    whole = memoryview(b"".join([head, *frames]))
    for at in range(0, len(whole), PACKET_BYTES):
        marks = (_FIRST if at == 0 else 0) | (_LAST if at + PACKET_BYTES >= len(whole) else 0)
        yield _HEAD.pack(os.getpid(), marks) + whole[at : at + PACKET_BYTES]


class Assembler:
    """Builds messages from packets. Messages without an end are dropped."""

    def __init__(self) -> None:
        self._parts: dict[int, list[bytes]] = {}

    def feed(self, packet: bytes) -> Message | None:
        """Add a packet. Return the message if it is complete now."""
        sender, marks = _HEAD.unpack_from(packet)
        if marks & _FIRST:
            self._parts[sender] = []
        parts = self._parts.get(sender)
        if parts is None:
            return None
        parts.append(packet[_HEAD.size :])
        if not marks & _LAST:
            return None
        whole = b"".join(self._parts.pop(sender))
        channel, count = struct.unpack_from("=BI", whole)
        frames, at = [], 5 + 8 * count
        for size in struct.unpack_from(f"={count}Q", whole, 5):
            frames.append(whole[at : at + size])
            at += size
        return channel, frames


def next_packet(end: socket.socket) -> bytes | None:
    """Return the next packet, None if there is none yet, nothing if the other end is closed."""
    try:
        return end.recv(PACKET_BYTES + _HEAD.size, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except ConnectionError:
        return b""


class Sender:
    """The kernel's end. It sends each message at once and whole, from any thread or fork."""

    def __init__(self) -> None:
        self.end: socket.socket | None = None
        self._renew()
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self._turn = threading.Lock()  # the thread that held the lock may not exist in the fork

    def send(self, channel: int, frames: Sequence[bytes]) -> None:
        """Send a message on a channel. Without a connection, drop it."""
        if self.end is None:
            return
        # an interrupt must not cut a message
        before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
        try:
            with self._turn, contextlib.suppress(ConnectionError):  # the runner is gone
                for packet in packets(channel, frames):
                    self.end.send(packet)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Line:
    """The runner's end. It receives all messages, and never blocks when it sends."""

    def __init__(self, end: socket.socket, receive: Callable[[int, list[bytes]], None]) -> None:
        self._end = end
        self._receive = receive
        self._assembler = Assembler()
        self._unsent: deque[bytes] = deque()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(end, self._listen)

    def send(self, channel: int, frames: Sequence[bytes]) -> None:
        """Send a message on a channel, later if the kernel does not read."""
        self._unsent.extend(packets(channel, frames))
        self._send_pending()

    def _send_pending(self) -> None:
        self._loop.remove_writer(self._end)
        while self._unsent:
            try:
                self._end.send(self._unsent[0], socket.MSG_DONTWAIT)
            except BlockingIOError:
                self._loop.add_writer(self._end, self._send_pending)
                return
            except ConnectionError:
                self._unsent.clear()  # the kernel has ended, which is noticed elsewhere
                return
            self._unsent.popleft()

    def _listen(self) -> None:
        while (packet := next_packet(self._end)) is not None:
            if not packet:
                self._loop.remove_reader(self._end)
                return
            message = self._assembler.feed(packet)
            if message is not None:
                self._receive(*message)

    def close(self) -> None:
        self._loop.remove_reader(self._end)
        self._loop.remove_writer(self._end)
        self._end.close()
