"""Hints that watched files changed.

Hints come from watchdog, which asks the system to report changes. They may be late or missing, as
on network file systems. So a hint only says when to look.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

log = logging.getLogger("nbyard.dispatch")
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
