"""Dask: a cluster with a worker of one thread for each core; its tasks call papermill's API."""

import socket
import subprocess
from typing import ClassVar

from peers.graphs import Place
from peers.peer import CORES, FLOWS, Peer

SECONDS = 120


class Dask(Peer):
    """Dask with its cluster as a contender."""

    name = "Dask, its cluster up"
    packages = ("distributed", "papermill", "ipykernel")
    variables: ClassVar[dict[str, str]] = {"DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "error"}

    def start(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
        log, quiet = self.folder / "cluster.log", ("--no-dashboard",)
        dask = (self.python, "-m", "dask")
        self._cluster: list[subprocess.Popen[bytes]] = [
            self.processes.start(*dask, "scheduler", "--host", self._address, *quiet, log=log)
        ]
        for _ in range(CORES):
            words = ("worker", self._address, "--nthreads", "1", "--no-nanny", *quiet)
            self._cluster.append(self.processes.start(*dask, *words, log=log))
        self.processes.call(self.python, FLOWS / "dask_graph.py", self._address, str(CORES))

    def stop(self) -> None:
        for process in self._cluster:
            process.terminate()
            process.communicate(timeout=SECONDS)

    def run(self, place: Place) -> None:
        self.processes.call(self.python, FLOWS / "dask_graph.py", self._address, place.folder)
