"""Restores a backup into an empty store, or tests that in a temporary folder."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any

import msgspec

from nbyard.attempts.folders import attempt_folder_of, delete_path
from nbyard.backup.writing import END, FORMAT, HEADER, KEY, TABLES, Checksum, Header, Totals
from nbyard.blobs import Blobs
from nbyard.blobs.trees import Tree, encode_tree
from nbyard.domain.attempts import structs as contract
from nbyard.domain.ids import is_id, new_id
from nbyard.domain.ignore_rules import STORE_MARK
from nbyard.domain.naming.names import check_member_path
from nbyard.domain.state_machines import ATTEMPT
from nbyard.errors import (
    Conflict,
    Damaged,
    Invalid,
    NbyardError,
    NewerSchema,
    NotFound,
    Unavailable,
)
from nbyard.reasons.structs import because
from nbyard.store import Connection, Store
from nbyard.store.database import integrity
from nbyard.store.database.database_connection import DATABASE, Database, sqlite_url
from nbyard.store.database.row_checks import check_rows, load, refused_rows, tables_of
from nbyard.store.migrate import check_known, schema_before, schema_of, upgrade
from nbyard.store.projects import ProjectRows
from nbyard.store.runs.artifacts_and_cache import CacheRows

ID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NAMED = ("attempts", "trials", "deployments")
CHUNK = 1 << 20
MOST_HEADER = 1 << 16
MOST_LINE = 1 << 28  # a longer one fills the memory
PARTS = ".nbyard-restore-"
MARK = "nbyard-restore.lock"  # in a folder of parts, and locked while a restore uses the folder
BLOB = re.compile(r"blobs/(?:sha256|tree)/([0-9a-f]{2})/([0-9a-f]{62})\Z")
Check = Callable[[int], None]
TABLE = re.compile(rf"{TABLES}([a-z_]+)\.jsonl\Z")


class _Row(msgspec.Struct, frozen=True):
    """The columns of a row that show whether a process or container has its ID."""

    id: str = ""
    state: str = ""
    worker: str = ""
    answer: Any = None


class _Member(tarfile.TarInfo):
    """A member whose additional headers, which are read into memory, are short."""

    def _proc_member(self, tar: tarfile.TarFile) -> Any:
        if self.type not in tarfile.REGULAR_TYPES and self.size > MOST_HEADER:
            raise tarfile.ReadError("a header is too long")
        return super()._proc_member(tar)  # type: ignore[misc]


class NewIds:
    """Replaces IDs in rows.

    Call it with the tables in the order of a backup: referenced tables first.
    """

    def __init__(self, store_id: str):
        self._new = {store_id.encode(): new_id().encode()}
        self._new_workers: dict[bytes, bytes] = {}
        self._live: list[_Row] = []

    def replace_ids(self, table: str, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the rows of a table with new IDs.

        An ID is replaced in the row that it identifies, and in all later rows and tables. Finished
        attempts keep the ID of their worker, whose folder has their records.
        """
        workers: dict[bytes, bytes] = {}

        def new_of(match: re.Match[bytes]) -> bytes:
            former = match[0]
            return workers.get(former) or self._new.get(former, former)

        for line in lines:
            row = self._find_live(table, line)
            if row is not None:
                self._new.setdefault(row.id.encode(), new_id().encode())
            if row is not None and row.worker:
                self._new_workers.setdefault(row.worker.encode(), new_id().encode())
            workers = self._new_workers if row is not None else {}
            yield ID.sub(new_of, line)

    def rename_folders(self, store: Path) -> None:
        """Rename the folders of live attempts in the folder of the restored store.

        Files by which the dispatcher would adopt processes of the former store are deleted.
        """
        for file in store.glob(f"attempts/*/{contract.RUNNER}"):
            file.unlink()
        for row in self._live:
            worker = self._new_workers.get(row.worker.encode(), b"").decode()
            former = attempt_folder_of(store, row.id, row.worker)
            new = attempt_folder_of(store, self._new[row.id.encode()].decode(), worker)
            if not former.is_dir():
                continue
            new.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.rename(former, new)
            for name in (contract.TASK, contract.CANCEL, contract.RESULT):
                delete_path(new / name)

    def _find_live(self, table: str, line: bytes) -> _Row | None:
        """Return the row if a process or container may have its ID, else None."""
        if table not in NAMED:
            return None
        try:
            row = msgspec.json.decode(line, type=_Row)
        except msgspec.MsgspecError:
            return None  # not a valid row: loading it fails later
        if table == "attempts":
            is_live = row.state in ATTEMPT.live
        else:
            is_live = table == "deployments" or row.answer is None
        if not is_live or not is_id(row.id):
            return None
        if table == "attempts":
            self._live.append(row)
        return row


