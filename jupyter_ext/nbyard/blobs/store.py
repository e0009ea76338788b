"""The blob store: files and folders by digest, below one folder.

    sha256/ab/cdef…   the bytes of a file, read-only; digest "sha256:abcdef…"
    tree/ab/cdef…     the canonical list of a folder's files; digest "tree:abcdef…"
    tmp/              files being written; never visible as a blob

A blob appears by one rename after its bytes are on disk. A crash leaves at most a file in tmp/.

Store bytes and commit the row that names them inside one `without_collection` block. Find unused
bytes and delete them inside one `exclusive_collection` block. The lock file `lock` separates the
two, also between processes. Otherwise a collector could delete bytes before their new row is
committed.

Reading verifies the hash. Bytes that do not match their digest raise `Damaged`.

Programs cannot damage the store by staged files. Staging uses a reflink if the file system can.
Else it hard-links the read-only file, if the program only reads and is not root. Else it copies.

Remember which files and folders of the store this process has already synced to disk.

A file of another process is synced again: the process may have been killed before its fsync.
"""

import contextlib
import hashlib
import io
import math
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from nbyard.blobs import file_operations as files
from nbyard.blobs.file_operations import Blob, BlobWriter, delete_leftovers, sync_folder
from nbyard.blobs.trees import FolderMember, Tree, TreeEntry, encode_tree, folder_members, place_of
from nbyard.domain.ignore_rules import may_hold_secrets
from nbyard.domain.naming.names import check_member_path
from nbyard.errors import Conflict, Damaged, Invalid, NotFound, TooLarge
from nbyard.host.safe_open import open_regular

REMEMBERED = 100_000


class SyncedPaths:
    """The files and folders that this process has synced, so that they survive a power cut.

    A file that was deleted and stored again is a new file, so it is synced again.
    """

    def __init__(self) -> None:
        self._folders: set[Path] = set()
        self._files: set[tuple[int, ...]] = set()

    def make(self, folder: Path) -> None:
        """Create a folder and sync its parent, once a process."""
        if folder not in self._folders:
            folder.mkdir(mode=0o700, exist_ok=True)
            # One sync of the parent covers all its entries, so remember the siblings, too.
            siblings = list(folder.parent.iterdir())
            sync_folder(folder.parent)
            self._folders.update(siblings)

    def keep(self, path: Path, fd: int) -> None:
        """Sync an existing open file, unless this process did so before."""
        if _content_identity(fd) not in self._files:
            os.fsync(fd)
            self.sync_new_name(path, fd)

    def sync_new_name(self, path: Path, fd: int) -> None:
        """Sync the parent folder after a file was renamed to `path`."""
        sync_folder(path.parent)
        # Forgetting costs only another fsync.
        if len(self._files) >= REMEMBERED:
            self._files.clear()
        self._files.add(_content_identity(fd))


def _content_identity(fd: int) -> tuple[int, ...]:
    """Return a tuple that identifies a file and changes with its content.

    The ctime is left out, because staging adds and removes hard links, which changes it.
    """
    status = os.fstat(fd)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


RESERVE_BYTES = 64 << 20
LOCK = "lock"
NEWBORN_SECONDS = 10
REMEMBERED_TREES = 100
SMALL_TREE = 1 << 18
SMALL_FILE = 1 << 20  # hashed first, to avoid writing a duplicate


class StoredBlob(msgspec.Struct, frozen=True):
    """A stored blob. `since` is when it was last stored or linked, in seconds since 1970."""

    digest: str
    size_bytes: int
    since: float


