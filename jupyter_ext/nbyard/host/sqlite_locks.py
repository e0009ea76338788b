"""Finds the processes that block writes to an SQLite store, in Linux's lock table.

The code never opens SQLite's files: a process that closes one loses its own locks on it.
"""

import contextlib
import os
from pathlib import Path

from nbyard.errors import Busy

WRITE_LOCK = "write.lock"
INDEX = "store.sqlite-shm"
WRITER = 120  # the byte of the index that SQLite's single writer locks
PROC = Path("/proc")


def blocking_pids(folder: Path) -> list[int]:
    """Return the pids of other processes that hold SQLite's lock or nbyard's own.

    Writers acquire nbyard's lock before SQLite's. The holder of SQLite's lock comes first, because
    the others wait for it.
    """
    try:
        table = (PROC / "locks").read_text()
    except OSError:  # not Linux
        return []
    # Example: "1: FLOCK  ADVISORY  WRITE 4711 08:01:123456 0 EOF". Rows with "->" only wait.
    rows = [line.split() for line in table.splitlines() if " -> " not in line]
    pids: list[int] = []
    for name in (INDEX, WRITE_LOCK):
        path = os.path.realpath(folder / name)
        try:
            inode = os.stat(path).st_ino
        except OSError:
            continue
        for row in rows:
            if row[3] != "WRITE" or not row[5].endswith(f":{inode}"):
                continue
            first, last, pid = int(row[6]), row[7], int(row[4])
            covers = first <= WRITER and (last == "EOF" or int(last) >= WRITER)
            if (name != INDEX or covers) and pid != os.getpid() and path in _open_files(pid):
                pids.append(pid)
    return list(dict.fromkeys(pids))


def _open_files(pid: int) -> set[str]:
    """Return the paths of a process's open files. Inodes alone are not unique."""
    paths = set()
    with contextlib.suppress(OSError):
        for entry in list((PROC / str(pid) / "fd").iterdir()):
            with contextlib.suppress(OSError):
                paths.add(os.readlink(entry))
    return paths


def is_stopped(pid: int) -> bool:
    """Return whether a process is suspended by SIGSTOP, Ctrl-Z or a debugger."""
    with contextlib.suppress(OSError):
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] in "Tt"
    return False


def busy_error(folder: Path) -> Busy:
    """Return the error that names the blocking process, and what to do about it."""
    # A stopped process never releases its lock by itself, so it comes first.
    for pid in sorted(blocking_pids(folder), key=is_stopped, reverse=True):
        with contextlib.suppress(OSError):
            name = (PROC / str(pid) / "comm").read_text().strip()
            if is_stopped(pid):
                return Busy(
                    f"The store is busy: process {pid} ({name}) is stopped and holds its write"
                    " lock.",
                    hint=(
                        f"Continue the process (kill -CONT {pid}) or kill it (kill -9 {pid})."
                        " Killing it rolls back its unfinished write."
                    ),
                )
            return Busy(
                f"The store is busy: process {pid} ({name}) holds its write lock.",
                hint="Try again in a moment. If the store stays busy, stop that process.",
            )
    return Busy()
