"""Reserves disk space for an attempt's result, in case the disk is full by then."""

from __future__ import annotations

import os

# Room for the end of a log (256 KiB) and a result with a long traceback (200 kB).
BYTES = 4096 * 128
_PAGES = [b"\0" * 4096] * 128


class Reserve:
    """An open file without a name.

    The system frees its space when this process ends. It is reused for the next attempt.
    """

    def __init__(self) -> None:
        self._file = -1

    def hold(self, folder: str) -> None:
        """Reserve space on the disk of a folder.

        If there is no space, reserve nothing.
        """
        try:
            if self._file >= 0 and os.fstat(self._file).st_dev == os.stat(folder).st_dev:
                return
            self.release()
            self._make(os.path.join(folder, "reserve"))
        except OSError:
            self.release()

    def _make(self, path: str) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.unlink(path)
        if hasattr(os, "posix_fallocate"):
            # Setting only the file's size would reserve no space.
            os.posix_fallocate(self._file, 0, BYTES)
        else:
            os.writev(self._file, _PAGES)  # dirties only one page of memory

    def release(self) -> bool:
        """Free the space. Return whether there was any."""
        if self._file < 0:
            return False
        os.close(self._file)
        self._file = -1
        return True
