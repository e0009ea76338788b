"""Reads events of files and folders from the kernel, see inotify(7)."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator

ACCESS, MODIFY, CLOSE_WRITE, CLOSE_NOWRITE, OPEN = 0x1, 0x2, 0x8, 0x10, 0x20
MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x40, 0x80, 0x100, 0x200
OVERFLOW, IS_FOLDER = 0x4000, 0x4000_0000
ONLY_FOLDERS, NO_LINKS = 0x0100_0000, 0x0200_0000
COARSE_CLOCK = 5  # CLOCK_REALTIME_COARSE, the clock of file systems
EVENT = struct.Struct("iIII")
BUFFER = 1 << 16


class Inotify:
    """A queue of events about watched files and folders.

    Raises:
        OSError: The user has too many such queues.
        AttributeError: The system has no inotify.
    """

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = self._checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))

    @staticmethod
    def _checked(result: int) -> int:
        if result < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return result

    def add(self, path: str, mask: int) -> int:
        """Watch a path.

        Return the number that its events have, the same for all paths of one file.

        Raises:
            OSError: The path cannot be watched.
        """
        result = self._libc.inotify_add_watch(self.descriptor, os.fsencode(path), mask)
        return self._checked(result)

    def read(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield the number of the watched path, the mask and the name of each event."""
        while self.descriptor >= 0:
            try:
                data = os.read(self.descriptor, BUFFER)
            except BlockingIOError:
                return
            at = 0
            while at < len(data):
                number, mask, _, length = EVENT.unpack_from(data, at)
                at += EVENT.size + length
                # The kernel pads names with zero bytes to align the next event.
                yield number, mask, data[at - length : at].rstrip(b"\0")

    def close(self) -> None:
        """Close the queue."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
