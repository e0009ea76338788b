"""States of files and folders on this machine, as the runner and the dispatcher compare them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from typing import Any

# how often a folder is opened before it is listed, so that `FolderEvents` recognizes that
MARKS = 3
# other programs create these beside every file
PASSING = frozenset({"__pycache__", ".ipynb_checkpoints"})
MISSING, FOLDER = ["missing"], ["folder"]

State = list[Any]


def state_of(path: str) -> State:
    """Return the kind of a path; for a file also size, mtime and ctime in ns, and inode."""
    try:
        seen = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return MISSING
    except (OSError, ValueError):
        return ["unreachable"]
    if stat.S_ISREG(seen.st_mode):
        return ["file", seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino]
    return FOLDER if stat.S_ISDIR(seen.st_mode) else ["special"]


def entries_of(folder: str) -> list[os.DirEntry[str]]:
    """Return the entries of a folder, an empty list if it cannot be read.

    Watches of running attempts see that nbyard lists it.
    """
    try:
        for _ in range(MARKS):
            os.close(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def names_in(folder: str) -> list[str]:
    """Return the names in a folder that count."""
    return sorted({entry.name for entry in entries_of(folder)} - PASSING)


def describe_paths(paths: Iterable[str]) -> dict[str, tuple[State, str]]:
    """Return the state of each path, and for a folder the digest of its names."""
    states = {path: state_of(path) for path in paths}
    return {
        path: (state, digest_of_names(names_in(path)) if state == FOLDER else "")
        for path, state in states.items()
    }


def digest_of_names(names: Iterable[str]) -> str:
    """Return the digest of the names in a folder."""
    import hashlib  # most tasks name no folder outside their code

    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogateescape")).hexdigest()
