"""papermill: its command line, and its API in warm processes.

A loop in Python orders the notebooks, and runs as many at once as there are cores.
"""

import contextlib
import json
import queue
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from peers.graphs import Place
from peers.peer import CORES, FLOWS, Peer

ARGUMENTS = {"number": "number", "input_txt": "input", "output_txt": "output"}


class _Loop(Peer):
    """Executes the graph layer by layer."""

    def run(self, place: Place) -> None:
        graph = json.loads((place.folder / "graph.json").read_text())
        steps = {step["name"]: step for step in graph["steps"]}
        with ThreadPoolExecutor(CORES) as pool:
            for layer in place.graph.layers():
                todo = [(graph["code"], steps[step.name]) for step in layer]
                list(pool.map(lambda one: self.execute(*one), todo))

    def execute(self, code: str, step: dict[str, Any]) -> None:
        raise NotImplementedError


class CommandLine(_Loop):
    """papermill's command line for each notebook."""

    name = "papermill, command line"

    def execute(self, code: str, step: dict[str, Any]) -> None:
        words = ["--no-progress-bar", code, step["executed"], "-p", "number", str(step["number"])]
        words += ["-p", "input_txt", step["input"], "-p", "output_txt", step["output"]]
        self.processes.call(self.python, "-m", "papermill", *words)


class Api(_Loop):
    """papermill's API in a pool of warm processes."""

    name = "papermill API, warm process"

    def start(self) -> None:
        self._free: queue.SimpleQueue[subprocess.Popen[bytes]] = queue.SimpleQueue()
        log = self.folder / "papermill.log"
        for _ in range(CORES):
            process = self.processes.start(self.python, FLOWS / "papermill_worker.py", log=log)
            read_answer(process)  # the process has imported papermill
            self._free.put(process)

    def stop(self) -> None:
        for _ in range(CORES):
            process = self._free.get()
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)

    def execute(self, code: str, step: dict[str, Any]) -> None:
        given = {argument: step[key] for argument, key in ARGUMENTS.items()}
        with self._worker() as worker:
            assert worker.stdin is not None
            worker.stdin.write(json.dumps([code, step["executed"], given]).encode() + b"\n")
            worker.stdin.flush()
            read_answer(worker)

    @contextlib.contextmanager
    def _worker(self) -> Iterator[subprocess.Popen[bytes]]:
        worker = self._free.get()
        try:
            yield worker
        finally:
            self._free.put(worker)


def read_answer(worker: subprocess.Popen[bytes]) -> None:
    """Wait until a process has done what it was asked for."""
    assert worker.stdout is not None
    said = worker.stdout.readline()
    if said != b"done\n":
        raise RuntimeError(f"the process said {said!r}")


class CleanCommandLine(CommandLine):
    """The command line in an environment with few packages."""

    name = "papermill, command line, clean environment"
    packages = ("papermill", "ipykernel")


class CleanApi(Api):
    """The API in an environment with few packages."""

    name = "papermill API, warm process, clean environment"
    packages = ("papermill", "ipykernel")
