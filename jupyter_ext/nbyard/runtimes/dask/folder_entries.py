"""Lists, reads and writes the files of a folder, on the server and on workers.

An entry is a dict with path, kind, mode, size and mtime, and for some kinds offset, data or target.
The module uses the standard library only, because its text is sent to workers.
"""

from __future__ import annotations

import contextlib
import fnmatch
import heapq
import os
import stat
from typing import Any

Entry = dict[str, Any]
MOST_LEVELS = 100


def list_entries(folder: str, names: list[str], follow: str = "") -> list[Entry]:
    """Return the entries of these files and folders at any depth, folders before their contents.

    Links below the folder `follow` count as what they point to.
    """
    entries: list[Entry] = []
    for name in names:
        _list(folder, name, follow, entries)
    return entries


def _list(folder: str, path: str, follow: str, entries: list[Entry]) -> None:
    full = os.path.join(folder, path)
    is_followed = bool(follow) and path.partition("/")[0] == follow
    if os.path.islink(full) and not is_followed:
        entries.append({"path": path, "kind": "link", "target": os.readlink(full), "size": 0})
    elif os.path.isdir(full):
        entries.append({"path": path, "kind": "folder", "size": 0})
        # The work may have nested more than can be listed. A store refuses outputs as deep as this.
        for name in sorted(os.listdir(full)) if path.count("/") < MOST_LEVELS else ():
            _list(folder, f"{path}/{name}", follow, entries)
    elif os.path.isfile(full):
        entries.append(_file(path, os.stat(full)))


def changed_files(
    folder: str, name: str, since: int, *, skipped_patterns: list[str], most: int, depth: int
) -> list[Entry]:
    """Return the files below `name` that were changed at `since` (nanoseconds) or later.

    Modification times are not used, as programs set them. Names that match one of
    `skipped_patterns` are skipped. Links and pipes have the kind `other`, folders that cannot be
    read `unreadable`. Folders with more than `most` entries, or deeper than `depth`, have the kind
    `too-many`.
    """
    changed_entries: list[Entry] = []
    folders, seen = [name], 0
    for subfolder in folders:  # the loop extends the list
        try:
            entries = _entries(folder, subfolder, skipped_patterns, most - seen + 1)
        except OSError:
            changed_entries.append({"path": f"{subfolder}/", "kind": "unreadable", "size": 0})
            continue
        for path, status in entries[: most - seen]:
            if not stat.S_ISDIR(status.st_mode):
                if status.st_ctime_ns >= since:  # unlike mtime, no program can set it back
                    changed_entries.append(_file(path, status))
            elif path.count("/") <= depth:
                folders.append(path)
            else:
                changed_entries.append({"path": f"{path}/", "kind": "too-many", "size": 0})
        seen += len(entries)
        if seen > most:
            changed_entries.append({"path": f"{subfolder}/", "kind": "too-many", "size": 0})
            break
    return changed_entries


def _entries(
    folder: str, name: str, skipped_patterns: list[str], most: int
) -> list[tuple[str, os.stat_result]]:
    """Return the entries of a folder in order of names, at most `most` to limit the memory."""
    with os.scandir(os.path.join(folder, name)) as entries:
        names = (
            entry.name
            for entry in entries
            if not any(fnmatch.fnmatchcase(entry.name, pattern) for pattern in skipped_patterns)
        )
        first = heapq.nsmallest(most, names)
    paths_and_stats = []
    for entry_name in first:
        with contextlib.suppress(FileNotFoundError):  # a running process removed it
            path = f"{name}/{entry_name}"
            paths_and_stats.append((path, os.lstat(os.path.join(folder, path))))
    return paths_and_stats


def _file(path: str, status: os.stat_result) -> Entry:
    kind = "file" if stat.S_ISREG(status.st_mode) else "other"
    mode, size = status.st_mode & 0o777, status.st_size
    return {"path": path, "kind": kind, "mode": mode, "size": size, "mtime": status.st_mtime_ns}


def read_files(folder: str, wanted: list[Entry]) -> list[bytes]:
    """Return the bytes of each wanted piece of a file, b"" for a missing file."""
    pieces = []
    for piece in wanted:
        try:
            with open(os.path.join(folder, piece["path"]), "rb") as file:
                file.seek(piece["offset"])
                pieces.append(file.read(piece["size"]))
        except OSError:
            pieces.append(b"")
    return pieces


def write_entries(folder: str, entries: list[Entry]) -> None:
    """Write entries into a folder, without following links.

    Raises:
        ValueError: A path leads out of the folder.
    """
    os.makedirs(folder, exist_ok=True)
    for entry in entries:
        parts = entry["path"].split("/")
        path = os.path.join(folder, *parts)
        parent, root = os.path.realpath(os.path.dirname(path)), os.path.realpath(folder)
        is_below = parent == root or parent.startswith(root + os.sep)
        if entry["path"].startswith("/") or ".." in parts or not entry["path"] or not is_below:
            raise ValueError(f"{entry['path']!r} leads out of the attempt's folder")
        os.makedirs(path if entry["kind"] == "folder" else os.path.dirname(path), exist_ok=True)
        if entry["kind"] == "link":
            if not os.path.lexists(path):
                os.symlink(entry["target"], path)
        elif entry["kind"] == "file":
            # A hard link to another file must not be written in place.
            if entry["offset"] == 0 and os.path.lexists(path):
                os.unlink(path)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.seek(entry["offset"])
                file.write(entry["data"])
                file.flush()
                os.fchmod(handle, entry["mode"] | 0o600)
                if "mtime" in entry:  # shows later which files the work did not write
                    os.utime(handle, ns=(entry["mtime"], entry["mtime"]))
