"""The example in a folder, a store, and the command line."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from nbyard.ipc.dispatcher_launcher import LEASE
from nbyard.store import Store
from nbyard.testing.conformance.runtimes import wait_until

CANONICAL = ("output_csv", "output_test", "metrics", "predictions")


class Penguins:
    """The copied example; the variables in `told` name a cluster or an engine."""

    def __init__(
        self, folder: Path, repository: Path, told: Mapping[str, str], python: str = sys.executable
    ):
        self.folder = folder / "penguins"
        shutil.copytree(repository / "examples/penguins", self.folder)
        with as_file(files("palmerpenguins") / "data" / "penguins.csv") as source:
            shutil.copyfile(source, self.folder / "penguins.csv")
        self.store = folder / "store"
        self._nbyard = [python, "-m", "nbyard.cli.main"]
        self.environment = {
            **os.environ,
            "NBYARD_STORE_DIR": str(self.store),
            "NBYARD_IDLE_SECONDS": "1",
            "NBYARD_LEASE_SECONDS": "2",
            **told,
        }

    def start(self, *options: str) -> "subprocess.Popen[str]":
        command = [*self._nbyard, "run", "penguins.nbflow", "--json", *options]
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
        said, trouble = process.communicate(timeout=900)
        assert process.returncode == 0, said + trouble
        found: dict[str, Any] = json.loads(said)
        return found

    def doctor(self) -> str:
        done = subprocess.run(
            [*self._nbyard, "doctor"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,  # it may miss other things
        )
        return done.stdout

    def dispatcher(self) -> int:
        """Return the process that holds the lease; 0 if there is none."""
        store = Store(self.store)
        try:
            with store.read() as c:
                lease = store.leases.get(c, LEASE)
        finally:
            store.close()
        return int(lease.holder.split(":")[1]) if lease is not None else 0

    def kill_dispatcher(self) -> None:
        """Kill the dispatcher as soon as a task runs."""
        wait_until(lambda: any(self.store.glob("attempts/*/dask.json")), 120.0)
        os.kill(self.dispatcher(), signal.SIGKILL)


def digests(detail: dict[str, Any]) -> dict[str, str]:
    return {
        f"{task['node']}.{artifact['name']}": artifact["digest"]
        for task in detail["tasks"]
        for artifact in task["artifacts"]
        if artifact["name"] in CANONICAL
    }
