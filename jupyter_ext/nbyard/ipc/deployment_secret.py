"""Stores the secret that only the proxy and the container of a revision know.

Only the owner of the store can read the file. Passwords of people are only stored as hashes.
"""

import os
import secrets
from pathlib import Path

SECRET_BYTES = 32


class KeptSecret:
    """The secret of one revision, in a file in the deployment's folder."""

    def __init__(self, folder: Path, number: int):
        self._path = folder / f"{number}.secret"

    def read(self) -> str:
        """Return the secret, "" for a revision without one."""
        try:
            return self._path.read_text("ascii")
        except FileNotFoundError:
            return ""

    def create(self) -> None:
        """Create the secret, unless it exists: a container may already know it.

        The file is complete even after a power failure.
        """
        if self.read():
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._path.with_suffix(".new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with os.fdopen(os.open(unfinished, flags, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # The rename shows readers the whole secret or none.
        unfinished.replace(self._path)
        # A rename survives a power failure only after its folder is written to the disk.
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def hash_password(password: str) -> str:
    """Return the argon2 hash of a password for JupyterLab and VS Code, "" without a password."""
    if not password:
        return ""
    from argon2 import PasswordHasher

    return PasswordHasher().hash(password)
