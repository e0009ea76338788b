"""Copies the files that a call wrote into the code folder to the attempt, before the next call.

All calls of a worker process share that folder. Events from inotify(7) show which files each call
wrote. Without inotify, no files are copied.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Iterable, Iterator

from ..attempt_folder import CODE
from ..process.inotify import (
    CLOSE_WRITE,
    CREATE,
    IS_FOLDER,
    MODIFY,
    MOVED_TO,
    NO_LINKS,
    ONLY_FOLDERS,
    OVERFLOW,
    Inotify,
)

OTHERS = "others.json"
MASK = CREATE | MODIFY | CLOSE_WRITE | MOVED_TO | ONLY_FOLDERS | NO_LINKS
NAMED = 100  # files that are not copied; the others are counted


class WrittenFiles:
    """Watches a code folder and copies the files that each call wrote.

    At most `most_bytes` and `most_files` are copied for each call. `folders` lists the subfolders:
    listing them here would count as reading the code.
    """

    def __init__(
        self, folder: str, folders: Iterable[str], most_bytes: int, most_files: int
    ) -> None:
        self._folder = folder
        self._most_bytes, self._most_files = most_bytes, most_files
        self._places: dict[int, str] = {}
        self._inotify: Inotify | None = None
        if most_bytes and most_files:
            with contextlib.suppress(OSError, AttributeError):  # no inotify on this system
                self._inotify = Inotify()
                for subfolder in ("", *folders):
                    self._add(subfolder)

    def copy_to(self, place: str) -> bool:
        """Copy the files that were written since the last call to the attempt folder `place`.

        Return whether files were written. Links and files beyond the limits are only named, in
        `others.json`.
        """
        written = self._new_files()
        if not written:
            return False
        left, sizes = list[tuple[str, str, int]](), list[tuple[int, str]]()
        for path in sorted(written):
            with contextlib.suppress(OSError):  # it is gone, or out of reach
                file_stat = os.lstat(self._at(path))
                if stat.S_ISREG(file_stat.st_mode):
                    sizes.append((file_stat.st_size, path))
                else:
                    left.append((path, "link", 0))
        if not sizes and not left:
            return False
        os.makedirs(os.path.join(place, CODE), exist_ok=True)
        left += self._copy(sorted(sizes), place)
        if left:
            named = [
                # a name that is not UTF-8 has no place in JSON
                {"path": path.encode("utf-8", "backslashreplace").decode(), "why": why}
                | {"size_bytes": size}
                for path, why, size in left[:NAMED]
            ]
            with open(os.path.join(place, OTHERS), "w", encoding="utf-8") as file:
                json.dump({"left_out": named, "more": len(left) - len(named)}, file)
        return True

    def _copy(self, sizes: Iterable[tuple[int, str]], place: str) -> Iterator[tuple[str, str, int]]:
        """Copy files, the smallest first.

        Yield path, reason and size of those not copied.
        """
        import shutil  # most calls write no such file

        count = size = 0
        for bytes_, path in sizes:
            if size + bytes_ > self._most_bytes:
                yield path, "too-large", bytes_
            elif count >= self._most_files:
                yield path, "too-many", bytes_
            else:
                count, size = count + 1, size + bytes_
                target = os.path.join(place, CODE, path)
                try:
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    shutil.copyfile(self._at(path), target, follow_symlinks=False)
                except OSError:
                    with contextlib.suppress(OSError):
                        os.unlink(target)  # a part may have been written
                    yield path, "unreadable", bytes_

    def _new_files(self) -> set[str]:
        """Return the files that were written since the last time, relative to the folder."""
        paths = set[str]()
        for number, mask, name in self._inotify.read() if self._inotify else ():
            if mask & OVERFLOW:  # the dispatcher leaves out what did not change
                paths.update(self._watch(""))
                continue
            path = _join(self._places.get(number, ""), os.fsdecode(name))
            if number not in self._places or not name or _is_cache(path):
                continue
            if mask & IS_FOLDER:
                paths.update(self._watch(path))
            else:
                paths.add(path)
        return paths

    def _watch(self, folder: str) -> list[str]:
        """Watch a new folder and its subfolders. Return the files in them."""
        folders, files = [folder], list[str]()
        for subfolder in folders:
            with contextlib.suppress(OSError):  # deleted meanwhile, or too many watches
                self._add(subfolder)
                with os.scandir(self._at(subfolder)) as entries:
                    for entry in entries:
                        if not _is_cache(entry.name):
                            is_folder = entry.is_dir(follow_symlinks=False)
                            (folders if is_folder else files).append(_join(subfolder, entry.name))
        return files

    def _add(self, folder: str) -> None:
        if self._inotify:
            self._places[self._inotify.add(self._at(folder), MASK)] = folder

    def _at(self, path: str) -> str:
        return os.path.join(self._folder, path)


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _is_cache(path: str) -> bool:
    """Return whether a file or folder is hidden or a cache of Python, which users do not need."""
    name = path.rpartition("/")[2]
    return name.startswith(".") or name == "__pycache__" or name.endswith(".pyc")
