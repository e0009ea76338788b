"""A blob store for forecasts of runs: it computes digests, but writes no bytes."""

import hashlib
import io
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from nbyard.blobs import file_operations as files
from nbyard.blobs.file_operations import Blob
from nbyard.blobs.store import Blobs
from nbyard.blobs.trees import Tree, encode_tree
from nbyard.errors import NotFound
from nbyard.reasons.structs import because

MOST_HELD_BYTES = 128 << 20
# A request hashes at most that many bytes of new and changed files.
MOST_HASHED_BYTES = 256 << 20
LARGE_BYTES = 1 << 20  # the content of larger files is not held
# A substitute for a digest begins with 32 zeros, which no real hash has.
UNREAD = "0" * 32


class RequestState(threading.local):
    """The number of bytes that this thread may still hash, and the folders that it holds."""

    def __init__(self) -> None:
        self.bytes_left = 0
        self.trees: dict[str, Tree] = {}


class DryBlobs(Blobs):
    """A blob store that writes no bytes. New files are only hashed; small ones stay in memory.

    Files that are too large to hash get a substitute for their digest, and so do folders that
    contain such a file. Digests of unchanged files are shared with `stored`. Threads may use the
    store at the same time, each in a block of `one_request`.
    """

    def __init__(self, stored: Blobs):
        super().__init__(stored.root, stored.reserve_bytes)
        self._stored = stored._stored
        self._request = RequestState()
        self._holding = threading.Lock()
        self._held: dict[str, bytes] = {}
        self._held_bytes = 0

    @contextmanager
    def one_request(self) -> Iterator[None]:
        """Limit the bytes that this thread hashes during the block to MOST_HASHED_BYTES.

        Files beyond this limit get a substitute for their digest. Folders stay in memory until the
        end of the block.
        """
        self._request.bytes_left = MOST_HASHED_BYTES
        try:
            yield
        finally:
            self._request.bytes_left = 0
            self._request.trees = {}

    def is_unread(self, digest: str) -> bool:
        """Return whether a digest is a substitute: its file was too large to hash.

        The digest of a folder with such a file is a substitute too.
        """
        return digest.partition(":")[2].startswith(UNREAD)

    def put_bytes(self, content: bytes, algorithm: str = "sha256") -> Blob:
        """Return the blob of these bytes; keep them in memory if they are not stored."""
        blob = Blob(f"{algorithm}:{hashlib.sha256(content).hexdigest()}", len(content))
        self._hold(blob.digest, content)
        return blob

    def put_tree(self, tree: Tree) -> Blob:
        """Return the blob of a folder; keep the folder in memory until the request ends."""
        content = encode_tree(tree)
        if any(self.is_unread(entry.digest) for entry in tree.files):
            digest = _substitute("tree", content)
        else:
            digest = f"tree:{hashlib.sha256(content).hexdigest()}"
        if not self.exists(digest):
            # decoded, so that its entries have the order of a stored tree
            self._request.trees[digest] = msgspec.json.decode(content, type=Tree)
        return Blob(digest, sum(entry.size_bytes for entry in tree.files))

    def open(self, digest: str) -> BinaryIO:
        """Open bytes that are stored or in memory.

        Raises:
            NotFound: the file is new and large, so that only its digest is known.
        """
        if (content := self._held.get(digest)) is not None:
            return io.BytesIO(content)
        if digest.startswith("sha256:") and not self.exists(digest):
            raise NotFound(because("file-not-read"))
        return super().open(digest)

    def tree(self, digest: str) -> Tree:
        """Return the entries of a folder that is stored or in memory."""
        return self._request.trees.get(digest) or super().tree(digest)

    def _put_open(
        self,
        fd: int,
        path: Path,
        dir_fd: int | None,
        move: bool,
        promise: Callable[[Blob], None] | None = None,
    ) -> Blob:
        before = os.fstat(fd)
        blob = self._stored.get(files.change_stamp(before)) or self._hash_or_substitute(
            fd, before, path
        )
        if self.is_unread(blob.digest) or before.st_size > LARGE_BYTES:
            return blob
        if blob.digest not in self._held and not self.exists(blob.digest):
            content = b"".join(files.read_chunks(fd))
            if files.has_hash(hashlib.sha256(content).hexdigest(), blob.digest):
                self._hold(blob.digest, content)
        return blob

    def _hash_or_substitute(self, fd: int, before: os.stat_result, path: Path) -> Blob:
        """Hash a file, or return a substitute if it exceeds the bytes left to the request."""
        if before.st_size > self._request.bytes_left:
            stamp = repr(files.change_stamp(before)).encode()
            return Blob(_substitute("sha256", stamp), before.st_size)
        self._request.bytes_left -= before.st_size
        blob = Blob(f"sha256:{files.hash_file(fd)}", before.st_size)
        files.refuse_changed(before, os.fstat(fd), path)
        self._remember(before, blob)
        return blob

    def _hold(self, digest: str, content: bytes) -> None:
        """Keep bytes in memory unless they are stored; remove the oldest beyond a limit."""
        with self._holding:
            if digest in self._held or self.exists(digest):
                return
            self._held[digest] = content
            self._held_bytes += len(content)
            while self._held_bytes > MOST_HELD_BYTES and len(self._held) > 1:
                self._held_bytes -= len(self._held.pop(next(iter(self._held))))


def _substitute(algorithm: str, identity: bytes) -> str:
    """Return a substitute for the digest of unread bytes. Equal identities give equal texts."""
    return f"{algorithm}:{UNREAD}{hashlib.sha256(identity).hexdigest()[:32]}"
