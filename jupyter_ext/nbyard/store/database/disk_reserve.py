"""A small disk reserve: on a full disk, even a deletion has to write to the log first."""

import contextlib
import os
import shutil
from pathlib import Path

NAME = "reserve"
SIZE_BYTES = 1 << 20
PLENTY_BYTES = 64 << 20


class Reserve:
    """A file in the store's folder that is deleted to free space, and created again later."""

    def __init__(self, folder: Path):
        self._path = folder / NAME

    def keep(self) -> None:
        """Create the file if it is missing and the disk has plenty of space."""
        # Below this limit the reserve itself would take scarce space.
        if self._path.exists() or self._free_bytes() < PLENTY_BYTES:
            return
        with contextlib.suppress(OSError):
            self._path.write_bytes(os.urandom(SIZE_BYTES))  # random bytes resist compression

    def spend(self) -> None:
        """Delete the file if the disk has no other space."""
        if self._free_bytes() < SIZE_BYTES:
            self._path.unlink(missing_ok=True)

    def _free_bytes(self) -> int:
        return shutil.disk_usage(self._path.parent).free
