"""A little room set aside: on a full disk even a deletion has to be written down first."""

import contextlib
import os
import shutil
from pathlib import Path

NAME = "reserve"
SIZE_BYTES = 1 << 20
PLENTY_BYTES = 64 << 20


class Reserve:
    """A file in the store's folder that is given up for deletions, and made anew later."""

    def __init__(self, folder: Path):
        self._path = folder / NAME

    def keep(self) -> None:
        """Set it aside while there is plenty of room."""
        if self._path.exists() or self._free_bytes() < PLENTY_BYTES:
            return
        with contextlib.suppress(OSError):
            self._path.write_bytes(os.urandom(SIZE_BYTES))  # nothing that compresses

    def spend(self) -> None:
        """Give it up when there is no other room."""
        if self._free_bytes() < SIZE_BYTES:
            self._path.unlink(missing_ok=True)

    def _free_bytes(self) -> int:
        return shutil.disk_usage(self._path.parent).free
