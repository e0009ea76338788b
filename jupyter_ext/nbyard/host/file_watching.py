"""Watched files: what there is, and hints that something changed.

Hints come from watchdog, which asks the system to report changes. They may be late or missing, as
on network file systems. So a hint only says when to look.
"""

import logging
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

log = logging.getLogger("nbyard.dispatch")
MOST_LOOKED_AT = 200_000
MOUNTS = Path("/proc/self/mountinfo")
# File systems whose changes on other machines this machine does not hear of.
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


class TooManyFiles(Exception):
    """A folder has too many entries to watch."""


def watched_files(
    path: Path, matches: Callable[[str], bool], *, is_deep: bool, most: int
) -> dict[str, tuple[int, int]]:
    """Return time of modification in nanoseconds and size by real path.

    `matches` decides about the paths of files relative to a folder. Links to folders are not
    followed. A missing path has no files.

    Raises:
        OSError: a folder cannot be read.
        TooManyFiles: more than `most` files match, or there are too many entries.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    if not stat.S_ISDIR(found.st_mode):
        return {str(path): (found.st_mtime_ns, found.st_size)}
    files = {}
    for relative, entry in _entries(path, is_deep=is_deep):
        if matches(relative):
            try:
                known = entry.stat()
            except FileNotFoundError:  # it was deleted meanwhile, or is a link to nothing
                continue
            if stat.S_ISREG(known.st_mode):
                files[entry.path] = (known.st_mtime_ns, known.st_size)
                if len(files) > most:
                    raise TooManyFiles(str(path))
    return files


def _entries(path: Path, *, is_deep: bool) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    """Yield the entries that are no folders with their relative paths."""
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


def is_remote(path: Path, mounts: Path = MOUNTS) -> bool:
    """Return whether a path is on a network file system."""
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:  # not Linux
        return False
    best, kind = "", ""
    for line in lines:
        before, _, after = line.partition(" - ")
        place = before.split(" ")[4].replace("\\040", " ")
        if len(place) >= len(best) and path.is_relative_to(place):
            best, kind = place, after.split(" ")[0]
    return kind.startswith(REMOTE)


class ChangeHints:
    """Calls back when files below watched folders may have changed."""

    def __init__(self) -> None:
        self._observer: BaseObserver | None = None
        self._watches: dict[str, Any] = {}

    def watch(self, key: str, path: Path, is_deep: bool, hint: Callable[[], None]) -> bool:
        """Watch a folder, or the folder of a file; return False if there will be no hints."""
        from watchdog import events  # late: only needed with triggers
        from watchdog.observers import Observer

        folder = path if path.is_dir() else path.parent
        if is_remote(folder):
            return False
        handler = events.FileSystemEventHandler()
        handler.on_any_event = lambda _: hint()  # type: ignore[assignment]
        kinds = [
            kind
            for name in ("Created", "Modified", "Deleted", "Moved")
            for kind in (getattr(events, f"File{name}Event"), getattr(events, f"Dir{name}Event"))
        ]
        try:
            if self._observer is None:
                self._observer = Observer()
                self._observer.start()
            self._watches[key] = self._observer.schedule(
                handler, str(folder), recursive=is_deep, event_filter=kinds
            )
        except OSError as error:  # such as no folder, or too many watches of this user
            log.info("no hints about changes in %s: %s", folder, error)
            return False
        return True

    def unwatch(self, key: str) -> None:
        """Stop watching."""
        watch = self._watches.pop(key, None)
        if watch is not None and self._observer is not None:
            self._observer.unschedule(watch)

    def close(self) -> None:
        """Stop watching everything."""
        self._watches.clear()
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None
