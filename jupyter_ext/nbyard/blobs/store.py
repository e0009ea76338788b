"""The blobs below one folder.

    sha256/ab/cdef…   the bytes of a file, read-only; digest "sha256:abcdef…"
    tree/ab/cdef…     the canonical list of a folder's files; digest "tree:abcdef…"
    tmp/              what is being written; never visible as a blob

A blob appears by one rename after its bytes are on disk, so a crash leaves at most a file in tmp/.
Whoever puts bytes that a row will name, or is about to name stored ones, does it and commits the
row within `keeping`; who deletes bytes that no row names looks at the rows and deletes within
`collecting`. The lock file `lock` keeps the two apart, between processes too: otherwise bytes that
were there when they were put again could be gone when their row is committed.

Bytes are hashed when they are read; bytes that do not fit their digest are `Damaged`.

Staging gives a program files through which it cannot harm the store: a reflink where the file
system has them, else a hard link to the read-only file if the program only reads and is not root
(root may write to read-only files), else a copy.
"""

import contextlib
import hashlib
import io
import math
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from nbyard.blobs import files
from nbyard.blobs.durable import Durable
from nbyard.blobs.listing import Stored, stored
from nbyard.blobs.trees import Entry, Member, Tree, canonical, members
from nbyard.blobs.writing import Blob, BlobWriter, sweep
from nbyard.domain.names import check_member_path
from nbyard.errors import Conflict, Damaged, Invalid, NotFound
from nbyard.host.safe_open import open_regular

RESERVE_BYTES = 64 << 20
LOCK = "lock"
NEWBORN_SECONDS = 10
REMEMBERED = 100_000
REMEMBERED_TREES = 100
SMALL_TREE = 1 << 18
SMALL_FILE = 1 << 20  # read twice rather than written without need
COARSE_SECONDS = 2
DIGEST = re.compile(r"(sha256|tree):([0-9a-f]{64})\Z")


