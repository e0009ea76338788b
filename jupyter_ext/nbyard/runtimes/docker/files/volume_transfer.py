"""Transfers the files of an attempt to a volume of the engine, and back.

This is for engines that cannot access this machine's disk.
"""

import bisect
import filecmp
import io
import os
import shutil
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import nbyard.runner
from nbyard.blobs.file_operations import FULL
from nbyard.dockerd import Engine
from nbyard.domain.attempts.other_files import (
    MOST_SEEN,
    FileFilter,
    Written,
    summarize_files,
    within_caps,
)
from nbyard.domain.attempts.structs import (
    EVENTS,
    EXECUTED,
    LOG,
    METRICS,
    OTHERS,
    RESULT,
    RUNNER,
    TASK,
    USAGE,
    TaskFile,
)
from nbyard.errors import NbyardError, NotFound, Unavailable
from nbyard.reasons.structs import because
from nbyard.runner.attempt_folder import CODE
from nbyard.runner.process.path_states import MOST_LEVELS
from nbyard.runtimes.attempt_files import check_size, write_others
from nbyard.runtimes.docker.attempt_container_spec import FOLDER, ROOT, probe_spec
from nbyard.runtimes.protocol import Order

PASSED_BYTES = 256 * 2**20  # the most data that is received without being kept
SPOOL_BYTES = 32 * 2**20
APPENDED = (LOG, EVENTS, METRICS)
REPLACED = (EXECUTED, USAGE, RUNNER)
# With more unneeded bytes in the archive, such as inputs, a request for each needed part is better.
UNWANTED_BYTES = 8 * 2**20
Links = list[tuple[Path, str]]


class TooManyOtherFiles(Exception):
    """The archive has too many files or bytes. The rest of the code folder is skipped."""


