"""Reads from pipes and sockets."""

from __future__ import annotations

import asyncio
import os
import socket


class Lines:
    """Reads lines from a pipe or socket."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._come = b""

    @property
    def has_come(self) -> bool:
        """Return whether a whole line has been received already."""
        return b"\n" in self._come

    def next(self) -> bytes:
        """Wait for the next line and return it.

        Return empty bytes once the other end is closed.
        """
        while not self.has_come:
            piece = os.read(self.descriptor, 1 << 16)
            if not piece:
                return b""
            self._come += piece
        line, _, self._come = self._come.partition(b"\n")
        return line

    def read_last(self) -> bytes:
        """Return the next line, and close the socket for writers.

        A later writer gets an error and so knows that its line was not read.
        """
        with socket.socket(fileno=os.dup(self.descriptor)) as end:
            end.shutdown(socket.SHUT_RD)
        return self.next()


def read_whole(descriptor: int) -> bytes:
    """Read a descriptor until the other end is closed. Return all bytes."""
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


async def wait_readable(descriptor: int) -> None:
    """Wait until a descriptor is readable or its other end is closed."""
    loop, event = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, event.set)
    try:
        await event.wait()
    finally:
        loop.remove_reader(descriptor)