class Blobs:
    """Files and folders by their digest, below a folder of the local file system."""

    def __init__(self, root: Path, reserve_bytes: int = RESERVE_BYTES):
        self.root = root
        self._base = os.fspath(root)
        self.temp = root / "tmp"
        self.reserve_bytes = reserve_bytes
        self._verified: dict[str, tuple[int, ...]] = {}
        self._trees: dict[str, tuple[tuple[int, ...], Tree]] = {}
        self._stored: dict[tuple[int, ...], Blob] = {}
        self._durable = Durable()
        self._clone = files.Cloner()
        root.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (root, self.temp, root / "sha256", root / "tree"):
            self._durable.make(folder)

    @contextlib.contextmanager
    def keeping(self) -> Iterator[None]:
        """In this block no bytes are collected.

        Raises:
            Busy: a collector does not come to an end.
        """
        with files.lock_file(f"{self._base}/{LOCK}") as lock:
            files.share(lock)
            yield

    @contextlib.contextmanager
    def collecting(self, wait_seconds: float = 0) -> Iterator[bool]:
        """Whether nobody is in `keeping`, or nobody any more within this time; then nobody enters
        it before the end of the block."""
        with files.lock_file(f"{self._base}/{LOCK}") as lock:
            yield files.claim(lock, wait_seconds)

    def writer(self, expected_bytes: int = 0) -> BlobWriter:
        """A writer for bytes that come piece by piece; refused at once if they cannot fit."""
        self.ensure_room(expected_bytes)
        return BlobWriter(self.temp, self.ensure_room, self._publish)

    def put_bytes(self, content: bytes, algorithm: str = "sha256") -> Blob:
        self.ensure_room(len(content))  # who brings what is there will need room all the same
        blob = Blob(f"{algorithm}:{hashlib.sha256(content).hexdigest()}", len(content))
        if not self._has(blob.digest):
            with self.writer(len(content)) as writer:
                writer.write(content)
                writer.commit(algorithm)
        return blob

    def put_file(
        self, path: Path, move: bool = False, promise: Callable[[Blob], None] | None = None
    ) -> Blob:
        """Take a regular file in. With `move` the file itself becomes the blob where it can.

        `promise` is told what it will be before anything is changed, and may refuse it.
        """
        with files.opened(open_regular(path)) as fd:
            return self._put_open(fd, path, None, move, promise)

    def put_fd(self, fd: int, *, adopt: bool = False) -> Blob:
        """Take an open regular file in, from its start. With `adopt`, for one to which nobody
        writes any more, it becomes the blob where it can, and keeps its name besides."""
        blob = self._adopt(fd) if adopt else None
        return blob or self._put_open(fd, Path("the file"), None, False)

    def _adopt(self, fd: int) -> Blob | None:
        before = os.fstat(fd)
        if not self._can_become_blob(before):
            return None
        blob = Blob(f"sha256:{files.hash_file(fd)}", before.st_size)
        files.refuse_changed(before, os.fstat(fd), Path("the file"))
        if self.exists(blob.digest):  # what is thrown away need not come to the disk
            return blob if self._has(blob.digest) else None
        final = self._ready(fd, blob.digest)
        try:
            os.link(f"/proc/self/fd/{fd}", final, src_dir_fd=fd)
        except FileExistsError:
            return blob if self._has(blob.digest) else None
        except OSError:  # nothing can be linked here
            return None
        self._durable.appeared(final, fd)
        return blob

    def _has(self, digest: str) -> bool:
        """Whether it is there and not damaged; then a power cut leaves it there."""
        with contextlib.suppress(Damaged, NotFound), files.opened(self._open(digest)) as fd:
            self._verify_once(digest, fd)
            self._durable.keep(self.path(digest), fd)
            return True
        return False

    def put_folder(
        self, path: Path, move: bool = False, keep: Callable[[str], bool] | None = None
    ) -> Blob:
        """Take a folder in. Links and special files are refused; `keep` picks by relative path."""
        entries: list[Entry] = []
        empty: list[str] = []
        for member in members(path, keep):
            if member.is_folder:
                empty.append(member.path)
            else:
                entries.append(self._put_member(member, move))
        return self.put_tree(Tree(entries, empty))

    def put_tree(self, tree: Tree) -> Blob:
        """Store the list of a folder whose files are already stored."""
        digest = self.put_bytes(canonical(tree), "tree").digest
        return Blob(digest, sum(entry.size_bytes for entry in tree.files))

    def _put_member(self, member: Member, move: bool) -> Entry:
        path = check_member_path(member.path)
        fd = open_regular(member.name, dir_fd=member.fd)
        try:
            executable = bool(os.fstat(fd).st_mode & 0o100)
            blob = self._put_open(fd, Path(member.name), member.fd, move)
        finally:
            os.close(fd)
        return Entry(path, blob.digest, blob.size_bytes, executable)

    def _put_open(
        self,
        fd: int,
        path: Path,
        dir_fd: int | None,
        move: bool,
        promise: Callable[[Blob], None] | None = None,
    ) -> Blob:
        before = os.fstat(fd)
        if not move and (known := self._put_before(before)):
            return known
        if move and self._can_become_blob(before):
            blob = Blob(f"sha256:{files.hash_file(fd)}", before.st_size)
            files.refuse_changed(before, os.fstat(fd), path)
            if promise:
                promise(blob)
            self._publish(fd, path, blob.digest, dir_fd)
            return blob
        blob = self._copy_in(fd, before, path, promise)
        if time.time() - before.st_mtime > COARSE_SECONDS:
            if len(self._stored) > REMEMBERED:
                self._stored.clear()
            self._stored[files.stamp(before)] = blob
        if move:
            # What a container left as another user cannot be removed; it is taken all the same.
            with contextlib.suppress(PermissionError):
                os.unlink(path, dir_fd=dir_fd)
        return blob

    def _copy_in(
        self,
        fd: int,
        before: os.stat_result,
        path: Path,
        promise: Callable[[Blob], None] | None,
    ) -> Blob:
        if before.st_size <= SMALL_FILE:
            known = Blob(f"sha256:{files.hash_file(fd)}", before.st_size)
            files.refuse_changed(before, os.fstat(fd), path)
            if self._has(known.digest):
                if promise:
                    promise(known)
                return known
        with self.writer(before.st_size) as writer:
            for chunk in files.chunks(fd):
                writer.write(chunk)
            files.refuse_changed(before, os.fstat(fd), path)
            if promise:
                promise(writer.blob())
            return writer.commit()

    def _put_before(self, found: os.stat_result) -> Blob | None:
        """The blob of a file that was stored by us before and not changed since."""
        known = self._stored.get(files.stamp(found))
        return known if known and self.exists(known.digest) else None

    def _can_become_blob(self, found: os.stat_result) -> bool:
        same_device = found.st_dev == os.stat(self._base).st_dev
        return same_device and found.st_nlink == 1 and found.st_uid == os.geteuid()

    def _publish(self, fd: int, path: Path, digest: str, dir_fd: int | None = None) -> None:
        # A blob that is there already is replaced by the same bytes: this heals a damaged one.
        final = self._ready(fd, digest)
        os.replace(path, final, src_dir_fd=dir_fd)
        self._durable.appeared(final, fd)

    def _ready(self, fd: int, digest: str) -> Path:
        """Where the file may appear now."""
        final = self.path(digest)
        self._durable.make(final.parent)
        os.fchmod(fd, 0o444)
        os.fsync(fd)
        return final

    def path(self, digest: str) -> Path:
        """Where the bytes are or would be; whoever reads there has to check them (`verify`)."""
        return Path(self._place(digest))

    def _place(self, digest: str) -> str:
        match = DIGEST.match(digest)
        if not match:
            raise Invalid.field("digest", f"{digest[:100]!r} is not a digest")
        algorithm, text = match.groups()
        return f"{self._base}/{algorithm}/{text[:2]}/{text[2:]}"

    def exists(self, digest: str) -> bool:
        return os.path.isfile(self._place(digest))

    def open(self, digest: str) -> BinaryIO:
        """The bytes of a file, checked while they are read: damaged ones never arrive complete."""
        if not digest.startswith("sha256:"):
            raise Invalid.field("digest", "is the digest of a folder, not of a file")
        return io.BufferedReader(files.CheckedReader(self._open(digest), digest), files.CHUNK)

    def open_seekable(self, digest: str) -> BinaryIO:
        """The bytes of a file, checked before the first is read (once, while nothing changes)."""
        file = os.fdopen(self._open(digest), "rb")
        try:
            self._verify_once(digest, file.fileno())
        except BaseException:
            file.close()
            raise
        return file

    def tree(self, digest: str) -> Tree:
        """The list of a stored folder."""
        if not digest.startswith("tree:"):
            raise Invalid.field("digest", "is the digest of a file, not of a folder")
        fd = self._open(digest)
        found = os.fstat(fd)
        seen, known = self._trees.get(digest, (None, None))
        if known is not None and seen == files.stamp(found):
            os.close(fd)
            return known
        with io.BufferedReader(files.CheckedReader(fd, digest)) as file:
            tree = msgspec.json.decode(file.read(), type=Tree)
        self._remember_tree(digest, found, tree)
        return tree

    def _remember_tree(self, digest: str, found: os.stat_result, tree: Tree) -> None:
        """Small ones, for many attempts stage the same."""
        if found.st_size < SMALL_TREE and time.time() - found.st_mtime > COARSE_SECONDS:
            if len(self._trees) >= REMEMBERED_TREES:
                self._trees.clear()
            self._trees[digest] = files.stamp(found), tree

    def verify(self, digest: str) -> None:
        """Read everything and raise `Damaged` if a byte is not as it was."""
        if digest.startswith("tree:"):
            for member in {entry.digest for entry in self.tree(digest).files}:
                self.verify(member)
            return
        with files.opened(self._open(digest)) as fd:
            self._verify(digest, fd)

    def _verify(self, digest: str, fd: int) -> None:
        if not files.fits(files.hash_file(fd), digest):
            raise files.damaged(digest)
        # Clocks of file systems are coarse: a write just after this one could go unseen.
        if time.time() - os.fstat(fd).st_mtime > COARSE_SECONDS:
            self._verified[digest] = files.stamp(os.fstat(fd))

    def _verify_once(self, digest: str, fd: int) -> None:
        if self._verified.get(digest) != files.stamp(os.fstat(fd)):
            self._verify(digest, fd)

    def stage(
        self, digest: str, target: Path, *, writable: bool = False, most_bytes: float = math.inf
    ) -> None:
        """Put the file or folder at `target`, which must not exist yet. Files of a folder that have
        more than `most_bytes` are not `writable`."""
        if os.path.lexists(target):
            raise Conflict(f"{target} exists already")
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
        with files.opened(self._open(digest)) as source, files.opened(files.new(target)) as copy:
            try:
                self._fill(digest, source, copy, target if may_link else None)
                os.fchmod(copy, mode)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(target)
                raise

    def _fill(self, digest: str, source: int, target: int, link_at: str | None) -> None:
        size = os.fstat(source).st_size
        with files.disk_full_in_words(size):
            if self._clone(source, target):
                self._verify_once(digest, source)
            elif link_at:
                self._verify_once(digest, source)
                if not files.link(self.path(digest), Path(link_at)):
                    files.copy_checked(source, target, digest)
            else:
                self.ensure_room(size)
                files.copy_checked(source, target, digest)

    def _open(self, digest: str) -> int:
        try:
            return os.open(self._place(digest), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as missing:
            raise NotFound(f"the bytes of {digest} are not in the store") from missing

    def delete(self, digest: str) -> None:
        """Forget the bytes; the files of a folder stay until they are deleted themselves."""
        self.path(digest).unlink(missing_ok=True)
        self._verified.pop(digest, None)

    def stored(self) -> Iterator[Stored]:
        """All that is there, folders before the files they list."""
        return stored(self.root)

    def ensure_room(self, needed_bytes: int) -> None:
        """Raises Unavailable where there is no room for them beside the reserve."""
        free = shutil.disk_usage(self.root).free
        if max(needed_bytes, 1) + self.reserve_bytes > free:
            raise files.disk_full(needed_bytes, self.reserve_bytes, free)

    def sweep(self, newborn_seconds: float = NEWBORN_SECONDS) -> int:
        """Remove what crashed writers left in tmp/; how many files."""
        return sweep(self.temp, newborn_seconds)
