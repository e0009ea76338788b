"""A warm container's place where the engine sees our files: a folder, bound as the attempt's, that
becomes the folder of one attempt after the other.

A folder that is bound stays so wherever it is moved. So an attempt's files are moved into the seat,
which then takes the place of the attempt's folder; at the end they are moved out of it into a new
one, and the seat goes back. Every step can be repeated after a crash.
"""

import os
from pathlib import Path

from nbyard.attempts import folders
from nbyard.domain.attempts.structs import RESULT, TASK
from nbyard.runtimes.docker.files.attempt_folder import copy_runner

SEAT, BACK, RUNNER, OCCUPANT, INPUTS = "seat", "back", "runner", "occupant", "inputs"


class Seat:
    """`home` is the folder that a warm container has on our side."""

    def __init__(self, home: Path):
        self.home = home
        self.folder = home / SEAT
        self._back = home / BACK

    def make(self, user: tuple[int, int]) -> None:
        self.home.mkdir(mode=0o711, parents=True)
        copy_runner(self.home / RUNNER)
        for path in (self.home / RUNNER).rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        (self.folder / INPUTS).mkdir(parents=True)
        self._tidy(user)

    def _tidy(self, user: tuple[int, int]) -> None:
        """The work may have changed what it owns."""
        self.folder.chmod(0o700)
        (self.folder / INPUTS).chmod(0o755)
        if os.getuid() == 0:
            os.chown(self.folder, *user)
            os.chown(self.folder / INPUTS, 0, 0)

    def take(self, folder: Path) -> None:
        """Become this attempt's folder. The task goes first: without it, who comes after a crash
        fills the folder anew."""
        for path in _but_inputs(self.folder):
            folders.discard(path)  # somebody asked for its end in the very moment it came
        _move(folder / TASK, self.folder)
        for path in [*(folder / INPUTS).iterdir()]:
            _move(path, self.folder / INPUTS)
        for path in _but_inputs(folder):
            _move(path, self.folder)
        (folder / INPUTS).rmdir()
        self.folder.rename(folder)

    def leave(self, folder: Path, user: tuple[int, int]) -> None:
        """Leave it with a folder of its own. The result goes last: without it nothing is over."""
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
        """Whether a crash came between."""
        return self._back.exists()


def _but_inputs(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name != INPUTS]


def _move(path: Path, to: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.chmod(path.stat().st_mode | 0o700)  # else only root could move it
    path.rename(to / path.name)
