"""Read and write open files: hash, copy, clone, lock, checked reading, and writing of blobs."""

import contextlib
import errno
import fcntl
import hashlib
import io
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import msgspec

from nbyard.errors import Busy, Conflict, Damaged, Unavailable
from nbyard.reasons.structs import Reason, because

CHUNK = 1 << 20
MIB = 1 << 20
# From linux/fs.h: lets two files share their blocks until one of them is changed.
FICLONE = 0x40049409
LOCK_SECONDS = 10.0
# FAT stores times in units of 2 s.
COARSE_SECONDS = 2
LOCK_PAUSE_SECONDS = 0.01
FULL = (errno.ENOSPC, errno.EDQUOT)
CLONELESS = (errno.EOPNOTSUPP, errno.ENOTTY)
CHECK_ROOM_EVERY = 32 * CHUNK


class CheckedReader(io.RawIOBase):
    """A reader of stored bytes that verifies their digest.

    It reads one piece ahead, and returns the last piece only if all bytes match the digest.
    Otherwise it raises `Damaged`.
    """

    def __init__(self, fd: int, digest: str):
        self._fd = fd
        self._digest = digest
        self._hash = hashlib.sha256()
        self._held = memoryview(b"")
        self._ahead = self._next()

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._held:
            self._held, self._ahead = self._ahead, self._next()
            if not self._ahead and not has_hash(self._hash.hexdigest(), self._digest):
                self._held = memoryview(b"")
                raise damaged_error(self._digest)
        count = min(len(buffer), len(self._held))
        buffer[:count] = self._held[:count]
        self._held = self._held[count:]
        return count

    def _next(self) -> memoryview:
        piece = os.read(self._fd, CHUNK)
        self._hash.update(piece)
        return memoryview(piece)

    def close(self) -> None:
        if not self.closed:
            os.close(self._fd)
        super().close()


def has_hash(hexdigest: str, digest: str) -> bool:
    """Return whether a digest such as "sha256:…" has this hash. The algorithm is ignored."""
    return digest.partition(":")[2] == hexdigest


def damaged_error(digest: str) -> Damaged:
    """Build the error for bytes that do not match their digest."""
    return Damaged(f"the stored content does not match its digest {digest}")


def hash_file(fd: int) -> str:
    """Return the SHA-256 of an open file in hexadecimal."""
    hasher = hashlib.sha256()
    for chunk in read_chunks(fd):
        hasher.update(chunk)
    return hasher.hexdigest()


def read_chunks(fd: int) -> Iterator[bytes]:
    """Yield the bytes of an open file in pieces of up to 1 MiB, from its start."""
    # pread leaves the position of the shared descriptor alone.
    offset = 0
    while chunk := os.pread(fd, CHUNK, offset):
        offset += len(chunk)
        yield chunk


def write_all(fd: int, data: bytes | memoryview) -> None:
    """Write all bytes to a descriptor, in several calls if a write is partial."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def clone_blocks(source: int, target: int) -> bool | None:
    """Copy a file by sharing its blocks (reflink); return whether it succeeded.

    Returns None if the file system cannot clone at all.
    """
    try:
        fcntl.ioctl(target, FICLONE, source)
    except OSError as problem:
        # Other errors concern only this pair of files, such as different file systems.
        return None if problem.errno in CLONELESS else False
    return True


class Cloner:
    """A function that clones files. It stops trying once the file system cannot clone at all."""

    def __init__(self) -> None:
        self._never = False

    def __call__(self, source: int, target: int) -> bool:
        cloned = None if self._never else clone_blocks(source, target)
        self._never = cloned is None
        return bool(cloned)


def hard_link(source: Path, target: Path) -> bool:
    """Replace `target` with a hard link to `source`; return False if that is impossible."""
    temporary = target.with_name(f".{target.name[:60]}.link")
    try:
        os.link(source, temporary)
    except OSError:
        return False
    # link() cannot replace a file, so link beside it and rename.
    os.replace(temporary, target)
    return True


def copy_checked(source: int, target: int, digest: str) -> None:
    """Copy an open file to another one and verify its digest.

    Raises:
        Damaged: The bytes do not match the digest.
    """
    hasher = hashlib.sha256()
    for chunk in read_chunks(source):
        hasher.update(chunk)
        write_all(target, chunk)
    if not has_hash(hasher.hexdigest(), digest):
        raise damaged_error(digest)


def create(path: str) -> int:
    """Create a file for writing; it must not exist yet."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)


