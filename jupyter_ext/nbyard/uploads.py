"""Uploads that arrive in pieces and can go on after a broken connection.

uploads/<id>/upload.json   the file's name and, if told, its size
uploads/<id>/part          the bytes so far; its length is the offset to go on from
"""

import contextlib
import fcntl
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from nbyard.blobs import Blob, Blobs
from nbyard.blobs.files import chunks, disk_full_in_words, hash_file, sync_folder, write_all
from nbyard.domain.names import check_filename
from nbyard.errors import Conflict, Detail, Invalid, NotFound, TooLarge

FOLDER = "uploads"
MAX_BYTES = 1 << 40
ABANDONED_SECONDS = 24 * 3600
ID = re.compile(r"[0-9a-f]{32}\Z")
SHA256 = re.compile(r"[0-9a-fA-F]{64}\Z")


class Upload(msgspec.Struct, frozen=True):
    """An upload under way; the next piece begins at `offset`."""

    id: str
    filename: str
    offset: int
    size_bytes: int | None = None


class _Told(msgspec.Struct):
    filename: str
    size_bytes: int | None = None


class UploadPiece:
    """Takes bytes at the end of an upload. What was written stays when the connection breaks."""

    def __init__(self, fd: int, offset: int, limit: int, blobs: Blobs):
        self._fd = fd
        self._limit = limit
        self._blobs = blobs
        self.offset = offset

    def write(self, data: bytes | memoryview) -> None:
        if self.offset + len(data) > self._limit:
            raise TooLarge(f"the upload may have at most {self._limit:,} bytes")
        self._blobs.ensure_room(len(data))
        with disk_full_in_words(len(data)):
            write_all(self._fd, data)
        self.offset += len(data)


class Uploads:
    """The uploads below one folder, which is on the file system of the blobs."""

    def __init__(self, root: Path, blobs: Blobs, max_bytes: int = MAX_BYTES):
        self.root = root
        self._blobs = blobs
        self._max_bytes = max_bytes
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def create(self, filename: str, size_bytes: int | None = None) -> Upload:
        filename = check_filename(filename)
        if size_bytes is not None:
            if size_bytes < 0:
                raise Invalid.field("size_bytes", "may not be negative")
            if size_bytes > self._max_bytes:
                raise TooLarge(f"an upload may have at most {self._max_bytes:,} bytes")
            self._blobs.ensure_room(size_bytes)
        upload_id = uuid.uuid4().hex
        with disk_full_in_words(0):
            folder = self.root / upload_id
            folder.mkdir(mode=0o700)
            (folder / "part").touch(mode=0o600)
            told = msgspec.json.encode(_Told(filename, size_bytes))
            (folder / "upload.json").write_bytes(told)
            sync_folder(self.root)
        return Upload(upload_id, filename, 0, size_bytes)

    def get(self, upload_id: str) -> Upload:
        folder = self._folder(upload_id)
        try:
            told = msgspec.json.decode((folder / "upload.json").read_bytes(), type=_Told)
            offset = (folder / "part").stat().st_size
        except (FileNotFoundError, msgspec.DecodeError) as missing:
            raise NotFound("there is no such upload; it may be finished or abandoned") from missing
        return Upload(upload_id, told.filename, offset, told.size_bytes)

    def pending(self) -> list[Upload]:
        found = []
        for folder in self.root.iterdir():
            with contextlib.suppress(NotFound):
                found.append(self.get(folder.name))
        return found

    @contextlib.contextmanager
    def appending(self, upload_id: str, offset: int) -> Iterator[UploadPiece]:
        """Write a piece that begins at `offset`; a Conflict tells the right one."""
        with self._locked(upload_id) as (upload, fd):
            if offset != upload.offset:
                raise Conflict(
                    f"the upload goes on at {upload.offset}, not at {offset}",
                    details=[Detail("offset", str(upload.offset))],
                )
            limit = self._max_bytes if upload.size_bytes is None else upload.size_bytes
            try:
                yield UploadPiece(fd, offset, limit, self._blobs)
            finally:
                with disk_full_in_words(0):
                    os.fsync(fd)

    def append(self, upload_id: str, offset: int, pieces: Iterable[bytes]) -> Upload:
        with self.appending(upload_id, offset) as piece:
            for chunk in pieces:
                piece.write(chunk)
        return self.get(upload_id)

    def content(self, upload_id: str, limit: int) -> tuple[Upload, bytes]:
        """The bytes, if they are all there; the upload stays.

        Raises:
            TooLarge: there are more than `limit`.
        """
        with self._locked(upload_id) as (upload, fd):
            _check_whole(upload)
            if upload.offset > limit:
                raise TooLarge(f"{upload.filename} has more than {limit:,} bytes")
            return upload, b"".join(chunks(fd))

    def finish(self, upload_id: str, sha256: str = "") -> tuple[Upload, Blob]:
        """Make the bytes a blob, if they are all there and fit the stated checksum."""
        if sha256 and not SHA256.match(sha256):
            raise Invalid.field("sha256", "must be 64 hexadecimal digits")
        with self._locked(upload_id) as (upload, fd):
            _check_whole(upload)
            part = self._folder(upload_id) / "part"
            if sha256:
                _check_sum(fd, sha256)
            blob = self._blobs.put_file(part, move=True)
        self.delete(upload_id)
        return upload, blob

    def delete(self, upload_id: str) -> None:
        shutil.rmtree(self._folder(upload_id), ignore_errors=True)

    def sweep(self, older_than_seconds: float = ABANDONED_SECONDS) -> int:
        """Remove uploads to which nothing was added for long; one that is being written is kept."""
        removed = 0
        for folder in self.root.iterdir():
            if not ID.match(folder.name):
                continue
            with contextlib.suppress(FileNotFoundError, NotFound, Conflict):
                part = folder / "part"
                newest = (part if part.exists() else folder).stat().st_mtime
                if time.time() - newest < older_than_seconds:
                    continue
                with self._locked(folder.name) if part.exists() else contextlib.nullcontext():
                    shutil.rmtree(folder, ignore_errors=True)
                    removed += 1
        return removed

    def _folder(self, upload_id: str) -> Path:
        if not ID.match(upload_id):
            raise NotFound("there is no such upload; it may be finished or abandoned")
        return self.root / upload_id

    @contextlib.contextmanager
    def _locked(self, upload_id: str) -> Iterator[tuple[Upload, int]]:
        self.get(upload_id)
        part = self._folder(upload_id) / "part"
        try:
            fd = os.open(part, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError as missing:
            raise NotFound("there is no such upload; it may be finished or abandoned") from missing
        try:
            _lock(fd)
            yield self.get(upload_id), fd
        finally:
            os.close(fd)


def _check_whole(upload: Upload) -> None:
    if upload.size_bytes is not None and upload.offset != upload.size_bytes:
        raise Conflict(
            f"{upload.offset:,} of {upload.size_bytes:,} bytes have arrived",
            details=[Detail("offset", str(upload.offset))],
        )


def _lock(fd: int) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as taken:
        raise Conflict("another request is writing to this upload") from taken


def _check_sum(fd: int, sha256: str) -> None:
    found = hash_file(fd)
    if found != sha256.lower():
        raise Invalid.field("sha256", f"the bytes have the checksum {found}, not the stated one")
