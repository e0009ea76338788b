"""Records which files of its code folder the work opens, and which folders it lists.

The events come from inotify(7), so native readers and child processes are covered as well as
Python. Lookups of missing files and of attributes are not seen. Written files are recorded for
display only: no result depends on them.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import stat
import time
from typing import Any

from ..process.inotify import (
    CLOSE_WRITE,
    COARSE_CLOCK,
    CREATE,
    IS_FOLDER,
    MOVED_FROM,
    MOVED_TO,
    NO_LINKS,
    ONLY_FOLDERS,
    OPEN,
    OVERFLOW,
    Inotify,
)
from ..process.path_states import walk
from ..reasons import Reason, because

DISTRIBUTIONS = (".dist-info", ".egg-info", ".egg")  # what importlib.metadata looks for
MASK = CREATE | MOVED_FROM | MOVED_TO | OPEN | CLOSE_WRITE | ONLY_FOLDERS | NO_LINKS
MOST_WRITTEN = 100
MOST = 20_000  # paths; code that opens more depends on the whole folder


class Watch:
    """Watches the code folder and its subfolders.

    `problem` is the reason why events are missing, if so. Then the recorded events do not count.
    `has_distributions` states whether the folder contained an installed Python package at the
    start.
    """

    def __init__(self, folder: str, selector: selectors.BaseSelector) -> None:
        self._inotify: Inotify | None = None
        self._selector = selector
        self._is_heard = False
        self.problem: Reason | None = None
        self.has_distributions = False
        self._folder = folder
        self._places: dict[int, str] = {}
        self._read: set[str] = set()
        self._listed: set[str] = set()
        self._files: dict[int, str] = {}  # by inode
        self._made: set[str] = set()
        self._first: set[str] = set()
        self._written: set[str] = set()
        self._new_folders: set[str] = set()
        self._since = time.clock_gettime_ns(COARSE_CLOCK)
        try:
            self._inotify = Inotify()
            for inside in self._list():
                self._places[self._inotify.add(os.path.join(self._folder, inside), MASK)] = inside
            self.take()
            self._listed.clear()  # listed by the code above
            self._selector.register(self._inotify.descriptor, selectors.EVENT_READ, self.take)
            self._is_heard = True
        except (OSError, AttributeError) as error:  # no inotify on this system
            self.problem = because("reads-not-watched", error=str(error))

    def _list(self) -> list[str]:
        """Record all files in the folder.

        Return all folders relative to it, with "" for itself.
        """
        folders = [""]
        for inside in folders:
            start = _before(inside)
            with os.scandir(os.path.join(self._folder, inside)) as entries:
                for entry in entries:
                    path = start + entry.name
                    self.has_distributions |= entry.name.lower().endswith(DISTRIBUTIONS)
                    # A link to a folder is not followed: it could lead back into its own parents.
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(path)
                    else:
                        self._files[entry.inode()] = path
                        self._first.add(path)
        return folders

    def leave(self) -> None:
        """Remove the watch from the selector."""
        if self._is_heard and self._inotify:
            self._is_heard = False
            self._selector.unregister(self._inotify.descriptor)

    def take(self, _descriptor: int = 0) -> None:
        """Record the events since the last call."""
        if self._inotify is None or self.problem:
            return
        for place, mask, name in self._inotify.read():
            # not UTF-8, so not a file of a bundle
            with contextlib.suppress(UnicodeDecodeError):
                self._note(place, mask, name.decode())
            if self.problem:
                return

    def _note(self, place: int, mask: int, name: str) -> None:
        if mask & OVERFLOW or len(self._read) > MOST:
            self.problem = because("too-many-reads")
            self.leave()
        inside = self._places.get(place)
        if inside is None:
            return
        path = _before(inside) + name
        if mask & OPEN and mask & IS_FOLDER:
            if not name:  # the parent's event has the name
                self._listed.add(inside or ".")
        elif mask & OPEN:
            self._read.add(path)
        elif mask & MOVED_FROM:  # it will be read under its new name
            self._read.add(f"{path}/" if mask & IS_FOLDER else path)
        elif mask & IS_FOLDER:  # a folder was created or moved here
            self._new_folders.add(path)
        elif mask & (CLOSE_WRITE | MOVED_TO):
            self._written.add(path)
        elif mask & CREATE:
            self._made.add(path)

    def observed(self) -> dict[str, Any]:
        """Return the files that were read or written and the folders that were listed so far.

        The form is that of result.json.
        """
        self.take()
        # Files may have been read under a second name, as hard links. If the second name is gone,
        # the file's change time shows that there was one.
        made, self._made = self._made, set()
        for path in made:
            try:
                inode = os.lstat(os.path.join(self._folder, path)).st_ino
            except OSError:
                self._read.update(filter(self._is_touched, self._files.values()))
            else:
                self._read.update(filter(None, [self._files.get(inode)]))
        if self.problem:
            return {"problem": self.problem}
        # the written files that still exist, including those in new folders
        paths = set(filter(self._is_file, self._written))
        for folder in self._new_folders:
            for parent, _, names in walk(os.path.join(self._folder, folder)):
                inside = os.path.relpath(parent, self._folder)
                paths.update(filter(self._is_file, (os.path.join(inside, name) for name in names)))
                if len(paths) > MOST_WRITTEN:
                    break
        left = sorted(paths)[:MOST_WRITTEN]
        seen = {"read": sorted(self._read), "listed": sorted(self._listed), "written": left}
        return seen | {"passing": sorted(self._read - self._first - {*left})}

    def _is_file(self, path: str) -> bool:
        try:
            path.encode()  # a name that is not UTF-8 has no place in result.json
            return stat.S_ISREG(os.lstat(os.path.join(self._folder, path)).st_mode)
        except (OSError, UnicodeEncodeError):
            return False

    def _is_touched(self, path: str) -> bool:
        try:
            return os.lstat(os.path.join(self._folder, path)).st_ctime_ns >= self._since
        except OSError:
            return True

    def close(self) -> None:
        """Close the inotify descriptor."""
        if self._inotify:
            self._inotify.close()


def _before(folder: str) -> str:
    """Return the prefix of paths in a folder. `os.path.join` would be too slow here."""
    return f"{folder}/" if folder else ""
