"""A cluster of dask-gateway: its real server, with schedulers and workers as processes."""

import json
import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError

import pytest

from nbyard.testing.conformance.runtimes import wait_until

from ..penguins import Penguins, digests
from .peers import python_with_peers

CONFIGURATION = """
c.DaskGateway.backend_class = "dask_gateway_server.backends.local.UnsafeLocalBackend"
c.DaskGateway.authenticator_class = "dask_gateway_server.auth.SimpleAuthenticator"
c.DaskGateway.address = "127.0.0.1:0"
c.Proxy.address = "127.0.0.1:{port}"
c.UnsafeLocalBackend.clusters_directory = "{folder}/clusters"
c.UnsafeLocalBackend.cluster_heartbeat_period = 1
c.ClusterConfig.scheduler_cmd = ["{python}", "-m", "dask", "scheduler"]
c.ClusterConfig.worker_cmd = ["{python}", "-m", "dask", "worker"]
c.ClusterConfig.worker_cores = 1
c.ClusterConfig.worker_memory = "2 G"
c.ClusterConfig.adaptive_period = 1
"""
CLUSTERS = """
import json
from dask_gateway import Gateway
with Gateway() as gateway:
    print(json.dumps([found.name for found in gateway.list_clusters()]))
"""

pytestmark = [pytest.mark.long, pytest.mark.leaves_running, pytest.mark.timeout(900)]


class Server:
    """The gateway's server and its proxy, used as its users do."""

    def __init__(self, folder: Path):
        self.python = python_with_peers()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.told = {"NBYARD_DASK_CLUSTER": "gateway", "DASK_GATEWAY__ADDRESS": self.address}
        told = {"port": self.port, "folder": folder, "python": self.python}
        (folder / "config.py").write_text(CONFIGURATION.format(**told))
        with open(folder / "server.log", "wb") as log:
            self._process = subprocess.Popen(
                [Path(self.python).with_name("dask-gateway-server"), "--config", "config.py"],
                cwd=folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._answers, 60.0)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/api/version") as answer:
                return bool(answer.status == 200)
        except (URLError, ConnectionError):
            return False

    def clusters(self) -> list[str]:
        done = subprocess.run(
            [self.python, "-c", CLUSTERS],
            env={**os.environ, **self.told},
            capture_output=True,
            check=True,
        )
        found: list[str] = json.loads(done.stdout)
        return found

    def close(self) -> None:
        """Stop the server and its clusters."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("gateway"))
    yield made
    made.close()


def test_processes_and_a_gateway_give_equal_results(
    tmp_path: Path, repository: Path, server: Server
) -> None:
    """The store has one cluster, which the next dispatcher finds again."""
    penguins = Penguins(tmp_path, repository, server.told, server.python)
    assert f"at {server.address} creates a cluster" in penguins.doctor()
    here = penguins.run()
    assert server.clusters() == []
    running = penguins.start("--runtime", "dask")
    penguins.kill_dispatcher()
    assert len(server.clusters()) == 1
    there = penguins.end(running)
    assert digests(here) == digests(there) and len(digests(there)) == 4
    assert {task["cached"] for task in there["tasks"]} == {False}
    assert {len(task["attempts"]) for task in there["tasks"]} == {1}
    wait_until(lambda: server.clusters() == [], 60.0)
    assert not list(penguins.store.glob("dask-gateway*"))


def test_unreachable_gateway_is_reported(tmp_path: Path, repository: Path) -> None:
    told = {"NBYARD_DASK_CLUSTER": "gateway", "DASK_GATEWAY__ADDRESS": "http://127.0.0.1:1"}
    penguins = Penguins(tmp_path, repository, told, python_with_peers())
    assert "connect to host 127.0.0.1:1" in penguins.doctor()
