"""The mirror of a user's files on a shared service.

homes/<owner>/       the files, which operations read by path
homes/<owner>.json   what the last update put there
homes/<owner>.parts  the files of an update before they get their places
"""

from __future__ import annotations

import builtins
import hashlib
import os
import shutil
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from nbyard.blobs import DownloadRequest
from nbyard.blobs.file_operations import (
    closing,
    hash_file,
    lock_exclusive,
    lock_file,
    translated_disk_full,
)
from nbyard.domain.callers import Caller
from nbyard.domain.naming.names import check_folder_path
from nbyard.domain.projects.homes import (
    Home,
    HomeChange,
    HomeFile,
    HomeState,
    HomeUpdate,
    MovedStore,
    StoreMove,
)
from nbyard.errors import (
    Busy,
    Conflict,
    Damaged,
    Invalid,
    NbyardError,
    NewerSchema,
    NotFound,
    StaleWrite,
    TooLarge,
)
from nbyard.freezing.pushed_folders import home_folder
from nbyard.host.project_files import DOCUMENT, write_whole
from nbyard.host.safe_open import open_regular
from nbyard.reasons.structs import because
from nbyard.services.operation import operation
from nbyard.services.service_context import Service
from nbyard.services.workflows.file_tracking import record_save

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_FILES = 100_000
NOUNS = ("runs", "datasets", "workflows", "environments")  # as in MovedStore
PIECE = 1 << 20


class KeptFile(msgspec.Struct, frozen=True):
    """A file that has this digest while its size and time stay. Without a size, it is unsure."""

    digest: str = ""
    size_bytes: int = -1
    mtime_ns: int = 0
    executable: bool = False


class HomeRecord(msgspec.Struct, frozen=True):
    """What the last update put in the mirror, or an interrupted one was about to."""

    revision: int = 0
    files: dict[str, KeptFile] = {}


