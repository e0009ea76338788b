"""A folder with code and a workflow, its services and a dispatcher in a thread."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import psutil

from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import RunDetail
from nbyard.runtimes.supervisor_parents import NO_ATTEMPT
from nbyard.settings import Settings
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

ADA = Caller("ada")
ENDED = ("succeeded", "failed", "cancelled")
PATIENCE_SECONDS = 180.0  # twenty programs on one worker of a busy machine


def alive(store_id: str) -> list[str]:
    """Return the command lines of processes with the store's mark, except the warm parent."""
    command_lines = []
    for process in psutil.process_iter():
        try:
            marks = process.environ()
            attempt = marks.get("NBYARD_ATTEMPT_ID")
            if marks.get("NBYARD_STORE") == store_id and attempt != NO_ATTEMPT:
                command_lines.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return command_lines


class RunningProject(ABC):
    """The folder of one test; its nodes and edges become flow.nbflow."""

    def __init__(self, root: Path, yard: Yard, dispatching: Dispatching):
        self.root = root
        self.yard = yard
        self.dispatching = dispatching
        self.nodes: dict[str, Any] = {}
        self.edges: dict[str, Any] = {}

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, **settings: Any) -> Iterator[Self]:
        """Yield a project in a folder; its processes have all ended after the block."""
        root = folder / "root"
        root.mkdir(exist_ok=True)
        told = {"store_dir": str(folder / "store"), "inline_dispatch": True, **settings}
        config = Settings(**told)
        with Yard.open(config, root, root) as yard, Dispatching(config) as dispatching:
            made = cls(root, yard, dispatching)
            yield made
            dispatching.until(made.alive, lambda left: not left)

    @abstractmethod
    def start(self, **wish: Any) -> str:
        """Start a run of the workflow; return its ID."""

    def detail(self, run: str) -> RunDetail:
        return self.yard.services.runs.get(ADA, run)

    def end(self, run: str) -> RunDetail:
        return self.dispatching.until(
            lambda: self.detail(run), lambda d: d.run.state in ENDED, seconds=PATIENCE_SECONDS
        )

    def run(self, **wish: Any) -> RunDetail:
        return self.end(self.start(**wish))

    def log(self, run: str, node: str) -> str:
        return self.yard.services.runs.log(ADA, run, node).text

    def alive(self) -> list[str]:
        return alive(self.yard.store.id)
