"""Derives how a file or folder was used from its inotify events."""

from __future__ import annotations

from ..process.inotify import (
    ACCESS,
    CLOSE_NOWRITE,
    CLOSE_WRITE,
    CREATE,
    DELETE,
    IS_FOLDER,
    MODIFY,
    MOVED_FROM,
    MOVED_TO,
    OPEN,
)
from ..process.path_states import MARKS

RENAMES = CREATE | DELETE | MOVED_FROM | MOVED_TO
WRITES = CREATE | DELETE | MODIFY | MOVED_TO
USES = RENAMES | WRITES | ACCESS | OPEN | CLOSE_NOWRITE | CLOSE_WRITE


class FolderEvents:
    """Distinguishes nbyard's own listings of a folder from those by other programs.

    nbyard opens a folder several times before it lists it (`path_states.entries_of`). Other
    programs do not open a folder repeatedly without an event in between.
    """

    def __init__(self) -> None:
        self._seen = 0  # how often opened and closed, by turns; -1 while nbyard lists

    def note_folder_event(self, mask: int, name: bytes) -> bool:
        """Add an event of the folder.

        Return whether a program other than nbyard may have listed it.
        """
        seen, self._seen = self._seen, 0
        is_opened = seen > 0 and seen % 2 == 1
        if name or not mask & IS_FOLDER:
            return False
        if mask & ACCESS:
            # nbyard has opened and closed the folder MARKS times, and opened it once more to list
            # it.
            is_owned = seen in (-1, 2 * MARKS + 1)
            self._seen = -1 if is_owned else 0
            return not is_owned
        if mask & OPEN:
            self._seen = 1 if seen < 0 or is_opened else seen + 1
        elif is_opened:
            self._seen = seen + 1
        return False


class Use:
    """How the work used a file or folder, from its events in their order."""

    def __init__(self) -> None:
        self.is_written = False
        self._is_read_first = self._is_read_later = False
        self._opened = self._closed = self._opened_first = 0

    def note(self, mask: int) -> None:
        """Add an event.

        Listing a folder counts as reading it, and changing its entries as writing it.
        """
        if mask & OPEN:
            self._opened += 1
            self._opened_first += not self.is_written
        if mask & (CLOSE_NOWRITE | CLOSE_WRITE):
            self._closed += 1
        # a mapped file is read without ACCESS, but it is closed
        if mask & (ACCESS | CLOSE_NOWRITE | MOVED_FROM):
            # opened by a reader and a writer before the first write
            is_early = mask & CLOSE_NOWRITE and self._opened_first > 1
            if is_early or not self.is_written:
                self._is_read_first = True
            else:
                self._is_read_later = True
        self.is_written = self.is_written or bool(mask & WRITES)

    @property
    def reads(self) -> str:
        """Return `first` if it was read before it was written, `later` if after, "" if not at all.

        A file that was opened for writing may have been read through a mapping: this returns
        `opened`.
        """
        is_held = self._opened > self._closed and not self.is_written
        if self._is_read_first or is_held:
            return "first"
        if self._is_read_later:
            return "later"
        return "opened" if self._opened else ""