class HomeService(Service):
    """The files of a user's server that a shared service has: those that operations needed."""

    noun = "home"

    @operation("GET", "/home", scope="executables:read")
    def get(self, caller: Caller) -> Home:
        """List the files that the last update put in the mirror."""
        with self._locked(caller) as mirror:
            record = mirror.read()
        kept = record.files.items()
        files = [
            HomeFile(path, file.size_bytes, file.digest, file.executable) for path, file in kept
        ]
        return Home(record.revision, files)

    @operation("POST", "/home", scope="executables:write")
    def update(self, caller: Caller, body: HomeUpdate) -> HomeState:
        """Change files of the mirror, or list those whose bytes are missing.

        Raises:
            StaleWrite: another update came first.
            Conflict: the bytes of a file differ from its digest.
            OverQuota: the mirror does not fit into the disk quota.
        """
        with ExitStack() as opened:
            mirror = opened.enter_context(self._locked(caller))
            record = mirror.read()
            if body.revision != record.revision:
                raise StaleWrite
            size_bytes = self._check(caller, body, record)
            new = mirror.differing(body.files, record)
            self._context.blobs.ensure_room(sum(file.size_bytes for file in new))
            size, upload = 0, -1
            if body.upload:
                reading = self._context.uploads.reading(caller.name, body.upload)
                arrived, upload = opened.enter_context(reading)
                size = arrived.offset
            missing = mirror.stage(new, record, upload, _offsets(body, size))
            if missing:
                return HomeState(record.revision, missing)
            mirror.apply(record, body, new)
            with self._store.write() as c:
                source = f"home:{caller.name}"
                self._store.quotas.set_files(c, source, caller.name, size_bytes)
        if body.upload:
            self._context.uploads.delete(caller.name, body.upload)
        for file in new:
            if file.path.endswith(DOCUMENT):
                # A workflow that cannot be read has no version. The next request says why.
                with suppress(NbyardError):
                    record_save(self._context, caller, self._context.files.root / file.path)
        return HomeState(record.revision + 1)

    @operation("GET", "/home/changes", scope="executables:read")
    def changes(self, caller: Caller) -> builtins.list[HomeChange]:
        """List the files that operations wrote since the last update."""
        with self._locked(caller) as mirror:
            return mirror.changes()

    @operation("POST", "/home/store", scope="runs:write", status=201)
    def move_store(self, caller: Caller, body: StoreMove) -> MovedStore:
        """Add the datasets, workflows, runs and environments of a user's own store.

        All of them are added, or none.

        Raises:
            Conflict: a name is taken, the store was moved before, or work of it is under way.
            Invalid: the upload is no backup of a store.
            OverQuota: the store does not fit into the disk quota.
            TooLarge: it has too many rows.
        """
        from nbyard.backup.moving import move_store

        body.check()
        with self._locked(caller) as mirror:
            roots = body.root, str(mirror.root)
            with self._context.uploads.reading(caller.name, body.upload) as (arrived, backup):

                def check(size: int) -> None:
                    if size > arrived.offset:
                        raise Invalid.field("upload", "must not be compressed")

                self._context.blobs.ensure_room(arrived.offset)
                try:
                    archive = Path(f"/dev/fd/{backup}")
                    totals = move_store(self._store, archive, caller.name, roots, check)
                except (Damaged, NewerSchema, NotFound) as error:
                    raise Invalid.field("upload", str(error)) from None
        self._context.uploads.delete(caller.name, body.upload)
        counts = {noun: totals.rows.get(noun, 0) for noun in NOUNS}
        return MovedStore(**counts, size_bytes=totals.size_bytes)

    def content(self, caller: Caller, path: str) -> DownloadRequest:
        """Return a file of the mirror as a download.

        Raises:
            NotFound: there is no such file.
        """
        with self._locked(caller):
            real = self._context.files.locate(path)
            if not real.is_file():
                raise NotFound(because("no-file", path=path[:200]))
            return DownloadRequest(self._context.blobs.put_file(real).digest, real.name)

    @contextmanager
    def _locked(self, caller: Caller) -> Iterator[HomeMirror]:
        """Yield the mirror of the caller, which no other request updates meanwhile."""
        root = self._context.files.root
        if root != home_folder(self._store.folder, caller.name):
            raise Conflict("This server reads your files itself, so it keeps no mirror of them.")
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        with lock_file(f"{root}.lock") as fd:
            if not lock_exclusive(fd):
                raise Busy("Another request updates the mirror of your files. Try again.")
            yield HomeMirror(root)

    def _check(self, caller: Caller, body: HomeUpdate, record: HomeRecord) -> int:
        """Check an update; return the bytes of the mirror after it."""
        wanted = {file.path.removesuffix("/"): file.size_bytes for file in body.files}
        if len(wanted) < len(body.files):
            raise Invalid.field("files", "two files have the same path")
        for file in body.files:
            file.check()
            if any(str(folder) in wanted for folder in PurePosixPath(file.path).parents):
                raise Invalid.field("files", f"{file.path[:200]} is in a path that is a file")
        for path in body.removed:
            check_folder_path(path.removesuffix("/"), "removed")
        sizes = {path: file.size_bytes for path, file in record.files.items()} | wanted
        most = self._context.settings.max_upload_bytes
        if len(sizes) > MOST_FILES or sum(sizes.values()) > most:
            why = f"The mirror of a user may have at most {MOST_FILES:,} files and {most:,} bytes."
            raise TooLarge(why)
        size = sum(size for path, size in sizes.items() if path not in {*body.removed} - {*wanted})
        added = size - sum(file.size_bytes for file in record.files.values())
        if added > 0:
            with self._store.read() as c:
                self._store.quotas.check_disk(c, caller.name, added)
        return size


