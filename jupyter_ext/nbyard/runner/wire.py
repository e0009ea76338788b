"""Jupyter's messages between a runner and the kernel that it has forked: through a pair of sockets.

A message is a list of frames on a channel. It travels in packets that name their sender, for what
the kernel has forked may speak as well, and say which is the first and which the last.
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
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def packets(channel: int, frames: Sequence[bytes]) -> Iterator[bytes]:
    """A message as it travels."""
    sizes = struct.pack(f"=BI{len(frames)}Q", channel, len(frames), *map(_size, frames))
    whole = memoryview(b"".join([sizes, *frames]))
    for at in range(0, len(whole), PACKET_BYTES):
        marks = (_FIRST if at == 0 else 0) | (_LAST if at + PACKET_BYTES >= len(whole) else 0)
        yield _HEAD.pack(os.getpid(), marks) + whole[at : at + PACKET_BYTES]


def _size(frame: bytes) -> int:
    return memoryview(frame).nbytes


class Assembler:
    """Makes messages of packets; one of which the end never came is forgotten."""

    def __init__(self) -> None:
        self._parts: dict[int, list[bytes]] = {}

    def feed(self, packet: bytes) -> Message | None:
        sender, marks = _HEAD.unpack_from(packet)
        if marks & _FIRST:
            self._parts[sender] = []
        parts = self._parts.get(sender)
        if parts is None:
            return None
        parts.append(packet[_HEAD.size :])
        if not marks & _LAST:
            return None
        return _taken_apart(b"".join(self._parts.pop(sender)))


def _taken_apart(whole: bytes) -> Message:
    channel, count = struct.unpack_from("=BI", whole)
    sizes = struct.unpack_from(f"={count}Q", whole, 5)
    frames, at = [], 5 + 8 * count
    for size in sizes:
        frames.append(whole[at : at + size])
        at += size
    return channel, frames


def hear(end: socket.socket) -> bytes | None:
    """The next packet; None when there is none yet, nothing when the other end is closed."""
    try:
        return end.recv(PACKET_BYTES + _HEAD.size, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except ConnectionError:
        return b""


class Speaker:
    """The kernel's: says a message at once and whole, whichever thread or fork has it to say."""

    def __init__(self) -> None:
        self.end: socket.socket | None = None
        self._renew()
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self._turn = threading.Lock()  # whoever held it may not be there in a fork
        self._held: list[bytes] = []
        self._holds = False

    def hold(self) -> None:
        """The next message is said with the one that follows it, so that both are heard at once."""
        self._holds = True

    def say(self, channel: int, frames: Sequence[bytes]) -> None:
        if self.end is None:
            return
        before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))  # half a word is none
        try:
            with self._turn, contextlib.suppress(ConnectionError):  # the runner has gone
                self._held += packets(channel, frames)
                if self._holds:
                    self._holds = False
                    return
                said, self._held = self._held, []
                for packet in said:
                    self.end.send(packet)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Line:
    """The runner's: hears everything, and waits for nobody when it speaks."""

    def __init__(self, end: socket.socket, heard: Callable[[int, list[bytes]], None]) -> None:
        self._end = end
        self._heard = heard
        self._assembler = Assembler()
        self._unsaid: deque[bytes] = deque()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(end, self._listen)

    def say(self, channel: int, frames: Sequence[bytes]) -> None:
        self._unsaid.extend(packets(channel, frames))
        self._speak()

    def _speak(self) -> None:
        self._loop.remove_writer(self._end)
        while self._unsaid:
            try:
                self._end.send(self._unsaid[0], socket.MSG_DONTWAIT)
            except BlockingIOError:
                self._loop.add_writer(self._end, self._speak)
                return
            except ConnectionError:
                self._unsaid.clear()  # it has ended; that is heard elsewhere
                return
            self._unsaid.popleft()

    def _listen(self) -> None:
        while (packet := hear(self._end)) is not None:
            if not packet:
                self._loop.remove_reader(self._end)
                return
            message = self._assembler.feed(packet)
            if message is not None:
                self._heard(*message)

    def close(self) -> None:
        self._loop.remove_reader(self._end)
        self._loop.remove_writer(self._end)
        self._end.close()