class Blobs:
    """Files and folders by their digest, below a folder of the local file system."""

    def __init__(
        self, root: Path, reserve_bytes: int = RESERVE_BYTES, *, writes_always: bool = False
    ):
        self._writes_always = writes_always
        self.root = root
        self._base = os.fspath(root)
        self.temp = root / "tmp"
        self.reserve_bytes = reserve_bytes
        self._verified: dict[str, tuple[int, ...]] = {}
        self._trees: dict[str, tuple[tuple[int, ...], Tree]] = {}
        self._stored: dict[tuple[int, ...], Blob] = {}
        self._durable = SyncedPaths()
        self._clone = files.Cloner()
        root.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (root, self.temp, root / "sha256", root / "tree"):
            self._durable.make(folder)

    @contextlib.contextmanager
    def without_collection(self) -> Iterator[None]:
        """Prevent collection of bytes during the block.

        Raises:
            Busy: A collector holds the lock for too long.
        """
        with files.lock_file(f"{self._base}/{LOCK}") as lock:
            files.lock_shared(lock)
            yield

    @contextlib.contextmanager
    def exclusive_collection(self) -> Iterator[bool]:
        """Yield whether no `without_collection` block is active.

        If True, new `without_collection` blocks wait until this block ends.
        """
        with files.lock_file(f"{self._base}/{LOCK}") as lock:
            yield files.lock_exclusive(lock)

    def writer(self, expected_bytes: int = 0) -> BlobWriter:
        """Return a writer for a new blob; fail early if `expected_bytes` do not fit."""
        self.ensure_room(expected_bytes)
        return BlobWriter(self.temp, self.ensure_room, self._publish)

    def put_bytes(self, content: bytes, algorithm: str = "sha256") -> Blob:
        """Store bytes and return their blob."""
        self.ensure_room(len(content))  # checked first: known bytes need space later, too
        blob = Blob(f"{algorithm}:{hashlib.sha256(content).hexdigest()}", len(content))
        if not self._has(blob.digest):
            with self.writer(len(content)) as writer:
                writer.write(content)
                writer.commit(algorithm)
        return blob

    def put_file(
        self, path: Path, move: bool = False, promise: Callable[[Blob], None] | None = None
    ) -> Blob:
        """Store a regular file. With `move`, the file itself becomes the blob if possible.

        `promise` is called with the future blob before anything changes, and may raise to stop.
        """
        with files.closing(open_regular(path)) as fd:
            return self._put_open(fd, path, None, move, promise)

    def put_fd(self, fd: int, *, adopt: bool = False) -> Blob:
        """Store an open regular file from its start.

        With `adopt`, the file itself becomes the blob if possible, and also keeps its name. No
        process may write to it after this call.
        """
        blob = self._adopt(fd) if adopt else None
        return blob or self._put_open(fd, Path("the file"), None, False)

    def _adopt(self, fd: int) -> Blob | None:
        before = os.fstat(fd)
        if not self._can_become_blob(before):
            return None
        blob = Blob(f"sha256:{files.hash_file(fd)}", before.st_size)
        files.refuse_changed(before, os.fstat(fd), Path("the file"))
        if self.exists(blob.digest):  # the new copy is dropped, so it needs no fsync
            return blob if self._has(blob.digest) else None
        final = self._ready(fd, blob.digest)
        try:
            os.link(f"/proc/self/fd/{fd}", final, src_dir_fd=fd)
        except FileExistsError:
            return blob if self._has(blob.digest) else None
        except OSError:  # hard links are not supported here
            return None
        self._durable.sync_new_name(final, fd)
        return blob

    def _has(self, digest: str) -> bool:
        """Return whether the blob is stored, undamaged and synced.

        Return False if equal bytes of another owner must not make writing faster.
        """
        if self._writes_always:
            return False
        with contextlib.suppress(Damaged, NotFound), files.closing(self._open(digest)) as fd:
            self._verify_once(digest, fd)
            self._durable.keep(self.path(digest), fd)
            return True
        return False

    def put_folder(
        self,
        path: Path,
        keep: Callable[[str], bool] | None = None,
        left_out: Iterable[str] = (),
    ) -> Blob:
        """Store a folder. Links and special files are refused.

        `keep`: see `folder_members`. It may add to `left_out`, the names of files with secrets.
        """
        entries: list[TreeEntry] = []
        empty: list[str] = []
        for member in folder_members(path, keep):
            if member.is_folder:
                empty.append(member.path)
            else:
                entries.append(self._put_member(member))
        return self.put_tree(Tree(entries, empty, left_out=[*left_out]))

    def put_tree(self, tree: Tree) -> Blob:
        """Store the list of a folder whose files are already stored."""
        digest = self.put_bytes(encode_tree(tree), "tree").digest
        return Blob(digest, sum(entry.size_bytes for entry in tree.files))

    def _put_member(self, member: FolderMember) -> TreeEntry:
        path = check_member_path(member.path)
        fd = open_regular(member.name, dir_fd=member.fd)
        try:
            executable = bool(os.fstat(fd).st_mode & 0o100)
            blob = self._put_open(fd, Path(member.name), member.fd, move=False)
        finally:
            os.close(fd)
        is_secret = may_hold_secrets(path)
        return TreeEntry(path, blob.digest, blob.size_bytes, executable, is_secret)

    def _put_open(
        self,
        fd: int,
        path: Path,
        dir_fd: int | None,
        move: bool,
        promise: Callable[[Blob], None] | None = None,
    ) -> Blob:
        before = os.fstat(fd)
        # A file that was stored before and has not changed since.
        known = None if move else self._stored.get(files.change_stamp(before))
        if known and self.exists(known.digest):
            return known
        if move and self._can_become_blob(before):
            blob = Blob(f"sha256:{files.hash_file(fd)}", before.st_size)
            files.refuse_changed(before, os.fstat(fd), path)
            if promise:
                promise(blob)
            self._publish(fd, path, blob.digest, dir_fd)
            return blob
        blob = self._copy_in(fd, before, path, promise)
        self._remember(before, blob)
        if move:
            # Files that a container created as another user cannot be deleted.
            with contextlib.suppress(PermissionError):
                os.unlink(path, dir_fd=dir_fd)
        return blob

    def _copy_in(
        self, fd: int, before: os.stat_result, path: Path, promise: Callable[[Blob], None] | None
    ) -> Blob:
        if before.st_size <= SMALL_FILE:
            known = Blob(f"sha256:{files.hash_file(fd)}", before.st_size)
            files.refuse_changed(before, os.fstat(fd), path)
            if self._has(known.digest):
                if promise:
                    promise(known)
                return known
        with self.writer(before.st_size) as writer:
            for chunk in files.read_chunks(fd):
                writer.write(chunk)
            files.refuse_changed(before, os.fstat(fd), path)
            if promise:
                promise(writer.blob())
            return writer.commit()

    def _remember(self, status: os.stat_result, blob: Blob) -> None:
        """Remember the blob of a file by its stamp, if any later change alters the stamp."""
        if files.is_settled(status):
            if len(self._stored) > REMEMBERED:
                self._stored.clear()
            self._stored[files.change_stamp(status)] = blob

    def _can_become_blob(self, status: os.stat_result) -> bool:
        same_device = status.st_dev == os.stat(self._base).st_dev
        return same_device and status.st_nlink == 1 and status.st_uid == os.geteuid()

    def _publish(self, fd: int, path: Path, digest: str, dir_fd: int | None = None) -> None:
        # Replacing an existing blob with the same bytes repairs a damaged one.
        final = self._ready(fd, digest)
        os.replace(path, final, src_dir_fd=dir_fd)
        self._durable.sync_new_name(final, fd)

    def _ready(self, fd: int, digest: str) -> Path:
        """Prepare a finished file: read-only and synced. Return the path to rename it to."""
        final = self.path(digest)
        self._durable.make(final.parent)
        os.fchmod(fd, 0o444)
        os.fsync(fd)
        return final

    def path(self, digest: str) -> Path:
        """Return the path of the bytes, stored or not. Readers must check them by `verify`."""
        return Path(self.place(digest))

    def place(self, digest: str) -> str:
        """Return `path` as a text, which is faster."""
        return f"{self._base}/{place_of(digest)}"

    def exists(self, digest: str) -> bool:
        """Return whether the bytes are stored. They may be damaged."""
        return os.path.isfile(self.place(digest))

    def open(self, digest: str) -> BinaryIO:
        """Open a file's bytes to read from the start; reading verifies the digest.

        Raises:
            Invalid: the digest is that of a folder.
        """
        if not digest.startswith("sha256:"):
            raise Invalid.field("digest", "is the digest of a folder, not of a file")
        return io.BufferedReader(files.CheckedReader(self._open(digest), digest), files.CHUNK)

    def open_seekable(self, digest: str) -> BinaryIO:
        """Open a file's bytes, verified now or since their last change."""
        file = os.fdopen(self._open(digest), "rb")
        try:
            self._verify_once(digest, file.fileno())
        except BaseException:
            file.close()
            raise
        return file

    def tree(self, digest: str) -> Tree:
        """Return the files of a stored folder.

        Raises:
            Invalid: the digest is that of a file.
        """
        if not digest.startswith("tree:"):
            raise Invalid.field("digest", "is the digest of a file, not of a folder")
        status = os.fstat(fd := self._open(digest))
        seen, known = self._trees.get(digest, (None, None))
        if known is not None and seen == files.change_stamp(status):
            os.close(fd)
            return known
        with io.BufferedReader(files.CheckedReader(fd, digest)) as file:
            tree = msgspec.json.decode(file.read(), type=Tree)
        # Many attempts stage the same folders.
        if status.st_size < SMALL_TREE and files.is_settled(status):
            if len(self._trees) >= REMEMBERED_TREES:
                self._trees.clear()
            self._trees[digest] = files.change_stamp(status), tree
        return tree

    def verify(self, digest: str) -> None:
        """Read all bytes and raise `Damaged` if they do not match the digest."""
        if digest.startswith("tree:"):
            for member in {entry.digest for entry in self.tree(digest).files}:
                self.verify(member)
            return
        with files.closing(self._open(digest)) as fd:
            self._verify(digest, fd)

    def _verify(self, digest: str, fd: int) -> None:
        if not files.has_hash(files.hash_file(fd), digest):
            raise files.damaged_error(digest)
        if files.is_settled(status := os.fstat(fd)):
            self._verified[digest] = files.change_stamp(status)

    def _verify_once(self, digest: str, fd: int) -> None:
        if self._verified.get(digest) != files.change_stamp(os.fstat(fd)):
            self._verify(digest, fd)

    def stage(
        self, digest: str, target: Path, *, writable: bool = False, most_bytes: float = math.inf
    ) -> None:
        """Create the stored file or folder at `target`, by cloning, linking or copying.

        Files of a folder that exceed `most_bytes` stay read-only even if `writable` is set.

        Raises:
            Conflict: `target` exists already.
        """
        if os.path.lexists(target):
            raise Conflict(f"{target} already exists")
        if digest.startswith("sha256:"):
            self._stage_file(digest, str(target), writable, executable=False)
            return
        tree = self.tree(digest)
        os.mkdir(target)
        made = {str(target)}
        for folder in tree.folders:
            os.makedirs(f"{target}/{check_member_path(folder)}", exist_ok=True)
        for entry in tree.files:
            place = f"{target}/{check_member_path(entry.path)}"
            parent = os.path.dirname(place)
            if parent not in made:
                os.makedirs(parent, exist_ok=True)
                made.add(parent)
            may_write = writable and entry.size_bytes <= most_bytes
            self._stage_file(entry.digest, place, may_write, entry.executable)

    def _stage_file(self, digest: str, target: str, writable: bool, executable: bool) -> None:
        mode = (0o644 if writable else 0o444) | (0o111 if executable else 0)
        may_link = mode == 0o444 and os.geteuid() != 0
        with files.closing(self._open(digest)) as fd, files.closing(files.create(target)) as copy:
            try:
                self._fill(digest, fd, copy, target if may_link else None)
                os.fchmod(copy, mode)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(target)
                raise

    def _fill(self, digest: str, source: int, target: int, link_at: str | None) -> None:
        size = os.fstat(source).st_size
        with files.translated_disk_full(size):
            if self._clone(source, target):
                self._verify_once(digest, source)
            elif link_at:
                self._verify_once(digest, source)
                if not files.hard_link(self.path(digest), Path(link_at)):
                    files.copy_checked(source, target, digest)
            else:
                self.ensure_room(size)
                files.copy_checked(source, target, digest)

    def _open(self, digest: str) -> int:
        try:
            return os.open(self.place(digest), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as missing:
            raise NotFound(f"the content with the digest {digest} is not in the store") from missing

    def delete(self, digest: str) -> None:
        """Delete a blob. For a folder, only its list is deleted; its files are separate blobs."""
        self.path(digest).unlink(missing_ok=True)
        self._verified.pop(digest, None)

    def stored(self) -> Iterator[StoredBlob]:
        """Yield all blobs, folders before the files that they list."""
        for algorithm in ("tree", "sha256"):
            for path in (self.root / algorithm).glob("??/*"):
                with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
                    status = path.stat()
                    digest = f"{algorithm}:{path.parent.name}{path.name}"
                    yield StoredBlob(digest, status.st_size, max(status.st_mtime, status.st_ctime))

    def ensure_room(self, needed_bytes: int) -> None:
        """Check that so many bytes fit beside the reserve.

        Raises:
            TooLarge: They would not even fit on the empty disk.
            Unavailable: The disk is too full.
        """
        total, _, free = shutil.disk_usage(self.root)
        needed = max(needed_bytes, 1) + self.reserve_bytes
        if needed > free:
            refusal = files.disk_full(needed_bytes, self.reserve_bytes, free)
            raise TooLarge(refusal.reason) if needed_bytes > total else refusal

    def sweep(self, newborn_seconds: float = NEWBORN_SECONDS) -> int:
        """Delete temporary files of crashed writers from tmp/; return their number."""
        return delete_leftovers(self.temp, newborn_seconds)