def restore_backup(
    archive: Path,
    folder: Path,
    url: str = "",
    has_new_id: bool | None = False,
    check: Check = lambda size: None,
    most: int = MOST_LINE,
) -> tuple[Header, Totals]:
    """Restore an archive into a folder without a store, and an empty database.

    The rows become visible at once, after all files. If that fails, nothing remains.
    `url` is the address of PostgreSQL. Without it, the database is SQLite in the folder. Rows of an
    older schema are migrated.

    With `has_new_id`, the restored store can be used beside the former one. Its automations,
    backfills and bisections are disabled. None means to keep the ID, unless the former store still
    exists in its folder. `check` refuses a number of unpacked bytes. A row
    has at most `most` bytes.

    Raises:
        Conflict: The folder or the database has a store, or `has_new_id` must be chosen.
        Damaged: The archive is no backup, incomplete or damaged.
        NewerSchema: A newer nbyard wrote the archive.
        NotFound: The archive does not exist.
        Unavailable: The disk is full or cannot be written.
    """
    is_new = not folder.exists()
    integrity.make_folder(folder)
    try:
        _refuse_store(folder, url)
        with _open_archive(archive) as tar, folder_of_parts(folder) as parts:
            header, totals = _Reader(tar, parts, has_new_id, check, most).restore(url, folder)
    except BaseException:
        if is_new:
            with suppress(OSError):  # another restore uses the folder
                folder.rmdir()
        raise
    Store(folder, url).close()
    return header, totals


def _refuse_store(folder: Path, url: str) -> None:
    has_files = any((folder / name).exists() for name in (STORE_MARK, "blobs", "attempts"))
    if has_files or schema_before(folder, url):
        raise _in_use(folder)


def _in_use(folder: Path) -> Conflict:
    return Conflict(
        f"A store already exists in {folder} or in its database.",
        hint="Restore into an empty folder (NBYARD_STORE_DIR) and an empty database.",
    )


def try_backup(archive: Path) -> tuple[Header, Totals]:
    """Restore an archive into a temporary folder, which is deleted, to test the archive.

    Raises:
        Damaged: The archive is no backup, incomplete or damaged.
    """
    with tempfile.TemporaryDirectory(prefix="nbyard-restore-") as folder:
        return restore_backup(archive, Path(folder, "store"))


