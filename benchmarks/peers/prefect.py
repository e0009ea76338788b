"""Prefect: a flow in a script, with a running server; its tasks call papermill's API."""

import socket
import subprocess
import time
import urllib.error
import urllib.request

from peers.environments import CannotTakePart
from peers.graphs import Place
from peers.peer import CORES, FLOWS, Peer

SECONDS = 120


class Prefect(Peer):
    """Prefect with its server as a contender."""

    name = "Prefect, its server up"
    # a later fastapi is incompatible with its server
    packages = ("prefect", "fastapi<0.140", "papermill", "ipykernel")

    def start(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.processes.add(
            PREFECT_HOME=str(self.folder / "home"),
            PREFECT_API_URL=f"http://127.0.0.1:{port}/api",
            PREFECT_SERVER_ANALYTICS_ENABLED="false",
            PREFECT_LOGGING_LEVEL="WARNING",
            DO_NOT_TRACK="1",
        )
        words = ["-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
        self._server = self.processes.start(self.python, *words, log=self.folder / "server.log")
        _until_healthy(f"http://127.0.0.1:{port}/api/health", self._server)

    def stop(self) -> None:
        self._server.terminate()
        self._server.communicate(timeout=SECONDS)

    def run(self, place: Place) -> None:
        workers = str(min(CORES, place.graph.width))
        flow = FLOWS / "prefect_graph.py"
        self.processes.call(self.python, flow, place.folder, workers)


def _until_healthy(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise CannotTakePart("its server ended at once")
        try:
            urllib.request.urlopen(url, timeout=SECONDS).close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    raise CannotTakePart("its server does not answer")
