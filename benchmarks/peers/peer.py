"""The protocol of a contender."""

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
    """A tool as a context manager: inside, its environment exists and its servers run.

    `packages` are what pip installs for it; without any, it lives in nbyard's environment. `folder`
    is for its own files.
    """

    name: ClassVar[str]
    packages: ClassVar[tuple[str, ...]] = ()
    same: ClassVar[tuple[str, ...]] = SAME
    injects: ClassVar[bool] = True
    """Whether the peer writes the parameters into the executed notebook."""
    variables: ClassVar[dict[str, str]] = {}

    def __init__(self, folder: Path, python: Path):
        self.folder = folder
        self.python = python
        self.processes = Marked(folder)
        if self.packages:
            self.processes.forget("PYTHONPATH", "VIRTUAL_ENV", "JUPYTER_PATH")
        # the user's own kernels and settings must not affect peers
        places = {f"JUPYTER_{name}_DIR": name.lower() for name in ("CONFIG", "DATA", "RUNTIME")}
        self.processes.add(**{name: str(folder / place) for name, place in places.items()})
        self.processes.add(**self.variables)
        self._stay: set[int] = set()

    @classmethod
    def made(cls, folder: Path, own: Path) -> Self:
        """Return the peer in its environment, which is created if necessary.

        Raises:
            CannotTakePart: the peer cannot be installed.
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
        """Start what runs between measurements; this is not measured."""

    def stop(self) -> None:
        """Stop what `start` started."""

    @property
    def ways(self) -> dict[str, Way]:
        """Return what is measured, by the name in the table."""
        return {self.name: self.run}

    def express(self, place: Place) -> None:
        """Write the graph in the peer's own format."""

    def run(self, place: Place) -> None:
        """Run the graph to its end; raise an error if it failed."""
        raise NotImplementedError

    def collect(self, place: Place) -> None:
        """Copy outputs to `place.out` if they are not there yet."""

    def check_unchanged(self, place: Place, before: dict[str, int]) -> None:
        """Check that no work was repeated."""
        assert place.times() == before, "an output was written again"

    def left(self) -> set[str]:
        """Return the processes of the last run that still exist."""
        return {described(pid) for pid in self.processes.alive() - self._stay}
