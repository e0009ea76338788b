"""Refuse a lost or damaged database instead of creating a new one; keep a small disk reserve."""

import contextlib
import os
import pwd
import shlex
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError

from nbyard.domain.ignore_rules import STORE_MARK
from nbyard.errors import StoreUnusable
from nbyard.store.database.database_connection import UNUSABLE, Database

# Each process that opens the store does this check, so only a small database is read.
CHECKED_BYTES = 16 * 2**20
OTHERS = 0o077
# Folders of all programs, which may be empty.
SHARED = ("/tmp", "/var/tmp", "/dev/shm", "/run")
WRITABLE = 0o022
# Names that only nbyard writes into a folder. Without the mark, they are those of a store on
# PostgreSQL, of a store that another process creates now, or of a restore that was killed.
OURS = {STORE_MARK, "write.lock", "reserve", "crypt.key", "attempts", "blobs", "wake"}
OUR_PREFIXES = ("store.sqlite", "dispatcher.", ".nbyard-restore-")
# The root of a disk contains this folder.
LOST = "lost+found"
ANOTHER = "set another folder with store_dir (NBYARD_STORE_DIR)."
RESERVE = "reserve"
RESERVE_BYTES = 1 << 20
PLENTY_BYTES = 64 << 20


def unusable_error(folder: Path, cause: str) -> StoreUnusable:
    """Return the error of an unusable store, with a hint."""
    return StoreUnusable(
        f"The store in {folder} cannot be used: {cause}.",
        hint=(
            f"Nothing was changed. Restore a backup, or start with an empty store: mv {folder}"
            f" {folder}.old"
        ),
    )


