"""Blobs without writing: digests of bytes as they would be stored, for forecasts of runs."""

import hashlib
import io
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import msgspec

from nbyard.blobs import file_operations as files
from nbyard.blobs.blob_writer import Blob
from nbyard.blobs.store import COARSE_SECONDS, REMEMBERED, Blobs
from nbyard.blobs.trees import Tree

MOST_HELD_BYTES = 128 << 20
LARGE_BYTES = 1 << 20  # the content of larger files is not held


class Budget(threading.local):
    """How many bytes the current thread may still hash."""

    left = 0


class DryBlobs(Blobs):
    """Stores nothing: new bytes are only hashed, and small ones held in memory.

    Digests of unchanged files are shared with `stored`. Threads may use it at the same time.
    """

    def __init__(self, stored: Blobs):
        super().__init__(stored.root, stored.reserve_bytes)
        self._stored = stored._stored
        self._held: dict[str, bytes] = {}
        self._held_bytes = 0
        self._unread: set[str] = set()
        self._budget = Budget()

    def allow(self, most_bytes: int) -> None:
        """Let this thread hash that many bytes of new and changed files from now on."""
        self._budget.left = most_bytes

    @property
    def has_unread(self) -> bool:
        """Return whether any file was too large to hash so far."""
        return bool(self._unread)

    def is_unread(self, digest: str) -> bool:
        """Return whether a digest only stands for a file that was too large to hash."""
        return digest in self._unread

    def put_bytes(self, content: bytes, algorithm: str = "sha256") -> Blob:
        """Return the blob of these bytes; hold them if they are not stored."""
        blob = Blob(f"{algorithm}:{hashlib.sha256(content).hexdigest()}", len(content))
        self._hold(blob.digest, content)
        return blob

    def open(self, digest: str) -> BinaryIO:
        """Open stored or held bytes."""
        content = self._held.get(digest)
        return super().open(digest) if content is None else io.BytesIO(content)

    def tree(self, digest: str) -> Tree:
        """Return the list of a stored or held folder."""
        content = self._held.get(digest)
        if content is None:
            return super().tree(digest)
        return msgspec.json.decode(content, type=Tree)

    def _put_open(
        self,
        fd: int,
        path: Path,
        dir_fd: int | None,
        move: bool,
        promise: Callable[[Blob], None] | None = None,
    ) -> Blob:
        before = os.fstat(fd)
        blob = self._stored.get(files.change_stamp(before)) or self._hashed(fd, before, path)
        is_held = blob.digest in self._held or self.exists(blob.digest)
        if before.st_size <= LARGE_BYTES and not is_held:
            content = b"".join(files.read_chunks(fd))
            if files.has_hash(hashlib.sha256(content).hexdigest(), blob.digest):
                self._hold(blob.digest, content)
        return blob

    def _hashed(self, fd: int, before: os.stat_result, path: Path) -> Blob:
        """Hash a file; return a substitute if the budget of this thread does not allow it."""
        self._budget.left -= before.st_size
        stamp = files.change_stamp(before)
        if self._budget.left < 0:
            blob = Blob(f"sha256:{hashlib.sha256(repr(stamp).encode()).hexdigest()}", 0)
            self._unread.add(blob.digest)
            return blob
        blob = Blob(f"sha256:{files.hash_file(fd)}", before.st_size)
        files.refuse_changed(before, os.fstat(fd), path)
        if time.time() - before.st_mtime > COARSE_SECONDS:
            if len(self._stored) > REMEMBERED:
                self._stored.clear()
            self._stored[stamp] = blob
        return blob

    def _hold(self, digest: str, content: bytes) -> None:
        """Keep bytes that are not stored; forget all earlier ones if they become too many."""
        if digest in self._held or self.exists(digest):
            return
        if self._held_bytes + len(content) > MOST_HELD_BYTES:
            self._held, self._held_bytes = {}, 0
        self._held[digest] = content
        self._held_bytes += len(content)
