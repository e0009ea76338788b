"""What a power cut leaves there: files and folders of the store that this process has synced and
need not sync again. Of what others made it knows nothing: they may have been killed before they
came to that."""

import os
from pathlib import Path

from nbyard.blobs.files import sync_folder

REMEMBERED = 100_000


class Durable:
    """Whoever removed a file and put it again made another one, which is not known."""

    def __init__(self) -> None:
        self._folders: set[Path] = set()
        self._files: set[tuple[int, ...]] = set()

    def make(self, folder: Path) -> None:
        """A folder, and with it those beside it."""
        if folder not in self._folders:
            folder.mkdir(mode=0o700, exist_ok=True)
            beside = list(folder.parent.iterdir())
            sync_folder(folder.parent)
            self._folders.update(beside)

    def keep(self, path: Path, fd: int) -> None:
        """A file that stands there already, opened."""
        if _mark(fd) not in self._files:
            os.fsync(fd)
            self.appeared(path, fd)

    def appeared(self, path: Path, fd: int) -> None:
        """A file that is synced has got its name."""
        sync_folder(path.parent)
        if len(self._files) >= REMEMBERED:
            self._files.clear()
        self._files.add(_mark(fd))


def _mark(fd: int) -> tuple[int, ...]:
    """Not the time of its last change: files get and lose names while attempts use them."""
    found = os.fstat(fd)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
