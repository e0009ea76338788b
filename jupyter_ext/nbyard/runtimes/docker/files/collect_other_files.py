"""Collects files that the work wrote beside its outputs into its code folder, from a tar archive.

The smallest files within the limits are kept, as for a process. An engine sends only whole folders,
so the search stops after too much unneeded data.
"""

import bisect
import filecmp
import os
import shutil
import stat
import tarfile
from contextlib import suppress
from pathlib import Path

from nbyard.blobs.file_operations import FULL
from nbyard.domain.attempts.other_files import (
    MOST_SEEN,
    FileFilter,
    Written,
    summarize_files,
    within_caps,
)
from nbyard.domain.attempts.structs import OTHERS, TaskFile
from nbyard.runner.attempt_folder import CODE
from nbyard.runtimes.attempt_files import write_others
from nbyard.runtimes.protocol import Order

PASSED_BYTES = 256 * 2**20  # the most data that is received without being kept


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
    """Return the size of a file, -1 if there is none."""
    with suppress(OSError):
        file_stat = os.lstat(path)
        return file_stat.st_size if stat.S_ISREG(file_stat.st_mode) else -1
    return -1