class OtherFilesTaker:
    """Stores files from an archive of the attempt folder in the local code folder.

    `is_over` is set once no more files are expected: the code folder has ended in the archive, it
    was too large, or none were wanted.
    """

    def __init__(self, order: Order, task: TaskFile) -> None:
        paths = (os.path.normpath(output.path) for output in task.outputs.values())
        self.is_over = not all(order.caps)
        self._folder = order.folder
        self._caps = order.caps
        self._files = FileFilter({os.path.relpath(path, CODE) for path in paths})
        self._taken: list[tuple[int, str]] = []  # sorted by size and path
        self._taken_bytes = self._passed = self._seen = 0

    def take(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> bool:
        """Store a file of the archive if the work has created or changed it.

        `path` is relative to the attempt folder. Return whether it is in the code folder.

        Raises:
            TooManyOtherFiles: The archive has too many files or bytes.
        """
        folder, _, inside = path.partition("/")
        if folder != CODE or not inside:
            self.is_over = self.is_over or self._seen > 0
            return False
        if self.is_over:
            return False
        self._seen += 1
        if not member.isdir() and ".." not in inside.split("/"):
            self._passed += 0 if self._has_taken(archive, member, inside) else member.size
        if self._passed > PASSED_BYTES or self._seen > MOST_SEEN:
            self._files.leave("./", "too-many")
            self.is_over = True
            raise TooManyOtherFiles
        return True

    def close(self) -> None:
        """Write others.json, which lists the files that were not stored."""
        _, beyond = within_caps(self._files.written, *self._caps)
        write_others(self._folder, summarize_files("", [], [*self._files.left.values(), *beyond]))

    def _has_taken(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> bool:
        target, size = self._folder / CODE / path, member.size
        if member.islnk() and os.path.lexists(target):  # a second name of a file of the code
            return False
        if _size(target) == size and self._files.ignores(path):  # code in an ignored folder
            return False
        written = self._files.add(path, size, is_file=member.isreg())
        if written is None:
            return False
        if size > self._caps[0]:
            if _size(target) == size:  # an input, or code that counts as unchanged
                self._files.written.pop()
            return False
        try:
            is_new = self._store_member(archive, member, target)
        except OSError as error:
            is_new = False
            self._files.leave(path, "no-room" if error.errno in FULL else "unreadable", size)
        if is_new:
            self._count(written)
        else:
            self._files.written.pop()
        return is_new

    def _store_member(
        self, archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path
    ) -> bool:
        """Store a file, unless the same content is there already.

        Return whether it was stored.
        """
        part = self._folder / f"{OTHERS}.part"
        content = archive.extractfile(member)
        assert content is not None
        try:
            with open(part, "wb") as file:
                shutil.copyfileobj(content, file)
            if _size(target) == member.size and filecmp.cmp(part, target, shallow=False):
                return False
            target.parent.mkdir(parents=True, exist_ok=True)
            part.chmod(0o644 | member.mode & 0o111)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return True

    def _count(self, written: Written) -> None:
        """Count a stored file. Delete the largest stored files that exceed the limits now."""
        bisect.insort(self._taken, (written.size_bytes, written.path))
        self._taken_bytes += written.size_bytes
        while self._taken_bytes > self._caps[0] or len(self._taken) > self._caps[1]:
            size, path = self._taken.pop()
            self._taken_bytes -= size
            self._passed += size
            (self._folder / CODE / self._files.places[path]).unlink()


def _size(path: Path) -> int:
    with suppress(OSError):
        file_stat = os.lstat(path)
        return file_stat.st_size if stat.S_ISREG(file_stat.st_mode) else -1
    return -1


def can_access_folder(engine: Engine, order: Order, image: str) -> bool:
    """Return whether a container can mount the attempt folder of this machine.

    The check compares task.json, whose token makes it unique.
    """
    spec = probe_spec(order, image, order.folder)
    engine.remove(spec.name)
    try:
        engine.create(spec)
        pieces = open_archive(engine, spec.name, f"/nbyard/probe/{TASK}")
        with pieces as archive:
            for member in archive:
                content = archive.extractfile(member)
                return content is not None and content.read() == (order.folder / TASK).read_bytes()
        return False
    except Unavailable:
        raise
    # An engine elsewhere refuses to mount a folder that does not exist there.
    except (NbyardError, tarfile.TarError):
        return False
    finally:
        engine.remove(spec.name)


def send_folder(engine: Engine, name: str, folder: Path, user: tuple[int, int]) -> None:
    """Send the whole attempt folder to the container. Its files belong to `user` there."""
    _send(engine, name, folder, "attempt", user)


def send_runner(engine: Engine, name: str) -> None:
    """Send the runner to a folder beside the attempt folder, where the work cannot change it."""
    _send(engine, name, Path(str(nbyard.runner.__file__)).parent, "runner", (0, 0))


def _send(engine: Engine, name: str, folder: Path, called: str, user: tuple[int, int]) -> None:
    with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as spool:
        with tarfile.open(fileobj=spool, mode="w") as archive:
            archive.add(folder, called, filter=lambda member: _owned(member, user))
        spool.seek(0)
        engine.put(name, ROOT, spool)


def _owned(member: tarfile.TarInfo, user: tuple[int, int]) -> tarfile.TarInfo | None:
    member.uid, member.gid = user
    member.uname = member.gname = ""
    is_plain = member.isreg() or member.isdir() or member.issym() or member.islnk()
    return member if is_plain else None


def send_file(engine: Engine, name: str, path: Path) -> None:
    """Send one small file to the attempt folder in the container."""
    data = path.read_bytes()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo(path.name)
        member.size, member.mode = len(data), 0o644
        archive.addfile(member, io.BytesIO(data))
    packed.seek(0)
    engine.put(name, FOLDER, packed)


def fetch_progress(engine: Engine, name: str, folder: Path, seen: dict[str, str]) -> bool:
    """Fetch log, events and other progress files that have changed.

    Return whether any have. `seen` has the stamps of fetched files, and is updated.
    """
    changed = False
    for file in (*APPENDED, EXECUTED, USAGE):
        file_stat = engine.stat(name, f"{FOLDER}/{file}")
        stamp = f"{file_stat['size']} {file_stat['mtime']}" if file_stat else ""
        if stamp and seen.get(file) != stamp:
            fetch_file(engine, name, folder, file)
            seen[file] = stamp
            changed = True
    return changed


def fetch_all(engine: Engine, name: str, order: Order, task: TaskFile) -> None:
    """Fetch all that the work left, other files only within limits, and the result last.

    Each request to the engine takes time. So the folder is fetched with one request, unless much of
    it is not needed.
    """
    folder, others = order.folder, OtherFilesTaker(order, task)
    paths = (os.path.normpath(output.path) for output in task.outputs.values())
    trees = ["outputs", *(path for path in paths if path.split("/")[0] != "outputs")]
    try:
        _fetch_at_once(engine, name, folder, trees, others)
    except (_MuchElse, TooManyOtherFiles):
        for file in (*APPENDED, *REPLACED):
            fetch_file(engine, name, folder, file)
        for tree in trees:
            fetch_tree(engine, name, folder, tree)
        if not others.is_over:
            others = OtherFilesTaker(order, task)
            with (
                suppress(NotFound, TooManyOtherFiles),
                _opened(engine, name, f"{FOLDER}/{CODE}") as archive,
            ):
                for member in archive:
                    others.take(archive, member, member.name)
    others.close()
    fetch_file(engine, name, folder, RESULT)


class _MuchElse(Exception):
    """Much of the folder is not needed, such as code and inputs."""


def _fetch_at_once(
    engine: Engine, name: str, folder: Path, trees: list[str], others: OtherFilesTaker
) -> None:
    links: Links = []
    unwanted = 0
    try:
        with _opened(engine, name, FOLDER) as archive:
            for member in archive:
                path = member.name.partition("/")[2]
                if path in APPENDED or path in REPLACED:
                    _take_file(archive, member, folder, path)
                elif any(path == tree or path.startswith(f"{tree}/") for tree in trees):
                    _take(archive, member, _inside(folder, path), links)
                elif not others.take(archive, member, path):
                    unwanted += member.size
                    if unwanted > UNWANTED_BYTES:
                        raise _MuchElse
    except NotFound:
        return
    _make_links(links)


def fetch_file(engine: Engine, name: str, folder: Path, file: str) -> None:
    """Fetch one file of the attempt folder, if it exists."""
    try:
        with _opened(engine, name, f"{FOLDER}/{file}") as archive:
            for member in archive:
                _take_file(archive, member, folder, file)
    except NotFound:
        return


def _take_file(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, file: str) -> None:
    content = archive.extractfile(member) if member.isreg() else None
    if content is None:
        return
    if file not in APPENDED:
        temporary = folder / f"{file}.fetched"
        with open(temporary, "wb") as target:
            _copy(content, target)
        os.replace(temporary, folder / file)
        return
    with open(folder / file, "ab") as target:
        have = target.tell()
        while have > 0 and (piece := content.read(min(have, 1 << 16))):
            have -= len(piece)
        _copy(content, target)


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    while piece := source.read(1 << 16):
        target.write(piece)


def fetch_tree(engine: Engine, name: str, folder: Path, relative: str) -> None:
    """Fetch a file or folder in the attempt folder. Links are created last."""
    parent = (folder / relative).parent
    links: Links = []
    try:
        with _opened(engine, name, f"{FOLDER}/{relative}") as archive:
            for member in archive:
                _take(archive, member, _inside(parent, member.name), links)
    except NotFound:
        return
    _make_links(links)


def _take(
    archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path | None, links: Links
) -> None:
    if target is None:
        return
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
    elif member.issym():
        links.append((target, member.linkname))
    elif member.isreg() and (content := archive.extractfile(member)) is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        # A new file, so that a hard link to another file is not written.
        target.unlink(missing_ok=True)
        check_size(target.parent, member.size)
        with open(target, "xb") as file:
            _copy(content, file)
        os.chmod(target, 0o644 | member.mode & 0o111)


def _make_links(links: Links) -> None:
    """Create links.

    Call this after all files were written, so that none is written through a link.
    """
    for target, text in links:
        if not os.path.lexists(target):
            os.symlink(text, target)


def _inside(parent: Path, name: str) -> Path | None:
    # The archive comes from the work, so its names may lead out of the folder, or be too long.
    parts = Path(name).parts
    is_refused = name.startswith("/") or ".." in parts or len(parts) > MOST_LEVELS
    return None if is_refused else parent.joinpath(*parts)


@contextmanager
def _opened(engine: Engine, name: str, path: str) -> Iterator[tarfile.TarFile]:
    """Yield a tar archive of a path in a container.

    Raises:
        Unavailable: The archive is incomplete, as from Podman while a file changes.
    """
    try:
        with open_archive(engine, name, path) as archive:
            yield archive
    except tarfile.TarError as error:
        why = because("archive-incomplete", path=path, message=str(error))
        raise Unavailable(why) from error


class open_archive:
    """A tar archive of a path in a container, which is read while it is received."""

    def __init__(self, engine: Engine, name: str, path: str):
        self._pieces = engine.get(name, path)

    def __enter__(self) -> tarfile.TarFile:
        self._archive = tarfile.open(fileobj=_Pieces(self._pieces), mode="r|")
        return self._archive

    def __exit__(self, *_: Any) -> None:
        self._archive.close()
        self._pieces.close()


class _Pieces(io.BufferedIOBase):
    """A readable stream over an iterator of bytes."""

    def __init__(self, pieces: Iterator[bytes]):
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = size if size is not None and size >= 0 else 1 << 62
        pieces = [self._rest]
        have = len(self._rest)
        while have < wanted and (piece := next(self._pieces, None)) is not None:
            pieces.append(piece)
            have += len(piece)
        whole = b"".join(pieces)
        self._rest = whole[wanted:]
        return whole[:wanted]
