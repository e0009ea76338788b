"""The example as processes and on a cluster: the same results (R12, K8, R1)."""

import json
import os
import shutil
import signal
import subprocess
import sys
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest

from nbyard.calling import LEASE
from nbyard.store import Store
from nbyard.testing.conformance_runtimes import wait_until

from .ground import Ground, ground

NBYARD = [sys.executable, "-m", "nbyard.cli.main"]
CANONICAL = ("output_csv", "output_test", "metrics", "predictions")


class Penguins:
    """The example in a folder, a store, and the command line."""

    def __init__(self, folder: Path, repository: Path, cluster: Ground):
        self.folder = folder / "penguins"
        shutil.copytree(repository / "examples/penguins", self.folder)
        with as_file(files("palmerpenguins") / "data" / "penguins.csv") as source:
            shutil.copyfile(source, self.folder / "penguins.csv")
        self.store = folder / "store"
        self.environment = {
            **os.environ,
            "NBYARD_STORE_DIR": str(self.store),
            "NBYARD_IDLE_SECONDS": "1",
            "NBYARD_LEASE_SECONDS": "2",
            "NBYARD_DASK_ADDRESS": cluster.address,
        }

    def start(self, *options: str) -> "subprocess.Popen[str]":
        command = [*NBYARD, "run", "penguins.nbflow", "--json", *options]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *options: str) -> dict[str, Any]:
        return self.end(self.start(*options))

    def end(self, process: "subprocess.Popen[str]") -> dict[str, Any]:
        said, trouble = process.communicate(timeout=400)
        assert process.returncode == 0, said + trouble
        found: dict[str, Any] = json.loads(said)
        return found

    def kill_dispatcher(self) -> None:
        """As soon as something runs."""
        store = Store(self.store)
        try:
            wait_until(lambda: any(self.store.glob("attempts/*/dask.json")))
            with store.read() as c:
                lease = store.leases.get(c, LEASE)
            assert lease is not None
            os.kill(int(lease.holder.split(":")[1]), signal.SIGKILL)
        finally:
            store.close()


def digests(detail: dict[str, Any]) -> dict[str, str]:
    return {
        f"{task['node']}.{artifact['name']}": artifact["digest"]
        for task in detail["tasks"]
        for artifact in task["artifacts"]
        if artifact["name"] in CANONICAL
    }


@pytest.mark.long
@pytest.mark.leaves_running  # the dispatcher leaves by itself a second after the last run
@pytest.mark.timeout(600)
def test_processes_and_a_cluster_agree(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, repository: Path
) -> None:
    """Also on a worker that sees nothing of ours, with a dispatcher that is killed meanwhile."""
    with ground() as cluster:
        cluster.start_worker(hidden=tmp_path_factory.getbasetemp())
        penguins = Penguins(tmp_path, repository, cluster)
        here = penguins.run()
        running = penguins.start("--runtime", "dask")
        penguins.kill_dispatcher()
        there = penguins.end(running)
        assert len(digests(here)) == 4
        assert digests(here) == digests(there)
        assert {task["cached"] for task in there["tasks"]} == {False}
        assert {len(task["attempts"]) for task in there["tasks"]} == {1}
        again = penguins.run("--runtime", "dask")
        assert {task["cached"] for task in again["tasks"]} == {True}
