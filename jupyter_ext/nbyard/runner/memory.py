"""Secrets of an attempt: files in memory, in a folder of one's own that `secrets` in the attempt's
folder leads to. They are gone with the attempt."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Collection, Iterable, Mapping

SECRETS, HIDDEN = "secrets", ".hidden"
VARIABLE = "NBYARD_SECRETS"
MARK = "nbyard-"
SHARED = "/dev/shm"


def root() -> str:
    """A folder in memory; where the system has none, that for temporary files."""
    if os.path.isdir(SHARED):
        return SHARED
    import tempfile

    return tempfile.gettempdir()


def place(store_id: str, attempt_id: str) -> str:
    """Where those of an attempt are."""
    return os.path.join(root(), f"{MARK}{store_id}-{attempt_id}")


def give(folder: str, target: str, files: Mapping[str, bytes], hidden: Iterable[str]) -> None:
    """Put them at `target`, which must be nobody's yet, and lead there from the folder."""
    remove(target)
    os.mkdir(target, 0o700)
    every = {**files, HIDDEN: json.dumps(list(hidden)).encode()}
    for name, content in every.items():
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(os.path.join(target, name), flags, 0o600), "wb") as file:
            file.write(content)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(folder, SECRETS))
    os.symlink(target, os.path.join(folder, SECRETS))


def forget(folder: str) -> None:
    """Remove those that the attempt's folder leads to."""
    with contextlib.suppress(OSError):
        remove(os.readlink(os.path.join(folder, SECRETS)))


def remove(target: str) -> None:
    """What is not ours, or no folder of secrets, stays."""
    if not os.path.lexists(target):
        return
    import shutil

    with contextlib.suppress(OSError):
        is_ours = os.getuid() in (0, os.lstat(target).st_uid)
        if is_ours and os.path.basename(target).startswith(MARK) and not os.path.islink(target):
            shutil.rmtree(target)


def sweep(store_id: str, live: Collection[str]) -> list[str]:
    """Remove those of attempts that are not live any more; which they were."""
    start, removed = f"{MARK}{store_id}-", []
    for name in os.listdir(root()):
        attempt_id = name.removeprefix(start)
        if name.startswith(start) and attempt_id not in live:
            remove(os.path.join(root(), name))
            removed.append(attempt_id)
    return removed
