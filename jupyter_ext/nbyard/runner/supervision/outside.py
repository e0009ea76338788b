"""Records how the work uses files outside its code folder, at the paths that its code names.

If a named path is a folder, files and folders in it are watched, too. Reading and writing are
distinguished: a result does not depend on a log to which the work only appends. The dispatcher
decides which of the recorded uses count.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import Any

from ..process.inotify import (
    ACCESS,
    CLOSE_NOWRITE,
    CLOSE_WRITE,
    COARSE_CLOCK,
    CREATE,
    DELETE,
    IS_FOLDER,
    MODIFY,
    MOVED_FROM,
    MOVED_TO,
    OPEN,
    OVERFLOW,
    Inotify,
)
from ..process.path_states import (
    FOLDER,
    MARKS,
    MISSING,
    PASSING,
    digests_at,
    entries_of,
    entry_digests,
    names_in,
    state_of,
)

RENAMES = CREATE | DELETE | MOVED_FROM | MOVED_TO
WRITES = CREATE | DELETE | MODIFY | MOVED_TO
USES = RENAMES | WRITES | ACCESS | OPEN | CLOSE_NOWRITE | CLOSE_WRITE
TAKE_SECONDS = 0.05  # between looks at the events: the kernel merges repeated reads
MOST_PLACES = 500  # watched folders and links
MOST_READ = 5_000
MOST_USED = 50_000
# folders of many programs, whose subfolders are not watched
SHARED = frozenset(
    ("/", "/dev/shm", "/etc", "/home", "/opt", "/root", "/tmp", "/usr", "/var", "/var/tmp")
)
# a folder with one of these is an environment, whose files are not watched
ENVIRONMENTS = frozenset({"conda-meta", "pyvenv.cfg"})
# a folder with both is a store of nbyard, which changes with each run
STORE = frozenset({"attempts", "store-id"})
# Python opens a compiled module and only asks for the time of its source
COMPILED = re.compile(r"__pycache__/([^/]+?)\.[^/]+$")


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
            # nbyard opened and closed the folder MARKS times, and opened it once more to list it.
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


class OutsideWatch:
    """Watches absolute paths, which may be missing, and the contents of folders among them.

    `is_blind` is set if events are missing. Then all files there count as read.
    """

    def __init__(self, named: Iterable[str]) -> None:
        self._since = time.clock_gettime_ns(COARSE_CLOCK)
        self._named = tuple(named)
        self._start = {path: state_of(path) for path in self._named}
        self._names: dict[str, list[str]] = {}  # by watched folder
        # digests of what code sees at computed paths, by watched folder and missing path
        self._digests: dict[str, tuple[str, str]] = {}
        self._places: dict[int, list[str]] = {}
        self._events: defaultdict[int, FolderEvents] = defaultdict(FolderEvents)
        self._unwatched: set[str] = set()
        self._uses: dict[str, Use] = {}
        self._inotify: Inotify | None = None
        self._is_full = False
        self.is_blind = False
        try:
            self._inotify = Inotify()
        except (OSError, AttributeError):  # no inotify on this system
            self.is_blind = True
        list_once = cache(entries_of)  # many missing paths may have one folder
        # files first: a large folder uses up the watches
        for path in sorted(self._named, key=lambda path: self._start[path] == FOLDER):
            self._watch(path)
            if self._start[path] == MISSING:
                self._digests[path] = digests_at(path, MISSING, list_once)
        self.take()
        self._uses.clear()  # used by the code above

    def _watch(self, path: str) -> None:
        if self._start[path] == FOLDER:
            self._walk(path)
            return
        # the folder shows when a missing or replaced file comes, the link shows nothing
        places = [os.path.dirname(path), *([path] if os.path.islink(path) else [])]
        # A list, not a generator: both are watched even if the first one fails.
        if not all([self._add(place) for place in places]):
            self._unwatched.add(path)

    def _walk(self, folder: str) -> None:
        """Watch a folder, its subfolders, and the targets of links in them.

        Environments and stores of nbyard are skipped.
        """
        places, hidden, walked = [folder], list[str](), set[tuple[int, int]]()
        while places or hidden:  # the hidden ones may be many
            place = places.pop(0) if places else hidden.pop(0)
            with contextlib.suppress(OSError):
                seen = os.stat(place)
                inode = (seen.st_dev, seen.st_ino)
                entries = [] if inode in walked else entries_of(place)
                names = {entry.name for entry in entries}
                is_left_out = ENVIRONMENTS & names or names >= STORE
                if inode in walked or place in self._names or is_left_out:
                    continue
                if not self._add(place):
                    # not beyond the limit, and nothing that only root may enter
                    if len(self._places) < MOST_PLACES and os.access(place, os.X_OK):
                        self._unwatched.add(place)
                    continue
                walked.add(inode)
                self._names[place] = sorted(names - PASSING)
                if os.path.basename(place) not in PASSING:
                    self._digests[place] = entry_digests(entries)
                self._start.setdefault(place, FOLDER)
                is_shared = place in SHARED or place == os.path.expanduser("~")
                for dir_entry in entries:
                    if not _is_folder(dir_entry):
                        self._remember_file(dir_entry)
                    elif not is_shared:
                        (hidden if dir_entry.name.startswith(".") else places).append(
                            dir_entry.path
                        )

    def _remember_file(self, file: os.DirEntry[str]) -> None:
        """Record the state of a file in a watched folder.

        If it is a link, watch its target.
        """
        if file.is_symlink() and not self._add(file.path):
            self._unwatched.add(file.path)
        if len(self._start) < MOST_READ:
            self._start.setdefault(file.path, state_of(file.path))

    def _add(self, path: str) -> bool:
        """Watch a path.

        Return False if that fails, so that its events will be missing.
        """
        if self._inotify is None or len(self._places) >= MOST_PLACES:
            return self._inotify is None
        try:
            known = self._places.setdefault(self._inotify.add(path, USES), [])
        except (OSError, ValueError):
            return False
        if path not in known:
            known.append(path)
        return True

    def take(self) -> None:
        """Record the events since the last call."""
        if self._inotify is None or self.is_blind:
            return
        for number, mask, name in self._inotify.read():
            if mask & OVERFLOW:
                self.is_blind = True
                self._inotify.close()
                return
            is_listing = self._events[number].note_folder_event(mask, name)
            for place in self._places.get(number, ()):
                self._note(place, mask, os.fsdecode(name), is_listing=is_listing)

    def _note(self, place: str, mask: int, name: str, *, is_listing: bool) -> None:
        path = os.path.join(place, name) if name else place
        if name and mask & RENAMES and name not in PASSING and place in self._names:
            self._use(place).note(MODIFY)
        if "__pycache__/" in path:
            path, mask = COMPILED.sub(r"\1.py", path), mask & ACCESS
        if mask & IS_FOLDER:
            # opening a folder is not listing it; a path that was missing has no watch of its own
            is_new = name and mask & ACCESS and self._start.get(path) == MISSING
            mask = mask & RENAMES | (ACCESS if is_listing or is_new else 0)
        else:
            mask &= USES
        # Code may complete a name that it contains, as in f'/data/sales-{year}.csv'.
        if mask and path.startswith(self._named):
            self._use(path).note(mask)

    def _use(self, path: str) -> Use:
        if path not in self._uses and len(self._uses) >= MOST_USED:
            self._is_full = True
            return Use()
        return self._uses.setdefault(path, Use())

    def uses(self) -> dict[str, Any]:
        """Return how each named path, and each file in named folders, was used so far."""
        self.take()
        paths = {*self._named, *self._uses, *self._unwatched, *self._digests}
        if self.is_blind:
            for place in self._names:
                paths.update(os.path.join(place, name) for name in names_in(place))
        facts = {path: self._fact(path) for path in sorted(paths)}
        known_facts = {path: fact for path, fact in facts.items() if fact}
        if self._is_full or len(known_facts) > MOST_READ + len(self._named):
            return {path: {"end": ["many"]} for path in self._named}
        return known_facts

    def _fact(self, path: str) -> dict[str, Any]:
        """Return how a path was used, empty for one that is neither named nor read.

        The fields are its states at the start and at the `end`, what it `reads` (see `Use.reads`),
        and `is_changed`. Folders and missing paths also have digests of names and entries.
        """
        use, end = self._uses.get(path) or Use(), state_of(path)
        folder, _, name = path.rpartition("/")
        start = self._start.get(path)
        if start is None:
            names = self._names.get(folder)
            is_new = names is not None and name not in names
            is_old = end[0] == "file" and end[3] < self._since
            start = MISSING if is_new else end if is_old else ["unknown"]
        # such as a link that leads elsewhere now
        is_swapped = start[4:] != end[4:] and not use.is_written
        reads = use.reads
        if self.is_blind or path in self._unwatched or (is_swapped and not reads):
            reads = "first"
        if not reads and path not in self._named and path not in self._digests:
            return {}
        # a new ctime alone is a new mode or name
        is_same = [*start[:3], *start[4:]] == [*end[:3], *end[4:]]
        is_changed = not is_same or (use.is_written and start != end)
        fact = {"start": start, "end": end, "reads": reads, "is_changed": is_changed}
        if path in self._digests:
            fact["names"], fact["entries"] = self._digests[path]
        if end == FOLDER and reads:
            fact["is_changed"] = is_changed or self._names.get(path, []) != names_in(path)
        return fact

    def close(self) -> None:
        """Stop watching."""
        if self._inotify:
            self._inotify.close()


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry leads to a folder; a link may lead nowhere or to itself."""
    try:
        return entry.is_dir()
    except OSError:
        return False
