"""List the content of the blob store."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec


class StoredBlob(msgspec.Struct, frozen=True):
    """A stored blob. `since` is when it was last stored or linked, in seconds since 1970."""

    digest: str
    size_bytes: int
    since: float


def stored_blobs(root: Path) -> Iterator[StoredBlob]:
    """Yield all blobs, folders before the files that they list."""
    for algorithm in ("tree", "sha256"):
        for path in (root / algorithm).glob("??/*"):
            with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
                status = path.stat()
                digest = f"{algorithm}:{path.parent.name}{path.name}"
                yield StoredBlob(digest, status.st_size, max(status.st_mtime, status.st_ctime))
