"""Space to give back when the disk is full and a result must be written."""

from __future__ import annotations

import os

BYTES = 4096 * 128
_PAGES = [b"\0" * 4096] * 128


class Reserve:
    """A file without a name, which nobody has to remove; it is held for the next attempt too."""

    def __init__(self) -> None:
        self._file = -1

    def hold(self, folder: str) -> None:
        """On the disk of this folder; not at all where there is no space."""
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
            os.posix_fallocate(self._file, 0, BYTES)
        else:
            os.writev(self._file, _PAGES)  # touches one page of ours

    def release(self) -> bool:
        """Give the space back; whether there was any."""
        if self._file < 0:
            return False
        os.close(self._file)
        self._file = -1
        return True
