"""Watches files for automations: lists which exist, and notices that they may have changed."""

import logging
import os
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbyard.domain.parsing.strict_json import is_utf8

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver

MOST_LOOKED_AT = 200_000
log = logging.getLogger("nbyard.dispatch")
MOUNTS = Path("/proc/self/mountinfo")
# File systems that do not report changes by other machines.
# They are prefixes: fuse includes fuse.sshfs, and nfs includes nfs4.
REMOTE = (
    "nfs",
    "cifs",
    "smb",
    "9p",
    "fuse",
    "afs",
    "ceph",
    "glusterfs",
    "lustre",
    "gpfs",
    "beegfs",
)


Hint = Callable[[], None]
Place = tuple[str, bool]  # a folder, and whether it is watched with all folders below it


class TooManyFiles(Exception):
    """A folder has too many entries to watch."""


def present_files(
    path: Path, matches: Callable[[str], bool], *, is_deep: bool, most: int
) -> dict[str, tuple[int, int]]:
    """Return modification time (ns) and size of the files that exist, by real path.

    `matches` selects files by their paths relative to a folder. Links to folders are not followed.
    Names that are not UTF-8 are skipped, because JSON cannot contain them. A missing path has no
    files.

    Raises:
        OSError: A folder cannot be read.
        TooManyFiles: More than `most` files match, or there are too many entries.
    """
    try:
        path_stat = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    if not stat.S_ISDIR(path_stat.st_mode):
        return {str(path): (path_stat.st_mtime_ns, path_stat.st_size)}
    files = {}
    for relative, entry in _entries(path, is_deep=is_deep):
        if matches(relative) and is_utf8(relative):
            try:
                known = entry.stat()
            except FileNotFoundError:  # it was deleted meanwhile, or is a link to nothing
                continue
            if stat.S_ISREG(known.st_mode):
                files[entry.path] = (known.st_mtime_ns, known.st_size)
                if len(files) > most:
                    raise TooManyFiles(str(path))
    return files


def changed_at(path: str) -> datetime:
    """Return when a file was last changed or renamed.

    If it is gone, return when its folder was changed.
    """
    place = Path(path)
    while True:
        try:
            known = place.stat()
        except (FileNotFoundError, NotADirectoryError):
            if place == place.parent:
                raise
            place = place.parent
            continue
        # Unlike that of modification, no program can set this time, and a rename changes it.
        is_there = place == Path(path)
        seconds = known.st_ctime if is_there else known.st_mtime
        return datetime.fromtimestamp(seconds, UTC)


def _entries(path: Path, *, is_deep: bool) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    """Yield all entries except folders, with their relative paths."""
    left, count = [("", str(path))], 0
    while left:
        prefix, folder = left.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                count += 1
                if count > MOST_LOOKED_AT:
                    raise TooManyFiles(str(path))
                if not entry.is_dir(follow_symlinks=False):
                    yield prefix + entry.name, entry
                elif is_deep and not entry.name.startswith("."):
                    left.append((f"{prefix}{entry.name}/", entry.path))


@dataclass(eq=False)
class WatchedFolder:
    """A folder that is watched once, for all callers that want hints about it.

    `hints` has the functions to call, by path and by the caller's key. The path "" is for callers
    that want hints about all files.
    """

    watch: Any
    hints: dict[str, dict[str, Hint]] = field(default_factory=dict)

    def add(self, key: str, path: str, hint: Hint) -> None:
        """Add a caller's function. `path` is the only file to watch, or "" for all."""
        self.hints.setdefault(path, {})[key] = hint

    def remove(self, key: str, path: str) -> None:
        """Remove a caller's function."""
        del self.hints[path][key]
        if not self.hints[path]:
            del self.hints[path]

    def about(self, paths: Iterable[str]) -> list[Hint]:
        """Return the functions to call after changes of these paths.

        It is called without a lock, so each copy is made in one step.
        """
        hints = list[Hint]()
        for path in ("", *paths):
            hints += self.hints.get(path, {}).values()
        return hints


class ChangeHints:
    """Calls functions when watched files, or files in watched folders, may have changed.

    Several threads may use it.
    """

    def __init__(self) -> None:
        self._observer: BaseObserver | None = None
        self._folders: dict[Place, WatchedFolder] = {}
        self._keys: dict[str, tuple[Place, str]] = {}
        self._lock = threading.Lock()

    def watch(self, key: str, path: Path, is_deep: bool, hint: Hint) -> bool:
        """Call `hint` after changes of a file, or in a folder (`is_deep` at any depth).

        Return False if changes there cannot be noticed. `key` identifies the caller.
        """
        is_folder = path.is_dir()
        folder = path if is_folder else path.parent
        if is_remote(folder):
            return False
        place = str(folder), is_deep
        try:
            with self._lock:
                known = self._folders.get(place) or self._start_watching(place)
                # A missing folder may appear, with files in it.
                is_file = path.is_file() or not (is_folder or is_deep)
                only = str(path) if is_file else ""
                known.add(key, only, hint)
                self._keys[key] = place, only
        except OSError as error:  # such as no folder, or too many watches of this user
            log.info("no hints about changes in %s: %s", folder, error)
            return False
        return True

    def _start_watching(self, place: Place) -> WatchedFolder:
        from watchdog import events  # late: only needed with automations
        from watchdog.observers import Observer

        if self._observer is None:
            self._observer = Observer()
            self._observer.start()
        handler = events.FileSystemEventHandler()
        handler.on_any_event = partial(self._notify, place)  # type: ignore[method-assign]
        # watchdog also reports files that are opened or closed, so each reader would cause hints.
        kinds = [
            kind
            for name in ("Created", "Modified", "Deleted", "Moved")
            for kind in (getattr(events, f"File{name}Event"), getattr(events, f"Dir{name}Event"))
        ]
        watch = self._observer.schedule(handler, place[0], recursive=place[1], event_filter=kinds)
        self._folders[place] = WatchedFolder(watch)
        return self._folders[place]

    def _notify(self, place: Place, event: "FileSystemEvent") -> None:
        # Without the lock: the observer holds its own here, and others take that one second.
        known = self._folders.get(place)
        if known is None:
            return
        paths = {os.fsdecode(path) for path in (event.src_path, event.dest_path) if path}
        for hint in known.about(paths):
            hint()

    def unwatch(self, key: str) -> None:
        """Stop the hints for the caller `key`."""
        with self._lock:
            if key not in self._keys or self._observer is None:
                return
            place, only = self._keys.pop(key)
            known = self._folders[place]
            known.remove(key, only)
            if not known.hints:
                del self._folders[place]
                self._observer.unschedule(known.watch)

    def close(self) -> None:
        """Stop all hints."""
        with self._lock:
            observer, self._observer = self._observer, None
            self._folders.clear()
            self._keys.clear()
        if observer is not None:
            observer.stop()
            observer.join()


def is_remote(path: Path, mounts: Path = MOUNTS) -> bool:
    """Return whether a path is on a network file system."""
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:  # not Linux
        return False
    best, kind = "", ""
    for line in lines:
        # For example `36 25 8:1 / /home rw shared:1 - ext4 /dev/sda1 rw`, with `\040` for a space.
        before, _, after = line.partition(" - ")
        place = before.split(" ")[4].replace("\\040", " ")
        # The deepest mount counts. Of two at the same place, the later one hides the other.
        if len(place) >= len(best) and path.is_relative_to(place):
            best, kind = place, after.split(" ")[0]
    return kind.startswith(REMOTE)
