"""Bytes on their way into the blob store."""

import contextlib
import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import msgspec

from nbyard.blobs.files import CHUNK, disk_full_in_words, no_file_in_words, write_all

CHECK_ROOM_EVERY = 32 * CHUNK


class Blob(msgspec.Struct, frozen=True):
    """Stored bytes of a file or a folder."""

    digest: str
    size_bytes: int


class BlobWriter:
    """Takes bytes piece by piece. Leaving the `with` block without `commit` leaves nothing behind.

    `ensure_room` is asked before every few megabytes; `publish` makes the finished file a blob.
    """

    def __init__(
        self,
        folder: Path,
        ensure_room: Callable[[int], None],
        publish: Callable[[int, Path, str], None],
    ):
        self._ensure_room = ensure_room
        self._publish = publish
        with no_file_in_words():
            self._fd, name = tempfile.mkstemp(dir=folder)
        # Held until the end, so that a sweep knows that this is not a leftover.
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        self._path = Path(name)
        self._hash = hashlib.sha256()
        self._until_check = 0
        self.size_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()

    def write(self, data: bytes | memoryview) -> None:
        self._until_check -= len(data)
        if self._until_check < 0:
            self._ensure_room(len(data))
            self._until_check = CHECK_ROOM_EVERY
        with disk_full_in_words(len(data)):
            write_all(self._fd, data)
        self._hash.update(data)
        self.size_bytes += len(data)

    def blob(self, algorithm: str = "sha256") -> Blob:
        """What the bytes so far would be."""
        return Blob(f"{algorithm}:{self._hash.hexdigest()}", self.size_bytes)

    def commit(self, algorithm: str = "sha256") -> Blob:
        """Make the bytes visible under their digest."""
        blob = self.blob(algorithm)
        with disk_full_in_words(self.size_bytes):
            self._publish(self._fd, self._path, blob.digest)
        self._close()
        return blob

    def abort(self) -> None:
        if self._fd >= 0:
            self._path.unlink(missing_ok=True)
            self._close()

    def _close(self) -> None:
        os.close(self._fd)
        self._fd = -1


def sweep(folder: Path, newborn_seconds: float) -> int:
    """Remove what crashed writers left; what is still being written is kept: it is locked, but for
    the moment in which it is empty and new."""
    removed = 0
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = path.stat()
            if found.st_size or time.time() - found.st_mtime >= newborn_seconds:
                path.unlink()
                removed += 1
    return removed
