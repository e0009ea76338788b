"""What a backup contains, and how one is written from a store that may be in use."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec

from nbyard import __version__
from nbyard.attempts.folders import is_own, is_record
from nbyard.blobs import Blobs
from nbyard.domain.attempts.structs import PLACES
from nbyard.errors import Conflict, NotFound, Unavailable
from nbyard.host import clock
from nbyard.store import Store
from nbyard.store.database.row_checks import dump
from nbyard.store.migrate import schema_of

HEADER, END, TABLES, KEY = "backup.json", "end.json", "tables/", "crypt.key"
FORMAT = 1
OWNER_ONLY = 0o600
COMPRESSED = (".gz", ".tgz")
IN_MEMORY = 16 * 2**20


class Header(msgspec.Struct, frozen=True):
    """The format of a backup, and which nbyard wrote it from which store, and when.

    `schema` is the revision of the database schema. `folder` is the store's folder on its machine.
    """

    format: int
    nbyard: str
    schema: str
    store_id: str
    created_at: datetime
    folder: str


class Totals(msgspec.Struct, frozen=True):
    """What a backup contains: rows by table, number and size of files, and a checksum."""

    rows: dict[str, int]
    files: int
    size_bytes: int
    checksum: str
    has_key: bool = False


class Checksum:
    """The SHA-256 of the names and bytes of all members except the last."""

    def __init__(self) -> None:
        self._sum = hashlib.sha256()

    def through(self, name: str, file: IO[bytes]) -> io.BufferedReader:
        """Return a reader of a member's bytes. What is read is added to the checksum."""
        self._sum.update(f"{name}\n".encode())
        return io.BufferedReader(_Summed(file, self._sum), 1 << 16)

    def text(self) -> str:
        """Return the checksum of everything that was read so far, as hexadecimal digits."""
        return self._sum.hexdigest()


class _Summed(io.RawIOBase):
    def __init__(self, file: IO[bytes], total: hashlib._Hash):
        self._file = file
        self._total = total

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview[int]) -> int:  # type: ignore[override]
        chunk = self._file.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self._total.update(chunk)
        return len(chunk)


def write_backup(store: Store, target: Path, with_key: bool = False) -> Totals:
    """Write an archive of all rows, the blobs that they refer to, and the records of attempts.

    All rows are of the same moment. No blob is deleted meanwhile, although work continues. `target`
    appears when the archive is complete, and only its owner can read it. The archive is compressed
    if the name ends with .gz or .tgz.

    Raises:
        Conflict: `target` exists.
        NotFound: The folder of `target` does not exist, or a blob is missing.
        Unavailable: The disk is full or cannot be written.
    """
    if target.exists():
        raise Conflict(f"The file {target} already exists.")
    if not target.parent.is_dir():
        raise NotFound(f"there is no folder '{target.parent}'")
    blobs = Blobs(store.folder / "blobs")
    part = target.with_name(f".{target.name}.part")
    try:
        with blobs.without_collection(), _archive(part, target.name.endswith(COMPRESSED)) as tar:
            totals = _Writer(tar, store, blobs).write(with_key)
        os.link(part, target)  # unlike a rename, it never replaces a file
    except FileExistsError:
        raise Conflict(f"The file {target} already exists.") from None
    except OSError as error:
        raise Unavailable(f"The backup was not written: {error.strerror or error}.") from None
    finally:
        part.unlink(missing_ok=True)
    return totals


@contextmanager
def _archive(part: Path, is_compressed: bool) -> Iterator[tarfile.TarFile]:
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, OWNER_ONLY)
    with os.fdopen(handle, "wb") as file:
        if is_compressed:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=3) as tar:
                yield tar
        else:
            with tarfile.open(fileobj=file, mode="w") as tar:
                yield tar
        file.flush()
        os.fsync(file.fileno())


