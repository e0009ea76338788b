"""What a contender fills in."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Self

from peers.environments import SAME, python_with
from peers.graphs import Place
from peers.processes import Marked, described

CORES = os.cpu_count() or 1
Way = Callable[[Place], None]
FLOWS = Path(__file__).with_name("flows")


class Peer:
    """A tool, entered once: then its environment is there and what stays between runs is up.
    `packages` are what pip installs for it; none: it lives in the environment of nbyard. `folder`
    is its own, for whatever it keeps."""

    name: ClassVar[str]
    packages: ClassVar[tuple[str, ...]] = ()
    same: ClassVar[tuple[str, ...]] = SAME
    injects: ClassVar[bool] = True
    """Whether it writes the parameters into the notebook that it keeps."""
    variables: ClassVar[dict[str, str]] = {}

    def __init__(self, folder: Path, python: Path):
        self.folder = folder
        self.python = python
        self.processes = Marked(folder)
        if self.packages:
            self.processes.forget("PYTHONPATH", "VIRTUAL_ENV", "JUPYTER_PATH")
        # kernels and settings of whoever starts this are not for them
        places = {f"JUPYTER_{name}_DIR": name.lower() for name in ("CONFIG", "DATA", "RUNTIME")}
        self.processes.add(**{name: str(folder / place) for name, place in places.items()})
        self.processes.add(**self.variables)
        self._stay: set[int] = set()

    @classmethod
    def made(cls, folder: Path, own: Path) -> Self:
        """In its environment, which is made if need be.

        Raises:
            CannotTakePart: it cannot be installed.
        """
        folder.mkdir(parents=True, exist_ok=True)
        name = cls.packages[0].partition("=")[0] if cls.packages else ""
        return cls(folder, python_with(name, cls.packages, cls.same) if cls.packages else own)

    def __enter__(self) -> Self:
        self.start()
        self._stay = self.processes.alive()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """What stays between runs; it is no part of what is measured."""

    def stop(self) -> None:
        """End it."""

    @property
    def ways(self) -> dict[str, Way]:
        """What is measured, by the name in the table."""
        return {self.name: self.run}

    def express(self, place: Place) -> None:
        """Write the graph in the peer's own words."""

    def run(self, place: Place) -> None:
        """Return when all is done, raise when it failed."""
        raise NotImplementedError

    def collect(self, place: Place) -> None:
        """Bring to `place.out` what came out, where it is not there yet."""

    def check_unchanged(self, place: Place, before: dict[str, int]) -> None:
        """Nothing was done again."""
        assert place.times() == before, "an output was written again"

    def left(self) -> set[str]:
        """What of the last run is still there."""
        return {described(pid) for pid in self.processes.alive() - self._stay}
