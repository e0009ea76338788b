"""Changes of files: what differs between two snapshots, and which files are complete."""

from collections.abc import Collection, Mapping

import msgspec

from nbyard.domain.runs.causes import Change, ChangedFile, FileCause

MOST_SHOWN = 100
# While some file always changes, complete files start a run after this number of settle times.
PATIENCE = 10.0

Stamp = tuple[int, int]  # time of modification in nanoseconds, and size in bytes
Snapshot = Mapping[str, Stamp]


def changes_between(
    old: Snapshot, new: Snapshot, wanted: Collection[Change] = ("created", "modified", "deleted")
) -> dict[str, Change]:
    """Return the wanted changes by path, in the order of the paths."""
    changes: dict[str, Change] = {}
    for path in sorted({*old, *new}):
        if path not in old:
            change: Change = "created"
        elif path not in new:
            change = "deleted"
        elif old[path] != new[path]:
            change = "modified"
        else:
            continue
        if change in wanted:
            changes[path] = change
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