def make_folder(folder: Path) -> None:
    """Create the folder for its owner only, or close an empty folder or a store to others.

    Raises:
        StoreUnusable: The folder belongs to another user, others can or could put files into it,
            it contains other files, or it cannot be closed or written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder_stat = folder.stat()
        _check_owners(folder, folder_stat)
        _check_purpose(folder, folder_stat.st_mode)
        if folder_stat.st_mode & OTHERS:
            folder.chmod(folder_stat.st_mode & 0o700)
            # Some file systems (FAT, SMB, Windows drives) accept a mode and ignore it.
            mode = folder.stat().st_mode
            if mode & OTHERS:
                cause = (
                    f"other users can open its folder (mode {mode & 0o777:03o}), and its file"
                    " system keeps that mode"
                )
                raise StoreUnusable(
                    f"The store in {folder} cannot be used: {cause}.",
                    hint=(
                        f"Nothing was changed. Try: chmod 700 {shlex.quote(str(folder))}. If the"
                        f" mode stays, {ANOTHER}"
                    ),
                )
            # Others could write until then. If they did, the next start must check, too.
            try:
                _check_owners(folder, folder_stat)
            except StoreUnusable:
                folder.chmod(stat.S_IMODE(folder_stat.st_mode))
                raise
    except OSError as error:
        cause = f"its folder cannot be created ({error.strerror})"
        raise unusable_error(folder, cause) from None
    if not os.access(folder, os.W_OK | os.X_OK):  # False on a read-only disk, even for root
        raise StoreUnusable(
            f"The store in {folder} cannot be used: its folder cannot be written.",
            hint=(
                "Nothing was changed. Its file system may have become read-only. Remount it, or"
                f" {ANOTHER}"
            ),
        )


def _check_owners(folder: Path, folder_stat: os.stat_result) -> None:
    """Refuse a folder, or a file in a folder that others can write, with another owner.

    Root is no exception: files of root in a user's folder would lock the user out. Files that
    others may have put into an open folder are not trusted.

    Raises:
        StoreUnusable: The owner differs.
    """
    if folder_stat.st_uid != os.geteuid():
        own, owner = _user(os.geteuid()), _user(folder_stat.st_uid)
        raise StoreUnusable(
            f"The store in {folder} cannot be used by {own}: its folder belongs to {owner}.",
            hint=(
                f"Nothing was changed. Run nbyard as {owner} (without sudo, or as that user of the"
                f" container), or {ANOTHER} To make all files in the folder yours: sudo chown -R"
                f" {own} {shlex.quote(str(folder))}"
            ),
        )
    if not folder_stat.st_mode & WRITABLE:
        return
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # such as the log of a database that just closed
            if path.lstat().st_uid != folder_stat.st_uid:
                owner = _user(path.lstat().st_uid)
                cause = f"other users can write to its folder, and {path.name} belongs to {owner}"
                raise StoreUnusable(
                    f"The store in {folder} cannot be used: {cause}.",
                    hint=(
                        "Nothing was changed. Move that file out of the folder (nbyard then"
                        f" denies access to other users), or {ANOTHER}"
                    ),
                )


def _check_purpose(folder: Path, mode: int) -> None:
    """Refuse a folder that others share or that has another purpose, such as `/tmp`.

    Closing such a folder would lock out others. A store that only the group can write is closed
    again: Kubernetes sets that mode for each start of a container (`fsGroup`).

    Raises:
        StoreUnusable: Others can write to the folder, or it contains files, but no store.
    """
    names = {path.name for path in folder.iterdir()} - {LOST}
    is_store = any(name in OURS or name.startswith(OUR_PREFIXES) for name in names)
    if not names and str(folder) not in SHARED and folder.is_mount():
        return  # a new volume of a container, which is open to all by default
    inside = (
        "Nothing was changed. Set a new folder for the store, which nbyard creates:"
        f" NBYARD_STORE_DIR={shlex.quote(str(folder / 'nbyard'))}"
    )
    if names and not is_store:
        cause = f"its folder contains other files ({min(names)}) and no store"
        hint = inside
    elif mode & stat.S_IWOTH or (mode & WRITABLE and not is_store):
        cause = f"other users can write to its folder (mode {stat.S_IMODE(mode):03o})"
        # A sticky folder, such as /tmp, is shared on purpose.
        close = (
            "Nothing was changed. If only you use the folder: chmod 700"
            f" {shlex.quote(str(folder))}. Otherwise {ANOTHER}"
        )
        hint = inside if mode & stat.S_ISVTX else close
    else:
        return
    raise StoreUnusable(
        f"The store in {folder} cannot be used: {cause}.",
        hint=hint,
    )


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # common in containers
        return str(number)


def check_database_files(folder: Path) -> None:
    """Check the files of an SQLite database before it is opened.

    Raises:
        StoreUnusable: A file that the last process left is missing or empty.
    """
    database = folder / "store.sqlite"
    if not (folder / STORE_MARK).exists():
        return
    # The mark shows that a database existed; opening would create an empty one.
    if not database.exists() or not database.stat().st_size:
        raise unusable_error(folder, "its database store.sqlite is empty or gone")
    if _is_log_gone(folder):
        raise unusable_error(folder, "the log store.sqlite-wal with its newest changes is gone")


def _is_log_gone(folder: Path) -> bool:
    # SQLite deletes the index before the log, so an index alone means a lost log. But another
    # process may close the database between two looks, so both looks must see the same index.
    log, index = folder / "store.sqlite-wal", folder / "store.sqlite-shm"
    while (seen := _version_of(index)) and not log.exists():
        if _version_of(index) == seen:
            return True
    return False


def _version_of(index: Path) -> tuple[int, int] | None:
    try:
        index_stat = index.stat()
    except FileNotFoundError:
        return None
    return (
        index_stat.st_ino,
        index_stat.st_ctime_ns,
    )  # a file system may reuse the number of a deleted file


def check_pages(database: Database, folder: Path) -> None:
    """Read a database of up to 16 MiB completely.

    Raises:
        StoreUnusable: A page is damaged.
    """
    path = folder / "store.sqlite"
    if not path.exists() or path.stat().st_size > CHECKED_BYTES:
        return
    try:
        with database.engine.connect() as c:
            c.execution_options(nbyard_plain=True)
            # quick_check skips the comparison of indexes with rows, which integrity_check makes.
            # The 1 ends the check at the first problem.
            check_report = str(c.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
    except DBAPIError as error:
        if any(word in str(error.orig) for word in UNUSABLE):
            cause = f"its database is damaged ({error.orig})"
            raise unusable_error(folder, cause) from None
        raise
    if check_report != "ok":
        raise unusable_error(folder, f"its database is damaged ({check_report[:200]})")


def check_stamp(c: Connection, folder: Path) -> None:
    """Check that an SQLite database without a schema stamp is new.

    Raises:
        StoreUnusable: The database has tables.
    """
    if set(inspect(c).get_table_names()) - {"alembic_version"}:
        raise unusable_error(
            folder, "a migration of its database was interrupted: no schema version is recorded"
        )


def mark_folder(folder: Path, store_id: str) -> None:
    """Record in the folder that a database exists."""
    if not (folder / STORE_MARK).exists():
        (folder / STORE_MARK).write_text(store_id + "\n")


class Reserve:
    """A file in the store's folder that is deleted to free space, and created again later."""

    def __init__(self, folder: Path):
        self._path = folder / RESERVE

    def keep(self) -> None:
        """Create the file if it is missing and the disk has plenty of space."""
        # Below this limit the reserve itself would take scarce space.
        if self._path.exists() or self._free_bytes() < PLENTY_BYTES:
            return
        with contextlib.suppress(OSError):
            self._path.write_bytes(os.urandom(RESERVE_BYTES))  # random bytes resist compression

    def spend(self) -> None:
        """Delete the file if the disk has no other space."""
        if self._free_bytes() < RESERVE_BYTES:
            self._path.unlink(missing_ok=True)

    def _free_bytes(self) -> int:
        return shutil.disk_usage(self._path.parent).free
