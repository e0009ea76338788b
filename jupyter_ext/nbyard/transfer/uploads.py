"""Receives uploads in pieces, so that an interrupted upload can be resumed.

    uploads/<id>/upload.json   the owner, the file name, the size if known; at the end the digest
    uploads/<id>/part          the bytes so far, whose number is the offset to resume from

At the end, the bytes become a blob. The upload stays until a row refers to the blob, so that the
same request can be repeated. Only the owner can see an upload.
"""

import contextlib
import fcntl
import os
import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from nbyard.blobs import Blob, Blobs
from nbyard.blobs.file_operations import read_chunks, sync_folder, translated_disk_full, write_all
from nbyard.domain.datasets.structs import Upload
from nbyard.domain.naming.names import check_filename
from nbyard.errors import Conflict, Detail, Invalid, NotFound, TooLarge
from nbyard.host.project_files import write_whole

Check = Callable[[int], None]
FOLDER = "uploads"
MAX_BYTES = 1 << 40
ABANDONED_SECONDS = 24 * 3600
# An ID of a client becomes the name of a folder, so it must not lead elsewhere.
ID = re.compile(r"[0-9a-f]{32}\Z")
SHA256 = re.compile(r"[0-9a-fA-F]{64}\Z")


class _UploadRecord(msgspec.Struct, frozen=True):
    owner: str
    filename: str
    size_bytes: int | None = None
    taken: Blob | None = None