@contextmanager
def folder_of_parts(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder in the folder of a store, after deleting those of killed restores.

    A restore under way has locked its own.
    """
    for left in folder.glob(f"{PARTS}*"):
        with suppress(OSError), _lock_file(left / MARK, os.O_RDONLY):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=PARTS, dir=folder) as temporary:
        parts = Path(temporary, "parts")
        parts.mkdir(mode=0o700)
        new = Path(temporary, "new")
        with _lock_file(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL):
            new.rename(Path(temporary, MARK))  # so that each mark appears locked
            yield parts


@contextmanager
def _lock_file(file: Path, flags: int) -> Iterator[None]:
    """Lock a file during the block.

    Raises:
        OSError: The file is locked, missing or a link.
    """
    opened = os.open(file, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(opened)


@contextmanager
def _open_archive(archive: Path) -> Iterator[tarfile.TarFile]:
    try:
        with ExitStack() as stack:
            try:
                tar = stack.enter_context(tarfile.open(archive, "r|*", tarinfo=_Member))
            except FileNotFoundError:
                raise NotFound(f"there is no file {archive}") from None
            yield tar
    except (tarfile.TarError, EOFError) as error:
        raise Damaged(f"The backup is damaged or incomplete: {error}.") from None
    except OSError as error:
        raise Unavailable(f"The backup was not restored: {error.strerror or error}.") from None


class _Reader:
    """Restores the members of an archive in their order: files first, then tables."""

    def __init__(
        self,
        tar: tarfile.TarFile,
        temporary: Path,
        has_new_id: bool | None,
        check: Check,
        most: int,
    ):
        self._tar = tar
        self._check, self._most = check, most
        self._unpacked = 0
        self.temporary = temporary
        self._has_new_id = has_new_id
        self._ids: NewIds | None = None
        self._checksum = Checksum()
        self._files = 0
        self._bytes = 0

    def restore(self, url: str, folder: Path) -> tuple[Header, Totals]:
        members = iter(self._tar)
        header = self._header(next(members, None))
        for member in members:
            if TABLE.match(member.name):
                break
            self._extract(member)
        else:
            raise _incomplete()
        # Rows must not survive a power cut that destroys the bytes that they name.
        os.sync()
        # SQLite's file is created among the parts, as other restores may use the folder.
        beside = self.temporary.parent
        database = Database(url or sqlite_url(beside), beside, lambda: None)
        try:
            # One transaction: a killed restore never leaves a second store that starts runs.
            with database.write() as c:
                if schema_of(c):  # another restore was faster
                    raise _in_use(folder)
                totals = self._load_rows(c, header, member, members)
                with refused_rows():
                    upgrade(c, "head")
                    check_rows(c)
                    self._adapt_rows(c, folder)
                if url:  # before the commit: rows never name bytes that are not there
                    self._publish(folder, url)
        finally:
            database.close()
        if not url:
            self._publish(folder, url)
        return header, totals

    def _load_rows(
        self, c: Connection, header: Header, first: tarfile.TarInfo, rest: Iterator[tarfile.TarInfo]
    ) -> Totals:
        upgrade(c, header.schema)
        self._ids = NewIds(header.store_id) if self._has_new_id else None
        tables, rows = tables_of(c), dict[str, int]()
        member: tarfile.TarInfo | None = first
        while member is not None and (table := TABLE.match(member.name)):
            file = self._open_member(member)
            lines: Iterable[bytes] = iter(partial(file.readline, self._most), b"")
            lines = self._ids.replace_ids(table[1], lines) if self._ids else lines
            rows[table[1]] = load(c, tables, table[1], lines)
            member = next(rest, None)
        counts = (rows, self._files, self._bytes, self._checksum.text())
        totals = self._totals(member)
        if (totals.rows, totals.files, totals.size_bytes, totals.checksum) != counts:
            raise Damaged(
                "The backup is damaged: its rows or files do not match its recorded totals."
            )
        return totals

    def _adapt_rows(self, c: Connection, folder: Path) -> None:
        if not is_id(Store.facts.get(c, "store_id") or ""):
            raise Damaged("The backup cannot be restored: its store has no ID.")
        pushed = ProjectRows(CacheRows()).move_pushed(c, os.path.realpath(folder))
        blobs = Blobs(self.temporary / "blobs")
        for path, digest in pushed.items():
            target = self.temporary / path
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            blobs.stage(digest, target)
        # Otherwise a dispatcher would first wait for the end of the former one's lease.
        Store.leases.release_all(c)
        if self._ids:  # a second store, beside the former one, which still starts runs
            for automation in (row.automation for row in Store.automations.enabled(c)):
                Store.firings.drop_waiting(c, automation, because("firing-disabled"))
                Store.automations.change(c, automation, "disabled", is_enabled=False, next_due=None)
            for backfill in (Store.backfills.by_id(c, key) for key in Store.backfills.running(c)):
                if backfill is not None:
                    Store.backfills.cancel(c, backfill.backfill)
            for bisection in (
                Store.bisections.by_id(c, key) for key in Store.bisections.running(c)
            ):
                if bisection is not None:
                    Store.bisections.cancel(c, bisection)
            self._ids.rename_folders(self.temporary)

    def _publish(self, folder: Path, url: str) -> None:
        """Move the restored files to the folder of the store, the database last."""
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not url:
                _refuse_store(folder, url)
            for name in os.listdir(self.temporary):
                os.rename(self.temporary / name, folder / name)
            if not url:
                os.rename(self.temporary.parent / DATABASE, folder / DATABASE)
        finally:
            os.close(handle)

    def _header(self, member: tarfile.TarInfo | None) -> Header:
        """Return the header, after checking that this nbyard can restore the backup.

        If `has_new_id` was not chosen, the former store must no longer exist.
        """
        if member is None or member.name != HEADER:
            raise Damaged("This file is not a backup of a store.")
        try:
            header = msgspec.json.decode(self._open_member(member).read(self._most), type=Header)
        except msgspec.MsgspecError:
            raise Damaged("This file is not a backup of a store.") from None
        if header.format > FORMAT:
            raise NewerSchema(f"nbyard {header.nbyard} wrote this backup. Upgrade nbyard.")
        check_known(header.schema)
        if self._has_new_id is None:
            mark = Path(header.folder, STORE_MARK)
            try:
                is_there = mark.read_bytes().strip() == header.store_id.encode()
            except OSError:  # with PostgreSQL, a store has no mark
                is_there = mark.with_name("blobs").is_dir()
            if is_there:
                why = f"The former store of this backup still exists in {header.folder}."
                raise Conflict(
                    why,
                    hint=(
                        "Use --same-id if the restored store replaces it, and stop using the"
                        " former store. Use --new-id to use both stores."
                    ),
                )
        return header

    def _totals(self, member: tarfile.TarInfo | None) -> Totals:
        if member is None or member.name != END:
            raise _incomplete()
        try:
            return msgspec.json.decode(self._open_member(member).read(self._most), type=Totals)
        except msgspec.MsgspecError:
            raise _incomplete() from None

    def _open_member(self, member: tarfile.TarInfo) -> IO[bytes]:
        self._unpacked += tarfile.BLOCKSIZE + member.size
        self._check(self._unpacked)
        self._tar.members = []  # type: ignore[attr-defined]  # they would fill the memory
        is_plain = member.isreg() and not member.issparse()
        file = self._tar.extractfile(member) if is_plain else None
        if file is None:
            raise Damaged(f"The backup is damaged: it contains the unexpected entry {member.name}.")
        return self._checksum.through(member.name, file)

    def _extract(self, member: tarfile.TarInfo) -> None:
        """Extract a file to its place.

        If the file is a blob, compare its bytes with its digest.
        """
        name, blob = member.name, BLOB.match(member.name)
        path = self.temporary / name
        is_expected = bool(blob) or name == KEY
        with suppress(Invalid):
            is_expected |= check_member_path(name).startswith("attempts/")
        if not is_expected or path.exists():
            raise Damaged(f"The backup is damaged: it contains the unexpected entry {name}.")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        digest = hashlib.sha256()
        # A second member with the same name is refused, as it would replace checked bytes.
        with self._open_member(member) as file, path.open("xb") as target:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                target.write(chunk)
        if blob and (digest.hexdigest() != blob[1] + blob[2] or not _is_valid(path)):
            raise Damaged(f"The backup is damaged: the content of {name} has changed.")
        path.chmod(0o444 if blob else member.mode & 0o700)
        self._files += 1
        self._bytes += member.size


def _is_valid(blob: Path) -> bool:
    """Return whether a blob is a file, or the list of a folder with valid paths."""
    if blob.parent.parent.name != "tree":
        return True
    with suppress(msgspec.MsgspecError, NbyardError):
        return bool(encode_tree(msgspec.json.decode(blob.read_bytes(), type=Tree)))
    return False


def _incomplete() -> Damaged:
    return Damaged("The backup is incomplete: its end is missing.")