@contextlib.contextmanager
def closing(fd: int) -> Iterator[int]:
    """Close the descriptor at the end of the block."""
    try:
        yield fd
    finally:
        os.close(fd)


@contextlib.contextmanager
def lock_file(path: str) -> Iterator[int]:
    """Open a lock file for the duration of the block; it is not locked yet."""
    with closing(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)) as fd:
        yield fd


def lock_shared(fd: int) -> None:
    """Lock a file in shared mode.

    Waits up to 10 s while another process holds the lock exclusively.

    Raises:
        Busy: The other process keeps the lock.
    """
    end = time.monotonic() + LOCK_SECONDS
    while not _lock(fd, fcntl.LOCK_SH):
        if time.monotonic() > end:
            raise Busy("Unused content is being deleted. Try again in a moment.")
        time.sleep(LOCK_PAUSE_SECONDS)


def lock_exclusive(fd: int) -> bool:
    """Lock a file exclusively, without waiting; return False if another process locked it."""
    return _lock(fd, fcntl.LOCK_EX)


def _lock(fd: int, how: int) -> bool:
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def change_stamp(status: os.stat_result) -> tuple[int, ...]:
    """Return a tuple that changes whenever the file is written to."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def is_settled(status: os.stat_result) -> bool:
    """Return whether a later write would change the stamp of a file.

    Clocks of file systems are coarse, so a write right after another one may keep the mtime.
    """
    return time.time() - status.st_mtime > COARSE_SECONDS


def refuse_changed(before: os.stat_result, after: os.stat_result, path: Path) -> None:
    """Check that a file did not change between two calls of stat.

    Raises:
        Conflict: the file changed while it was read.
    """
    # The ctime is ignored: adding a hard link changes it, too.
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise Conflict(f"{path} changed while it was read")


def sync_folder(folder: Path) -> None:
    """Sync a folder, so that its entries survive a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def disk_full(needed_bytes: int, kept_bytes: int = 0, free_bytes: int = 0) -> Unavailable:
    """Build the error for a full disk; `kept_bytes` is the reserve that stays free."""
    needed = max(needed_bytes, 1)
    why: Reason | str = because("disk-full-for-bytes", needed=needed)
    if kept_bytes:
        kept, free = (f"{count / MIB:,.1f} MiB" for count in (kept_bytes, free_bytes))
        why = (
            f"disk full: needs {needed:,} bytes in addition to the {kept} that nbyard keeps free;"
            f" {free} are free"
        )
    return Unavailable(why, hint="Free space on the disk of the store, then try again.")


@contextlib.contextmanager
def translated_disk_full(needed_bytes: int) -> Iterator[None]:
    """Translate "disk full" errors of the block into `Unavailable`."""
    try:
        yield
    except OSError as problem:
        if problem.errno in FULL:
            raise disk_full(needed_bytes) from problem
        raise


@contextlib.contextmanager
def translated_missing_space() -> Iterator[None]:
    """Translate errors of file creation: the disk has no space or no inodes.

    Raises:
        Unavailable: the disk has no room, or no free inodes.
    """
    try:
        yield
    except OSError as problem:
        if problem.errno not in FULL:
            raise
        raise Unavailable(
            "disk full: no file can be created",
            hint="Free space, or remove files where the file system has no inodes left.",
        ) from problem


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
