"""Hints that watched files changed.

Hints come from watchdog, which asks the system to report changes. They may be late or missing, as
on network file systems. So a hint only says when to look.
"""

import logging
import threading
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
    """Calls back when files below watched folders may have changed; for several threads."""

    def __init__(self) -> None:
        self._observer: BaseObserver | None = None
        # The watch of each key with its handler; equal watches are one for the observer.
        self._watches: dict[str, tuple[Any, Any]] = {}
        self._lock = threading.Lock()

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
            with self._lock:
                if self._observer is None:
                    self._observer = Observer()
                    self._observer.start()
                watch = self._observer.schedule(
                    handler, str(folder), recursive=is_deep, event_filter=kinds
                )
                self._watches[key] = watch, handler
        except OSError as error:  # such as no folder, or too many watches of this user
            log.info("no hints about changes in %s: %s", folder, error)
            return False
        return True

    def unwatch(self, key: str) -> None:
        """Stop watching."""
        with self._lock:
            watch, handler = self._watches.pop(key, (None, None))
            if watch is None or self._observer is None:
                return
            if any(watch == other for other, _ in self._watches.values()):
                self._observer.remove_handler_for_watch(handler, watch)
            else:
                self._observer.unschedule(watch)

    def close(self) -> None:
        """Stop watching everything."""
        with self._lock:
            observer, self._observer = self._observer, None
            self._watches.clear()
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
        before, _, after = line.partition(" - ")
        place = before.split(" ")[4].replace("\\040", " ")
        if len(place) >= len(best) and path.is_relative_to(place):
            best, kind = place, after.split(" ")[0]
    return kind.startswith(REMOTE)