class _Writer:
    def __init__(self, tar: tarfile.TarFile, store: Store, blobs: Blobs):
        self._tar = tar
        self._store = store
        self._blobs = blobs
        self._checksum = Checksum()
        self._files = 0
        self._bytes = 0

    def write(self, with_key: bool) -> Totals:
        folder = self._store.folder
        with ExitStack() as stack:
            with self._store.read() as c:
                made = (schema_of(c), self._store.id, clock.now(), os.path.realpath(folder))
                header = Header(FORMAT, __version__, *made)
                # Rows go to temporary files first. Copying blobs takes long, and a read transaction
                # of that time would let the write-ahead log of SQLite grow.
                tables = {n: _spool_lines(stack, folder, lines) for n, lines in dump(c)}
                digests = self._store.digests_of_bytes(c)
                # Plans of tasks also name locks of environments, which are rows, and texts.
                named = {*self._store.tasks.digests(c)} - digests
                digests.update(digest for digest in named if self._blobs.path(digest).exists())
            for tree in [digest for digest in digests if digest.startswith("tree:")]:
                digests.update(entry.digest for entry in self._blobs.tree(tree).files)
            self._put(HEADER, header)
            for digest in sorted(digests):
                self._add(self._blobs.path(digest))
            for inside, subfolders, names in os.walk(folder / "attempts"):
                # The files that stay: not code, data and secrets.
                subfolders[:] = sorted(n for n in subfolders if n == PLACES or not is_own(n))
                for name in filter(is_record, sorted(names)):
                    with suppress(NotFound):  # a running attempt may delete it meanwhile
                        self._add(Path(inside, name))
            has_key = with_key and (folder / KEY).exists()
            if has_key:
                self._add(folder / KEY)
            for name, (file, _) in tables.items():
                self._write(f"{TABLES}{name}.jsonl", file, file.tell())
            rows = {name: count for name, (_, count) in tables.items()}
            counts = (rows, self._files, self._bytes, self._checksum.text())
            totals = Totals(*counts, has_key)
            self._put(END, totals)
        return totals

    def _add(self, path: Path) -> None:
        """Add a regular file with its present size.

        A process may append to the file meanwhile.

        Raises:
            NotFound: The file does not exist.
        """
        try:
            # Without O_NONBLOCK, opening a FIFO would wait for a writer.
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            raise NotFound(f"The file {path} is missing from the store.") from None
        with os.fdopen(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                return
            content: IO[bytes] = io.BytesIO(file.read(IN_MEMORY + 1))
            size = content.seek(0, os.SEEK_END)
            content.seek(0)
            if size > IN_MEMORY:
                file.seek(0)
                size = status.st_size
                content = io.BufferedReader(_FixedSize(file, size))
            name = str(path.relative_to(self._store.folder))
            self._write(name, content, size, status.st_mode & 0o700)
            self._files += 1
            self._bytes += size

    def _put(self, name: str, content: msgspec.Struct) -> None:
        file = io.BytesIO(msgspec.json.encode(content))
        self._write(name, file, file.getbuffer().nbytes)

    def _write(self, name: str, file: IO[bytes], size: int, mode: int = OWNER_ONLY) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = size, mode, clock.now().timestamp()
        if name.startswith(TABLES):
            file.seek(0)
        self._tar.addfile(member, self._checksum.through(name, file))


class _FixedSize(io.RawIOBase):
    """A file, too large for the memory, with the size that its header in the archive states.

    Another process may append to the file meanwhile: bytes beyond the size are not read, because
    they would count in the checksum. It may also truncate the file: NUL bytes replace the missing
    ones, as in archives of GNU tar.
    """

    def __init__(self, file: IO[bytes], size: int):
        self._file = file
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview[int]) -> int:  # type: ignore[override]
        size = min(len(buffer), self._left)
        buffer[:size] = self._file.read(size).ljust(size, b"\0")
        self._left -= size
        return size


def _spool_lines(stack: ExitStack, folder: Path, lines: Iterable[bytes]) -> tuple[IO[bytes], int]:
    """Write lines to a temporary file. Return the open file, and the number of lines."""
    file: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 -- the stack closes it
    stack.callback(file.close)
    count = 0
    for line in lines:
        file.write(line + b"\n")
        count += 1
    return file, count
