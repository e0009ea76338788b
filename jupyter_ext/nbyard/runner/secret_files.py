"""Stores the secrets of an attempt as files in memory, in a private folder.

The entry `secrets` of the attempt folder is a link to that folder. The secrets are deleted with the
attempt.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Collection, Iterable, Mapping

SECRETS, HIDDEN = "secrets", ".hidden"
VARIABLE = "NBYARD_SECRETS"
MARK = "nbyard-"
SHARED = "/dev/shm"


def memory_folder() -> str:
    """Return a folder that is in memory, or the folder for temporary files without one."""
    if os.path.isdir(SHARED):
        return SHARED
    import tempfile

    return tempfile.gettempdir()


def secrets_folder(store_id: str, attempt_id: str) -> str:
    """Return the folder for the secrets of an attempt."""
    return os.path.join(memory_folder(), f"{MARK}{store_id}-{attempt_id}")


def store_secrets(
    folder: str, target: str, files: Mapping[str, bytes], hidden: Iterable[str]
) -> None:
    """Store secrets in a new folder `target`, and link to it from the attempt folder `folder`.

    `files` has the contents by file name. `hidden` lists the texts to mask in the attempt's output.
    """
    delete_secrets(target)
    # Every user may write to /dev/shm. This fails if another user has created the folder before.
    os.mkdir(target, 0o700)
    every = {**files, HIDDEN: json.dumps(list(hidden)).encode()}
    for name, content in every.items():
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(os.path.join(target, name), flags, 0o600), "wb") as file:
            file.write(content)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(folder, SECRETS))
    os.symlink(target, os.path.join(folder, SECRETS))


def delete_linked_secrets(folder: str) -> None:
    """Delete the secrets that the attempt folder links to."""
    with contextlib.suppress(OSError):
        delete_secrets(os.readlink(os.path.join(folder, SECRETS)))


def delete_secrets(target: str) -> None:
    """Delete a folder of secrets.

    Do nothing for another kind of folder or one of another user.
    """
    if not os.path.lexists(target):
        return
    import shutil

    with contextlib.suppress(OSError):
        # The work can change the link in its folder. So only a folder with the name of a secrets
        # folder is deleted.
        is_owned = os.getuid() in (0, os.lstat(target).st_uid)
        if is_owned and os.path.basename(target).startswith(MARK) and not os.path.islink(target):
            shutil.rmtree(target)


def delete_unused_secrets(store_id: str, live: Collection[str]) -> list[str]:
    """Delete the secrets of all attempts of a store except those with IDs in `live`.

    Return the IDs of the attempts whose secrets were deleted.
    """
    start, removed = f"{MARK}{store_id}-", []
    for name in os.listdir(memory_folder()):
        attempt_id = name.removeprefix(start)
        if name.startswith(start) and attempt_id not in live:
            delete_secrets(os.path.join(memory_folder(), name))
            removed.append(attempt_id)
    return removed
