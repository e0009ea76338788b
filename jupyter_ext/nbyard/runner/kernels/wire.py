"""Carries Jupyter messages between a runner and the kernel that it forked, through a socket pair.

A message is a list of frames on a channel. It is split into packets. Each packet names its sender,
because child processes of the kernel may send at the same time. Marks show a message's first and
last packet.
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
# The system sends a packet whole, so it must fit into the socket's buffer.
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
    """Joins packets to messages. A message whose last packet never comes is dropped."""

    def __init__(self) -> None:
        self._parts: dict[int, list[bytes]] = {}

    def feed(self, packet: bytes) -> Message | None:
        """Add a packet. Return the message that it completes, or None."""
        sender, marks = _HEAD.unpack_from(packet)
        if marks & _FIRST:
            self._parts[sender] = []
        context = self._parts.get(sender)
        if context is None:
            return None
        context.append(packet[_HEAD.size :])
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
    """Return the next packet, or None if none has arrived.

    Empty bytes mean that the other end is closed.
    """
    try:
        return end.recv(PACKET_BYTES + _HEAD.size, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except ConnectionError:
        return b""


class Sender:
    """The kernel's end of the channel. Any thread or fork of the kernel may send."""

    def __init__(self) -> None:
        self.end: socket.socket | None = None
        self._renew()
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self.turn = threading.Lock()  # the thread that held the lock may not exist in the fork

    def send(self, channel: int, frames: Sequence[bytes]) -> None:
        """Send a message on a channel. Drop it if there is no connection."""
        if self.end is None:
            return
        # an interrupt must not cut a message
        before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
        try:
            with self.turn, contextlib.suppress(ConnectionError):  # the runner is gone
                for packet in packets(channel, frames):
                    self.end.send(packet)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Line:
    """The runner's end of the channel.

    `receive` is called with the channel and frames of each message.
    """

    def __init__(self, end: socket.socket, receive: Callable[[int, list[bytes]], None]) -> None:
        self._end = end
        self._receive = receive
        self._assembler = Assembler()
        self._unsent: deque[bytes] = deque()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(end, self._listen)

    def send(self, channel: int, frames: Sequence[bytes]) -> None:
        """Send a message without blocking. What the kernel does not read yet is sent later."""
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