class HomeMirror:
    """The mirror in one folder, with its record beside it."""

    def __init__(self, root: Path):
        self.root = root
        self._record, self._parts = Path(f"{root}.json"), Path(f"{root}.parts")

    def read(self) -> HomeRecord:
        """Return what the mirror has, except for later changes by operations."""
        try:
            record = msgspec.json.decode(self._record.read_bytes(), type=HomeRecord)
        except FileNotFoundError:
            return HomeRecord()
        for path in [path for path, kept in record.files.items() if kept.size_bytes < 0]:
            del record.files[path]
            if file := self._file(record, path):
                record.files[path] = file
        return record

    def differing(self, files: list[HomeFile], record: HomeRecord) -> list[HomeFile]:
        """Return the files that the mirror does not have at their paths."""

        def has(file: HomeFile) -> bool:
            here = self._file(record, file.path)
            same = (file.digest, file.executable)
            return here is not None and (here.digest, here.executable) == same

        return [file for file in files if not has(file)]

    def stage(
        self, new: list[HomeFile], record: HomeRecord, upload: int, offsets: dict[str, int]
    ) -> list[str]:
        """Copy new files from the upload, or from elsewhere in the mirror, to `parts`.

        Return the paths of files whose bytes are in neither, one for each digest.

        Raises:
            Conflict: the upload has other bytes.
        """
        paths = {kept.digest: path for path, kept in record.files.items()}
        missing: dict[str, str] = {}
        shutil.rmtree(self._parts, ignore_errors=True)
        self._parts.mkdir(mode=0o700)
        for number, file in enumerate(new):
            part, offset = self._parts / str(number), offsets.get(file.digest)
            if offset is not None and not _copy(upload, offset, file, part):
                raise Conflict(f"{file.path[:200]} changed while it was sent. Try again.")
            if offset is None and file.digest:
                is_copied = False
                source = self.root / paths.get(file.digest, "")  # a folder if there is none
                with suppress(Invalid, NotFound), closing(open_regular(source)) as fd:
                    is_copied = _copy(fd, 0, file, part)
                if not is_copied:
                    missing.setdefault(file.digest, file.path)
        return [*missing.values()]

    def apply(self, record: HomeRecord, body: HomeUpdate, new: list[HomeFile]) -> None:
        """Remove files, and move the staged ones to their places."""
        removed = {*body.removed} - {file.path for file in body.files}
        # If this is interrupted, the next update looks which of the files are in place.
        unsure = dict.fromkeys([*removed, *(file.path for file in new)], KeptFile())
        self._write(HomeRecord(record.revision + 1, record.files | unsure))
        for path in removed:
            self._remove(path)
        for number, file in enumerate(new):
            self._place(file, self._parts / str(number))
        files = {path: kept for path, kept in record.files.items() if path not in removed}
        new_files = {file.path: self._file(record, file.path) for file in body.files}
        files |= {path: file for path, file in new_files.items() if file}
        self._write(HomeRecord(record.revision + 1, files))

    def changes(self) -> list[HomeChange]:
        """Return the files that differ from the record, because operations wrote them."""
        record, changes = self.read(), []
        places = (str(place.relative_to(self.root)) for place in self.root.rglob("*"))
        # Operations write no hidden files. An interrupted one leaves a hidden part.
        visible = {place for place in places if not f"/{place}".count("/.")}
        for path in sorted({*record.files} | visible):
            was = record.files.get(path, KeptFile()).digest
            file = self._file(record, path) or KeptFile("", 0)
            if file.digest != was:
                changes.append(HomeChange(path, file.size_bytes, file.digest, was))
        return changes

    def _file(self, record: HomeRecord, path: str) -> KeptFile | None:
        """Return the file that is at a path, None without one. Unchanged files are not read."""
        place, kept = self.root / path, record.files.get(path, KeptFile())
        if path.endswith("/"):
            return KeptFile("", 0) if place.is_dir() else None
        try:
            fd = open_regular(place)
        except (Invalid, NotFound):
            return None
        with closing(fd):
            status, digest = os.fstat(fd), kept.digest
            if (status.st_size, status.st_mtime_ns) != (kept.size_bytes, kept.mtime_ns):
                digest = f"sha256:{hash_file(fd)}"
        is_executable = bool(status.st_mode & 0o100)
        return KeptFile(digest, status.st_size, status.st_mtime_ns, is_executable)

    def _remove(self, path: str) -> None:
        place = self.root / path
        with suppress(OSError):  # it is gone, or an operation wrote in the folder
            place.rmdir() if path.endswith("/") else place.unlink()
            while (place := place.parent) != self.root:
                place.rmdir()

    def _place(self, file: HomeFile, part: Path) -> None:
        target = self.root / file.path
        folder = target.parent if file.digest else target
        for place in (folder, *folder.parents):
            if place.is_file():  # it became a folder
                place.unlink()
        folder.mkdir(parents=True, exist_ok=True)
        if file.digest:
            if target.is_dir():
                shutil.rmtree(target)
            part.replace(target)

    def _write(self, record: HomeRecord) -> None:
        with translated_disk_full(0):
            write_whole(self._record, msgspec.json.encode(record))


def _offsets(body: HomeUpdate, size: int) -> dict[str, int]:
    """Return where the upload has the bytes of each digest."""
    files, offsets, offset = {file.path: file for file in body.files}, dict[str, int](), 0
    for path in body.sent:
        if path not in files:
            raise Invalid.field("sent", f"{path[:200]} is not among the files")
        offsets[files[path].digest] = offset
        offset += files[path].size_bytes
    if offset != size:
        raise Invalid.field("upload", f"has {size:,} bytes, but its files have {offset:,}")
    return offsets


def _copy(source: int, offset: int, file: HomeFile, part: Path) -> bool:
    """Copy the bytes of a file; return whether they match its digest."""
    hasher, left = hashlib.sha256(), file.size_bytes
    with translated_disk_full(left), part.open("wb") as target:
        os.fchmod(target.fileno(), 0o755 if file.executable else 0o644)
        while left and (piece := os.pread(source, min(left, PIECE), offset)):
            hasher.update(piece)
            target.write(piece)
            offset, left = offset + len(piece), left - len(piece)
    return f"sha256:{hasher.hexdigest()}" == file.digest
