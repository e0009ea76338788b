"""Dask: a cluster with a worker of one thread for each core; its tasks call papermill's API."""

import socket
import subprocess

from peers.graphs import Place
from peers.papermill import read_answer
from peers.peer import CORES, FLOWS, Peer

SECONDS = 120


class Dask(Peer):
    """Dask with its cluster and a connected client as a contender."""

    name = "Dask, connected client"
    packages = ("distributed", "papermill", "ipykernel")

    def start(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
        log, dask = self.folder / "cluster.log", (self.python, "-m", "dask")
        scheduler = (*dask, "scheduler", "--host", address, "--no-dashboard")
        worker = (*dask, "worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard")
        client = (self.python, FLOWS / "dask_client.py", address, str(CORES))
        programs = (scheduler, *[worker] * CORES, client)
        self._processes = [self.processes.start(*words, log=log) for words in programs]
        read_answer(self._client)  # all workers are there

    @property
    def _client(self) -> subprocess.Popen[bytes]:
        return self._processes[-1]

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
            process.communicate(timeout=SECONDS)

    def run(self, place: Place) -> None:
        assert self._client.stdin is not None
        self._client.stdin.write(f"{place.folder}\n".encode())
        self._client.stdin.flush()
        read_answer(self._client)
