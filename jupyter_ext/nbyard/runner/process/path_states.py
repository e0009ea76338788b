"""Determines states of files and folders, which the runner and the dispatcher compare."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

# how often a folder is opened before it is listed, so that `FolderEvents` recognizes that
MARKS = 3
# other programs create these beside every file
PASSING = frozenset({"__pycache__", ".ipynb_checkpoints"})
MOST_ENTRIES = 5_000  # of a folder whose states are compared
MOST_LEVELS = 100  # of nested folders that are looked at
MISSING, FOLDER = ["missing"], ["folder"]

State = list[Any]
Entries = list[os.DirEntry[str]]


def state_of(path: str) -> State:
    """Return the kind of a path. For a file, add size, mtime and ctime (ns), and inode."""
    try:
        seen = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return MISSING
    # Such as a path with a zero byte, or in a folder that this user may not enter.
    except (OSError, ValueError):
        return ["unreachable"]
    if stat.S_ISREG(seen.st_mode):
        return ["file", seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino]
    return FOLDER if stat.S_ISDIR(seen.st_mode) else ["special"]


def entries_of(folder: str) -> Entries:
    """Return the entries of a folder, an empty list if it cannot be read.

    The folder is first opened several times. Watches of running attempts recognize nbyard by that.
    """
    try:
        for _ in range(MARKS):
            os.close(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def names_in(folder: str) -> list[str]:
    """Return the names in a folder, without caches that other programs create."""
    return sorted({entry.name for entry in entries_of(folder)} - PASSING)


def entry_digests(entries: Iterable[os.DirEntry[str]]) -> tuple[str, str]:
    """Return two digests of entries: of their names with kinds, and of their names with states.

    They change when code that lists the folder could see a difference. The second digest is empty
    for more than MOST_ENTRIES entries.
    """
    counted = sorted(
        (entry for entry in entries if entry.name not in PASSING), key=lambda entry: entry.name
    )
    kinds = digest_of_names(f"{entry.name} {_kind_of(entry)}" for entry in counted)
    if len(counted) > MOST_ENTRIES:
        return kinds, ""
    return kinds, digest_of_names(f"{entry.name} {state_of(entry.path)[:3]}" for entry in counted)


def _kind_of(entry: os.DirEntry[str]) -> str:
    """Return the kind of an entry, or of its target for a link.

    Most need no system call.
    """
    try:
        if entry.is_dir():
            return "folder"
        return "file" if entry.is_file() else "missing" if entry.is_symlink() else "special"
    except OSError:  # such as a link to itself
        return "unreachable"


def digests_at(
    path: str, state: State, list_folder: Callable[[str], Entries] = entries_of
) -> tuple[str, str]:
    """Return the `entry_digests` of a folder, or two empty texts for a file.

    For a missing path, return those of the entries beside it whose names begin with its name.
    `list_folder` may remember folders, for many paths at once.
    """
    if state == FOLDER:
        return entry_digests(list_folder(path))
    if state != MISSING:
        return "", ""
    folder, beginning = os.path.split(path)
    return entry_digests(entry for entry in list_folder(folder) if entry.name.startswith(beginning))


def describe_paths(paths: Iterable[str]) -> dict[str, tuple[State, str, str]]:
    """Return the state of each path and its digests by `digests_at`."""
    states = {path: state_of(path) for path in paths}
    list_once = cache(entries_of)
    return {path: (state, *digests_at(path, state, list_once)) for path, state in states.items()}


def digest_of_names(names: Iterable[str]) -> str:
    """Return the digest of the names in a folder."""
    import hashlib  # most tasks name no folder outside their code

    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogateescape")).hexdigest()


def walk(path: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield the folders of a tree like `os.walk`, but not below MOST_LEVELS.

    `os.walk` calls itself for each level. A store refuses outputs that are nested as deep.
    """
    start = path.rstrip("/").count("/")
    for parent, folders, names in os.walk(path):
        if parent.count("/") - start >= MOST_LEVELS:
            folders.clear()
        yield parent, folders, names
