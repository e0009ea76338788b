"""Keep folders that take long to create between test runs, under a digest of their sources."""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

KEPT_SECONDS = 24 * 3600
_used: list[int] = []


def cache_folder() -> Path:
    """Return the folder of this user in which tests keep files between their runs."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(home) / "nbyard-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def digest_of(*sources: str) -> str:
    """Return twelve hexadecimal digits that stand for these texts."""
    return hashlib.sha256("\n".join(sources).encode()).hexdigest()[:12]


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Wait until no other process is in a block of this name."""
    with open(cache_folder() / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def kept_folder(name: str, sources: str, create: Callable[[Path], None]) -> Path:
    """Return the folder `name-digest` of the cache, created where it is missing.

    `create` gets the final path of an empty folder, for virtual environments cannot be moved.
    One process creates it, the others wait. Folders of the same name that no process has used
    for a day are removed.
    """
    folder = cache_folder() / f"{name}-{digest_of(sources)}"
    with locked(name):
        if not _whole(folder).exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            create(folder)
        _whole(folder).touch()
        # The lock shows until this process ends that the folder is in use.
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        _used.append(descriptor)
        for old in cache_folder().glob(f"{name}-{'[0-9a-f]' * 12}"):
            whole = _whole(old)
            if whole.exists() and whole.stat().st_mtime > time.time() - KEPT_SECONDS:
                continue
            descriptor = os.open(old, os.O_RDONLY | os.O_DIRECTORY)
            with suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                whole.unlink(missing_ok=True)
                shutil.rmtree(old)
            os.close(descriptor)
    return folder


def _whole(folder: Path) -> Path:
    """Return the file that shows that the folder is whole, and when it was used last."""
    return folder.with_name(f"{folder.name}.whole")
