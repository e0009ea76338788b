"""The process that locks a store is named with a remedy."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nbyard.host import sqlite_locks
from nbyard.store import Store

SQLITE = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1] + "/store.sqlite", isolation_level=None)
database.execute("begin immediate")
"""
OURS = """
import fcntl, sys
file = open(sys.argv[1] + "/write.lock", "a")
fcntl.flock(file, fcntl.LOCK_EX)
"""
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="/proc/locks is Linux's"),
    pytest.mark.slow,
]


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store")
    yield opened
    opened.close()


@contextmanager
def holder(program: str, folder: Path) -> Iterator[int]:
    words = [sys.executable, "-c", program + "print(flush=True)\nsys.stdin.read()", str(folder)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline()
        yield process.pid
        process.kill()


@pytest.mark.parametrize("program", [SQLITE, OURS])
def test_the_writer_is_found(sqlite: Store, tmp_path: Path, program: str) -> None:
    assert sqlite_locks.blocking_pids(sqlite.folder) == []
    other = Store(tmp_path / "other")
    with holder(program, sqlite.folder) as pid:
        assert sqlite_locks.blocking_pids(sqlite.folder) == [pid]
        assert sqlite_locks.blocking_pids(other.folder) == []
        told = sqlite_locks.busy_error(sqlite.folder)
        assert f" busy: process {pid} " in told.message
        os.kill(pid, signal.SIGSTOP)
        assert os.waitpid(pid, os.WUNTRACED)[0] == pid
        assert sqlite_locks.is_stopped(pid)
        told = sqlite_locks.busy_error(sqlite.folder)
        assert told.message.endswith("holds its write lock.")
        assert f"kill -CONT {pid}" in told.hint
    assert sqlite_locks.blocking_pids(sqlite.folder) == []
    assert not sqlite_locks.is_stopped(pid)
    other.close()


def test_the_blocking_process_comes_first(sqlite: Store) -> None:
    """One of ours may itself wait for SQLite's lock."""
    with holder(OURS, sqlite.folder) as ours, holder(SQLITE, sqlite.folder) as foreign:
        assert sqlite_locks.blocking_pids(sqlite.folder) == [foreign, ours]


def test_own_writes_are_not_reported(sqlite: Store) -> None:
    with sqlite.write():
        assert sqlite_locks.blocking_pids(sqlite.folder) == []
    assert "process" not in sqlite_locks.busy_error(sqlite.folder).message


def test_readers_block_no_writer(sqlite: Store) -> None:
    program = SQLITE.replace("immediate", "") + "database.execute('select * from facts')\n"
    with holder(program, sqlite.folder):
        assert sqlite_locks.blocking_pids(sqlite.folder) == []
