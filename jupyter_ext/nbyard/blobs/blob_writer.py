"""Write bytes into the blob store."""

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

from nbyard.blobs.file_operations import (
    CHUNK,
    translated_disk_full,
    translated_missing_space,
    write_all,
)

CHECK_ROOM_EVERY = 32 * CHUNK


class Blob(msgspec.Struct, frozen=True):
    """The digest and size of a stored file or folder."""

    digest: str
    size_bytes: int


class BlobWriter:
    """A writer of a blob in pieces. Leaving the `with` block without `commit` discards the bytes.

    `ensure_room` is called about every 32 MiB and checks the free space for a number of bytes.
    `publish` turns the finished file into a blob.
    """

    def __init__(
        self,
        folder: Path,
        ensure_room: Callable[[int], None],
        publish: Callable[[int, Path, str], None],
    ):
        self._ensure_room = ensure_room
        self._publish = publish
        with translated_missing_space():
            self._fd, name = tempfile.mkstemp(dir=folder)
        # The lock tells a sweep that this file is in use.
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
        """Write a piece.

        Raises:
            Unavailable: The disk has no space for it beside the reserve.
        """
        self._until_check -= len(data)
        if self._until_check < 0:
            self._ensure_room(len(data))
            self._until_check = CHECK_ROOM_EVERY
        with translated_disk_full(len(data)):
            write_all(self._fd, data)
        self._hash.update(data)
        self.size_bytes += len(data)

    def blob(self, algorithm: str = "sha256") -> Blob:
        """Return the blob of the bytes written so far, without storing it."""
        return Blob(f"{algorithm}:{self._hash.hexdigest()}", self.size_bytes)

    def commit(self, algorithm: str = "sha256") -> Blob:
        """Store the written bytes under their digest; return the blob."""
        blob = self.blob(algorithm)
        with translated_disk_full(self.size_bytes):
            self._publish(self._fd, self._path, blob.digest)
        self._close()
        return blob

    def abort(self) -> None:
        """Delete the file if it is not committed."""
        if self._fd >= 0:
            self._path.unlink(missing_ok=True)
            self._close()

    def _close(self) -> None:
        os.close(self._fd)
        self._fd = -1


def delete_leftovers(folder: Path, newborn_seconds: float) -> int:
    """Delete temporary files of crashed writers in a folder; return their number.

    Active writers lock their files. Only a new, empty file may lack the lock for a moment, so
    empty files younger than `newborn_seconds` are kept.
    """
    removed = 0
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            status = path.stat()
            # A new, empty file may belong to a writer that has not locked it yet.
            if status.st_size or time.time() - status.st_mtime >= newborn_seconds:
                path.unlink()
                removed += 1
    return removed
