"""Remember which files and folders of the store this process has already synced to disk.

A file of another process is synced again: the process may have been killed before its fsync.
"""

import os
from pathlib import Path

from nbyard.blobs.file_operations import sync_folder

REMEMBERED = 100_000


class SyncedPaths:
    """The files and folders that this process has synced, so that they survive a power cut.

    A file that was deleted and stored again is a new file, so it is synced again.
    """

    def __init__(self) -> None:
        self._folders: set[Path] = set()
        self._files: set[tuple[int, ...]] = set()

    def make(self, folder: Path) -> None:
        """Create a folder and sync its parent, unless this process did so before."""
        if folder not in self._folders:
            folder.mkdir(mode=0o700, exist_ok=True)
            # One sync of the parent covers all its entries, so remember the siblings, too.
            beside = list(folder.parent.iterdir())
            sync_folder(folder.parent)
            self._folders.update(beside)

    def keep(self, path: Path, fd: int) -> None:
        """Sync an existing open file, unless this process did so before."""
        if _content_identity(fd) not in self._files:
            os.fsync(fd)
            self.sync_new_name(path, fd)

    def sync_new_name(self, path: Path, fd: int) -> None:
        """Sync the parent folder after a synced file was renamed to `path`."""
        sync_folder(path.parent)
        # Forgetting costs only another fsync.
        if len(self._files) >= REMEMBERED:
            self._files.clear()
        self._files.add(_content_identity(fd))


def _content_identity(fd: int) -> tuple[int, ...]:
    """Return a tuple that identifies a file and changes with its content.

    The ctime is left out, because staging adds and removes hard links, which changes it.
    """
    status = os.fstat(fd)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