class UploadWriter:
    """Appends bytes to an upload. They stay if the connection breaks."""

    def __init__(self, fd: int, offset: int, limit: int, blobs: Blobs, check: Check):
        self._fd = fd
        self._check = check
        self._limit = limit
        self._blobs = blobs
        self.offset = offset

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes, and advance the offset.

        Raises:
            TooLarge: The upload exceeds its announced size.
            OverQuota: The upload exceeds what is left of a quota.
            Unavailable: The disk is full.
        """
        if self.offset + len(data) > self._limit:
            raise TooLarge(f"the upload may have at most {self._limit:,} bytes")
        self._check(self.offset + len(data))
        self._blobs.ensure_room(len(data))
        # Other writers may have used the space since the check.
        with translated_disk_full(len(data)):
            write_all(self._fd, data)
        self.offset += len(data)


class Uploads:
    """The uploads in one folder, which must be on the file system of the blobs."""

    def __init__(self, root: Path, blobs: Blobs, max_bytes: int = MAX_BYTES):
        self.root = root
        self._blobs = blobs
        self._max_bytes = max_bytes
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def create(self, owner: str, filename: str, size_bytes: int | None = None) -> Upload:
        """Create an upload, after checking its name, its announced size and the free space.

        Raises:
            Invalid: The name or the size is refused.
            TooLarge: The size is above the limit.
            Unavailable: The disk has no space for the upload.
        """
        filename = check_filename(filename)
        if size_bytes is not None:
            if size_bytes < 0:
                raise Invalid.field("size_bytes", "may not be negative")
            if size_bytes > self._max_bytes:
                raise TooLarge(f"an upload may have at most {self._max_bytes:,} bytes")
            self._blobs.ensure_room(size_bytes)
        upload_id = uuid.uuid4().hex
        with translated_disk_full(0):
            folder = self.root / upload_id
            folder.mkdir(mode=0o700)
            (folder / "part").touch(mode=0o600)
            _write_record(folder, _UploadRecord(owner, filename, size_bytes))
            sync_folder(self.root)
        return Upload(upload_id, filename, 0, size_bytes)

    def get(self, owner: str, upload_id: str) -> Upload:
        """Return an upload with its current offset.

        Raises:
            NotFound: The upload does not exist, or belongs to another owner.
        """
        record = self._record(owner, upload_id)
        if record.taken is not None:
            return Upload(upload_id, record.filename, record.taken.size_bytes, record.size_bytes)
        try:
            offset = (self._folder(upload_id) / "part").stat().st_size
        except FileNotFoundError as missing:
            raise _unknown() from missing
        return Upload(upload_id, record.filename, offset, record.size_bytes)

    def _record(self, owner: str, upload_id: str) -> _UploadRecord:
        record = _read(self._folder(upload_id))
        # The error is the same for both cases: it does not reveal uploads of others.
        if record is None or record.owner != owner:
            raise _unknown()
        return record

    def finished_digests(self) -> Iterator[str]:
        """Yield the digests of finished uploads. No row may refer to these blobs yet."""
        for folder in self.root.iterdir():
            record = _read(folder)
            if record is not None and record.taken is not None:
                yield record.taken.digest

    def size_bytes(self, owner: str, without: str = "") -> int:
        """Return the bytes of an owner's uploads, as announced.

        Without an announced size, those that arrived count. The upload `without` does not count.
        """
        sizes = [0]
        for folder in self.root.iterdir():
            record = _read(folder)
            if record is not None and record.owner == owner and folder.name != without:
                with contextlib.suppress(NotFound):
                    sizes.append(record.size_bytes or self.get(owner, folder.name).offset)
        return sum(sizes)

    @contextlib.contextmanager
    def appending(
        self, owner: str, upload_id: str, offset: int, check: Check = lambda _: None
    ) -> Iterator[UploadWriter]:
        """Yield a writer for a piece that begins at `offset`.

        `check` refuses an upload of a size, by a quota.

        Raises:
            Conflict: The upload is finished, or continues at another offset, which the error names.
        """
        with self._locked(owner, upload_id) as (upload, fd):
            if self._record(owner, upload_id).taken is not None:
                raise Conflict("the upload is finished")
            if offset != upload.offset:
                raise Conflict(
                    f"the upload must continue at offset {upload.offset}, not at {offset}",
                    details=[Detail("offset", str(upload.offset))],
                )
            limit = self._max_bytes if upload.size_bytes is None else upload.size_bytes
            try:
                yield UploadWriter(fd, offset, limit, self._blobs, check)
            finally:
                with translated_disk_full(0):
                    os.fsync(fd)

    def append(self, owner: str, upload_id: str, offset: int, pieces: Iterable[bytes]) -> Upload:
        """Append all pieces at `offset`, and return the upload."""
        with self.appending(owner, upload_id, offset) as piece:
            for chunk in pieces:
                piece.write(chunk)
        return self.get(owner, upload_id)

    def content(self, owner: str, upload_id: str, limit: int) -> tuple[Upload, bytes]:
        """Return a complete upload and its bytes. The upload stays.

        Raises:
            Conflict: Bytes are missing.
            TooLarge: The upload has more than `limit` bytes.
        """
        with self.reading(owner, upload_id) as (upload, fd):
            if upload.offset > limit:
                raise TooLarge(f"{upload.filename} has more than {limit:,} bytes")
            return upload, b"".join(read_chunks(fd))

    @contextlib.contextmanager
    def reading(self, owner: str, upload_id: str) -> Iterator[tuple[Upload, int]]:
        """Yield a complete upload and a descriptor of its bytes. The upload stays.

        Raises:
            Conflict: Bytes are missing.
        """
        with self._locked(owner, upload_id) as (upload, fd):
            _check_whole(upload)
            yield upload, fd

    def finish(self, owner: str, upload_id: str, sha256: str = "") -> tuple[Upload, Blob]:
        """Move the bytes of a complete upload to a blob.

        A repeated call returns the same blob. The upload stays until it is deleted.

        Raises:
            Conflict: Bytes are missing.
            Invalid: The checksum differs from `sha256`.
        """
        if sha256 and not SHA256.match(sha256):
            raise Invalid.field("sha256", "must be 64 hexadecimal digits")
        record, folder = self._record(owner, upload_id), self._folder(upload_id)
        if record.taken is not None and self._blobs.exists(record.taken.digest):
            _check_sum(record.taken, sha256)
            return self.get(owner, upload_id), record.taken

        def promised(blob: Blob) -> None:
            _check_sum(blob, sha256)
            # Before the bytes move: a call after a crash finds them in the blob or in the part.
            _write_record(folder, msgspec.structs.replace(record, taken=blob))

        with self._locked(owner, upload_id) as (upload, _):
            _check_whole(upload)
            return upload, self._blobs.put_file(folder / "part", move=True, promise=promised)

    def delete(self, owner: str, upload_id: str) -> None:
        """Delete an upload. If it was finished, its blob stays."""
        with contextlib.suppress(NotFound):
            self._record(owner, upload_id)
            shutil.rmtree(self._folder(upload_id), ignore_errors=True)

    def sweep(self, older_than_seconds: float = ABANDONED_SECONDS) -> int:
        """Delete abandoned uploads that no request is writing. Return their number."""
        removed = 0
        for folder in self.root.iterdir():
            if not ID.match(folder.name):
                continue
            with contextlib.suppress(FileNotFoundError, NotFound, Conflict):
                part = folder / "part"
                # A finished upload has no part; its folder changed last.
                newest = (part if part.exists() else folder).stat().st_mtime
                if time.time() - newest < older_than_seconds:
                    continue
                with _lock(part) if part.exists() else contextlib.nullcontext():
                    shutil.rmtree(folder, ignore_errors=True)
                    removed += 1
        return removed

    def _folder(self, upload_id: str) -> Path:
        if not ID.match(upload_id):
            raise _unknown()
        return self.root / upload_id

    @contextlib.contextmanager
    def _locked(self, owner: str, upload_id: str) -> Iterator[tuple[Upload, int]]:
        self._record(owner, upload_id)
        with _lock(self._folder(upload_id) / "part") as fd:
            yield self.get(owner, upload_id), fd


@contextlib.contextmanager
def _lock(part: Path) -> Iterator[int]:
    try:
        fd = os.open(part, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError as missing:
        raise _unknown() from missing
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise Conflict("another request is writing to this upload") from taken
        is_there = False
        with contextlib.suppress(FileNotFoundError):
            is_there = os.path.samestat(os.fstat(fd), part.stat(follow_symlinks=False))
        if not is_there:  # another request finished the upload before we got the lock
            raise _unknown()
        yield fd
    finally:
        os.close(fd)


def _read(folder: Path) -> _UploadRecord | None:
    with contextlib.suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode((folder / "upload.json").read_bytes(), type=_UploadRecord)
    return None


def _write_record(folder: Path, record: _UploadRecord) -> None:
    with translated_disk_full(0):
        write_whole(folder / "upload.json", msgspec.json.encode(record))
        sync_folder(folder)


def _unknown() -> NotFound:
    return NotFound("upload not found; it may be finished or abandoned")


def _check_whole(upload: Upload) -> None:
    if upload.size_bytes is not None and upload.offset != upload.size_bytes:
        raise Conflict(
            f"{upload.offset:,} of {upload.size_bytes:,} bytes have arrived",
            details=[Detail("offset", str(upload.offset))],
        )


def _check_sum(blob: Blob, sha256: str) -> None:
    checksum = blob.digest.partition(":")[2]
    if sha256 and checksum != sha256.lower():
        raise Invalid.field(
            "sha256",
            f"the content has the checksum {checksum}, which differs from the expected one",
        )
