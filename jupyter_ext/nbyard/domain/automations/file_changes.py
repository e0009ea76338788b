"""Watched files: their patterns, what differs between two snapshots, and who changed them."""

import fnmatch
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

import msgspec

from nbyard.domain.automations.structs import OnFile
from nbyard.domain.paging import check_length, check_range
from nbyard.domain.runs.origins import Change, ChangedFile, FileCause
from nbyard.errors import Invalid

# Linux dates changes of files by the last tick of its clock: with 100 ticks a second, a file that a
# run writes at once may seem up to 10 ms older than the run.
TICK = timedelta(milliseconds=10)
LEAST_SETTLE, MOST_SETTLE = 0.1, 3600.0
MOST_FILES = 10_000
MAX_PATTERN = 200
FIELD = "on.pattern"
DEEP = "**"
WILD = ("*", "?", "[")
MOST_SHOWN = 100
# While some file always changes, complete files start a run after this number of settle times.
PATIENCE = 10.0

Stamp = tuple[int, int]  # time of modification in nanoseconds, and size in bytes
Snapshot = Mapping[str, Stamp]


class RunWindow(msgspec.Struct, frozen=True):
    """The time when a run was active. `finished_at` is None while it is active.

    `chain` are the IDs of the automations that led to the run.
    """

    run_id: str
    started_at: datetime
    finished_at: datetime | None
    chain: Sequence[str] = ()

    def contains(self, moment: datetime) -> bool:
        """Return whether the run was active at this time."""
        return self.started_at - TICK <= moment and (
            self.finished_at is None or moment <= self.finished_at
        )


def run_that_made_changes(
    moments: Collection[datetime], windows: Iterable[RunWindow]
) -> RunWindow | None:
    """Return the newest run that was active when files changed, else None.

    `moments` are the times of the changes. If one is outside of all runs, the result is None:
    this change came from elsewhere.
    """
    matching: list[RunWindow] = []
    known = [*windows]
    for moment in moments:
        active = [window for window in known if window.contains(moment)]
        if not active:
            return None
        matching += active
    return max(matching, key=lambda window: window.started_at, default=None)


def check_file_event(on: OnFile) -> None:
    """Check pattern, changes and settle time.

    Raises:
        Invalid: a field is refused.
    """
    path_pattern(on.pattern)
    if not on.changes:
        raise Invalid.field("on.changes", "may not be empty")
    check_range("on.settle_seconds", on.settle_seconds, LEAST_SETTLE, MOST_SETTLE)


class PathPattern(msgspec.Struct, frozen=True):
    """A glob as regular expressions for each name in a path. None is any number of folders.

    Names are matched one by one, because a regular expression for whole paths can be very slow.
    """

    parts: tuple[re.Pattern[str] | None, ...]

    @property
    def is_deep(self) -> bool:
        """Return whether files in subfolders can match."""
        return len(self.parts) > 1

    def matches(self, path: str) -> bool:
        """Return whether a path relative to the watched folder matches."""
        *folders, name = path.split("/")
        # All places in the pattern that the folders so far can lead to. Their number is at most
        # that of the parts, so that no pattern is slow.
        places = self._with_skipped_folders({0})
        for folder in folders:
            places = self._with_skipped_folders(
                {place for start in places for place in self._next(start, folder)}
            )
        last = len(self.parts) - 1
        return last in places and bool(self._matches(last, name))

    def _next(self, place: int, folder: str) -> list[int]:
        """Return the places in the pattern after a folder is matched at `place`."""
        if self.parts[place] is None:
            # As in a shell, `**` enters no hidden folder.
            return [] if folder.startswith(".") else [place]
        is_last = place == len(self.parts) - 1
        return [place + 1] if not is_last and self._matches(place, folder) else []

    def _with_skipped_folders(self, places: set[int]) -> set[int]:
        for place in range(len(self.parts)):
            if place in places and self.parts[place] is None:
                places = places | {place + 1}
        return places

    def _matches(self, place: int, name: str) -> bool:
        part = self.parts[place]
        return part is not None and bool(part.match(name))


@lru_cache(maxsize=500)
def path_pattern(pattern: str) -> PathPattern:
    """Parse and check a glob of files.

    Raises:
        Invalid: the pattern is refused.
    """
    if not pattern:
        raise Invalid.field(FIELD, "may not be empty")
    check_length(FIELD, pattern, MAX_PATTERN)
    parts = pattern.split("/")
    if any(part in {"", ".", ".."} for part in parts) or parts[-1] == DEEP:
        raise Invalid.field(
            FIELD, f"'{pattern}' is not a pattern of files, such as *.csv or **/*.csv"
        )
    # As in a shell, a wildcard at the beginning matches no hidden file.
    texts = [
        (r"(?!\.)" if part.startswith(WILD) else "") + fnmatch.translate(part) for part in parts
    ]
    pairs = zip(parts, map(re.compile, texts), strict=True)
    return PathPattern(tuple(None if part == DEEP else regex for part, regex in pairs))


def changes_between(old: Snapshot, new: Snapshot) -> dict[str, Change]:
    """Return the changes by path, in the order of the paths."""
    changes: dict[str, Change] = {}
    for path in sorted({*old, *new}):
        if path not in old:
            changes[path] = "created"
        elif path not in new:
            changes[path] = "deleted"
        elif old[path] != new[path]:
            changes[path] = "modified"
    return changes


class Settling:
    """Determines which changed files are complete: they have not changed for `seconds`.

    `now` is always in seconds of a monotonic clock.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._seen: dict[str, tuple[Stamp | None, float]] = {}
        self._since = 0.0

    def complete(self, changed: Collection[str], new: Snapshot, now: float) -> list[str]:
        """Return the changed paths that start a run now; empty if files still change.

        `changed` are all changed paths without a run, `new` is the newest snapshot.
        """
        before, self._seen = self._seen, {}
        for path in changed:
            stamp = new.get(path)
            known = before.get(path)
            since = known[1] if known is not None and known[0] == stamp else now
            self._seen[path] = (stamp, since)
        if not before:
            self._since = now
        quiet = [path for path, (_, since) in self._seen.items() if now - since >= self._seconds]
        is_long = now - self._since >= PATIENCE * self._seconds
        if len(quiet) == len(self._seen) or (quiet and is_long):
            self._since = now
            return quiet
        return []

    def wait(self, now: float) -> float | None:
        """Return the seconds until a file may be complete, None if no file has changed."""
        if not self._seen:
            return None
        newest = max(since for _, since in self._seen.values())
        patient = self._since + PATIENCE * self._seconds
        return max(0.0, min(newest + self._seconds, max(patient, now + self._seconds / 2)) - now)


def merge_snapshot(old: Snapshot, new: Snapshot, paths: Collection[str]) -> dict[str, Stamp]:
    """Update some paths of an old snapshot to their state in the new one."""
    kept = {path: stamp for path, stamp in old.items() if path not in paths}
    return kept | {path: new[path] for path in paths if path in new}


def cause_of(changed: Mapping[str, Change], paths: Collection[str]) -> FileCause:
    """Return the cause of a run that some of the changed files start."""
    files = [ChangedFile(path, changed[path]) for path in sorted(paths)]
    return FileCause(files[:MOST_SHOWN], len(files))


def snapshot_of(value: object) -> dict[str, Stamp]:
    """Convert a snapshot from its JSON value."""
    return msgspec.convert(value, dict[str, Stamp])
