"""Moves attempts into and out of the mounted folder of a warm container.

A mount follows its folder wherever the folder is moved. So the attempt's files are moved into the
mounted folder, which then replaces the attempt folder. At the end the files are moved into a new
folder, and the mounted folder moves back. Every step can be repeated after a crash.
"""

import os
from pathlib import Path

from nbyard.attempts import folders
from nbyard.domain.attempts.structs import RESULT, TASK
from nbyard.runtimes.docker.attempt_container_spec import INPUTS, MOUNTED, WARM_RUNNER
from nbyard.runtimes.docker.files.local_folder import copy_runner

BACK, OCCUPANT = "back", "occupant"


class WarmMount:
    """The mounted folder of a warm container. `home` is the local folder of the container."""

    def __init__(self, home: Path):
        self.home = home
        self.folder = home / MOUNTED
        self._back = home / BACK

    def make(self, user: tuple[int, int]) -> None:
        """Create the mounted folder for this user, and a copy of the runner beside it."""
        self.home.mkdir(mode=0o711, parents=True)
        copy_runner(self.home / WARM_RUNNER)
        for path in (self.home / WARM_RUNNER).rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        (self.folder / INPUTS).mkdir(parents=True)
        self._tidy(user)

    def _tidy(self, user: tuple[int, int]) -> None:
        """Restore owners and modes that the work may have changed."""
        self.folder.chmod(0o700)
        (self.folder / INPUTS).chmod(0o755)
        if os.getuid() == 0:
            os.chown(self.folder, *user)
            os.chown(self.folder / INPUTS, 0, 0)

    def become_attempt_folder(self, folder: Path) -> None:
        """Move an attempt's files into the mounted folder, and let that replace the attempt folder.

        task.json is moved first. If the file is missing after a crash, the folder is filled again.
        """
        for path in _but_inputs(self.folder):
            folders.delete_path(path)  # left by an attempt that was cancelled as it arrived
        _move(folder / TASK, self.folder)
        for path in [*(folder / INPUTS).iterdir()]:
            _move(path, self.folder / INPUTS)
        for path in _but_inputs(folder):
            _move(path, self.folder)
        (folder / INPUTS).rmdir()
        self.folder.rename(folder)

    def leave_attempt(self, folder: Path, user: tuple[int, int]) -> None:
        """Move an attempt's files to a folder of its own, and empty the mounted folder.

        The result is moved last, so that after a crash the attempt does not count as finished.
        """
        if not self.folder.exists():
            (self._back / INPUTS).mkdir(mode=0o755, parents=True, exist_ok=True)
            for path in [*(folder / INPUTS).iterdir()]:
                _move(path, self._back / INPUTS)
            for path in sorted(_but_inputs(folder), key=lambda path: path.name == RESULT):
                _move(path, self._back)
            folder.rename(self.folder)
            self._tidy(user)
        if self._back.exists():
            self._back.rename(folder)

    def was_leaving(self) -> bool:
        """Return whether a crash interrupted `leave_attempt`."""
        return self._back.exists()


def _but_inputs(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name != INPUTS]


def _move(path: Path, to: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.chmod(path.stat().st_mode | 0o700)  # else only root could move it
    path.rename(to / path.name)
