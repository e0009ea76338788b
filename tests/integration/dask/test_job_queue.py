"""Workers as jobs of a real SLURM on this machine, through dask-jobqueue."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbyard.testing.conformance.runtimes import wait_until

from ..penguins import Penguins, digests
from .peers import python_with_peers

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue")
CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MailProg=/bin/true
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores}
PartitionName=main Nodes={host} Default=YES
"""
# What a user would write into jobqueue.yaml.
JOBS = {
    "CORES": "1",
    "MEMORY": "2GB",
    "JOB_DIRECTIVES_SKIP": "['--mem']",
    "LOG_DIRECTORY": "{folder}/logs",
    "INTERFACE": "lo",
}

pytestmark = [pytest.mark.long, pytest.mark.leaves_running, pytest.mark.timeout(900)]


def why_not() -> str:
    if os.getuid() != 0:
        return "a SLURM of our own needs root"
    path = f"{os.environ['PATH']}:/usr/sbin"
    missing = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    names = ", ".join(missing)
    return f"{names} not found (apt-get install slurmctld slurmd slurm-client)" if names else ""


class Slurm:
    """The three daemons of SLURM, with their state in a folder of the test."""

    def __init__(self, folder: Path):
        for name in ("state", "spool", "logs"):
            (folder / name).mkdir()
        (folder / "key").write_bytes(os.urandom(128))
        (folder / "key").chmod(0o600)
        host = socket.gethostname().split(".")[0]
        told = {"folder": folder, "host": host, "ports": _ports(), "cores": os.cpu_count()}
        (folder / "slurm.conf").write_text(CONFIGURATION.format(**told))
        jobs = {f"DASK_JOBQUEUE__SLURM__{k}": v.format(folder=folder) for k, v in JOBS.items()}
        self.told = {"NBYARD_DASK_CLUSTER": "slurm", "SLURM_CONF": f"{folder}/slurm.conf", **jobs}
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        munge = [f"--{name}-file={folder}/munge.{name}" for name in ("pid", "log", "seed")]
        key = ["--force", f"--key-file={folder}/key", f"--socket={folder}/munge"]
        self._start("munged", "--foreground", *key, *munge)
        wait_until((folder / "munge").exists)
        self._start("slurmctld", "-D")
        self._start("slurmd", "-D")
        wait_until(lambda: self.ask("sinfo", "--noheader", "--format=%T") == "idle", 60.0)

    def _start(self, *words: str) -> None:
        path = f"{os.environ['PATH']}:/usr/sbin"
        with open(self._folder / f"{words[0]}.said", "wb") as said:
            process = subprocess.Popen(
                words, env={**os.environ, **self.told, "PATH": path}, stdout=said, stderr=said
            )
        self._processes.append(process)

    def ask(self, *words: str) -> str:
        done = subprocess.run(
            words, env={**os.environ, **self.told}, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    def jobs(self) -> list[str]:
        return self.ask("squeue", "--noheader", "--format=%i").split()

    def close(self) -> None:
        self.ask("scancel", "--full", "--signal=KILL", *self.jobs())
        for process in reversed(self._processes):
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _ports() -> list[int]:
    with socket.socket() as one, socket.socket() as other:
        for probe in (one, other):
            probe.bind(("127.0.0.1", 0))
        return [one.getsockname()[1], other.getsockname()[1]]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    if why_not():
        pytest.skip(why_not())
    made = Slurm(tmp_path_factory.mktemp("slurm"))
    yield made
    made.close()


def test_processes_and_slurm_jobs_give_equal_results(
    tmp_path: Path, repository: Path, slurm: Slurm
) -> None:
    """The first task submits jobs, and no job remains when the dispatcher stops."""
    penguins = Penguins(tmp_path, repository, slurm.told, python_with_peers())
    assert "slurm creates a cluster" in penguins.doctor()
    here = penguins.run()
    assert slurm.jobs() == []
    running = penguins.start("--runtime", "dask")
    wait_until(lambda: bool(slurm.jobs()), 120.0)
    there = penguins.end(running)
    assert digests(here) == digests(there) and len(digests(there)) == 4
    assert {len(task["attempts"]) for task in there["tasks"]} == {1}
    wait_until(lambda: slurm.jobs() == [], 60.0)


def test_run_survives_its_dispatcher_with_the_embedded_scheduler(
    tmp_path: Path, repository: Path, slurm: Slurm
) -> None:
    """The next dispatcher starts another scheduler, and submits new jobs."""
    penguins = Penguins(tmp_path, repository, slurm.told, python_with_peers())
    running = penguins.start("--runtime", "dask")
    penguins.kill_dispatcher()
    there = penguins.end(running)
    assert len(digests(there)) == 4
    assert {task["attempts"][-1]["state"] for task in there["tasks"]} == {"succeeded"}
    assert {task["cached"] for task in there["tasks"]} == {False}
    wait_until(lambda: slurm.jobs() == [], 120.0)
