"""Remember which files and folders of the store this process has already synced to disk.

Files of other processes are unknown: such a process may have been killed before it synced them.
"""

import os
from pathlib import Path

from nbyard.blobs.file_operations import sync_folder

REMEMBERED = 100_000


class SyncedPaths:
    """Files and folders that survive a power cut.

    A file that was deleted and stored again is a new file, so it is synced again.
    """

    def __init__(self) -> None:
        self._folders: set[Path] = set()
        self._files: set[tuple[int, ...]] = set()

    def make(self, folder: Path) -> None:
        """Create a folder, and sync its parent together with all its siblings."""
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
        """Sync the folder of a synced file that just got its name."""
        sync_folder(path.parent)
        # Forgetting costs only another fsync.
        if len(self._files) >= REMEMBERED:
            self._files.clear()
        self._files.add(_content_identity(fd))


def _content_identity(fd: int) -> tuple[int, ...]:
    """Return the identity of a file's content.

    The time of the last status change (ctime) is left out: attempts add and remove hard links.
    """
    status = os.fstat(fd)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
