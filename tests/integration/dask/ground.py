"""A scheduler and workers as processes, and attempts for them."""

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from nbyard.attempts.folders import delete_path
from nbyard.testing.conformance.runtimes import wait_until

OURS = ("NBYARD_", "PYTHONPATH")
PATIENCE_SECONDS = 60.0


@cache
def zygote() -> "subprocess.Popen[str]":
    """Start the parent of all schedulers and workers; it ends with this process."""
    program = str(Path(__file__).with_name("zygote.py"))
    environment = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
    made = subprocess.Popen(
        [sys.executable, program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    atexit.register(made.communicate)
    return made


class Started:
    """A scheduler or worker that runs, until it is killed."""

    def __init__(self, **request: Any):
        parent = zygote()
        assert parent.stdin and parent.stdout
        parent.stdin.write(json.dumps(request) + "\n")
        parent.stdin.flush()
        self.pid = int(parent.stdout.readline())

    def is_gone(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def send_signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while not self.is_gone():
            assert time.monotonic() < end, f"process {self.pid} does not end"
            time.sleep(0.01)


class Ground:
    """A scheduler and workers to start and kill.

    `address` stays the same for each new scheduler."""

    def __init__(self, folder: Path, tls: Sequence[str] = ()):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder = folder
        self.tls = list(tls)
        self.address = f"{'tls' if tls else 'tcp'}://127.0.0.1:{self.port}"
        self.processes: list[Started] = []
        self.workers: list[Started] = []
        self.scheduler = self.start_scheduler()

    def start_scheduler(self) -> Started:
        where = ["--host", self.address, "--no-dashboard"]
        self.scheduler = self._start("scheduler", ["scheduler", *where, *self.tls])
        wait_until(self._listens, PATIENCE_SECONDS)  # who connects gives up after five seconds
        return self.scheduler

    def _listens(self) -> bool:
        assert not self.scheduler.is_gone(), self.said()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def start_worker(
        self, *options: str, hidden: Path | None = None, packages: Path | None = None
    ) -> Started:
        """Start a worker with one thread and no nanny.

        It cannot see the folder `hidden`, and can import the additional `packages`."""
        scratch = self.folder / f"scratch-{len(self.processes)}"
        scratch.mkdir()
        words = ["worker", self.address, "--no-nanny", "--no-dashboard", "--nthreads", "1"]
        words += ["--host", "127.0.0.1", "--death-timeout", "20", *self.tls, *options]
        words += ["--local-directory", str(scratch)]
        worker = self._start("worker", words, hidden, packages)
        self.workers.append(worker)
        return worker

    def wait_for_workers(self) -> None:
        """Wait until the scheduler knows all workers: who asks it before gets fewer."""
        logs = [
            self.folder / f"worker-{self.processes.index(worker)}.log" for worker in self.workers
        ]

        def joined(log: Path) -> bool:
            return log.exists() and "Registered to" in log.read_text()

        wait_until(lambda: all(map(joined, logs)), PATIENCE_SECONDS)

    def _start(
        self, name: str, words: list[str], hidden: Path | None = None, packages: Path | None = None
    ) -> Started:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        if packages is not None:
            environment["PYTHONPATH"] = str(packages)
        process = Started(
            words=words,
            environment=environment,
            folder=str(self.folder),
            log=str(self.folder / f"{name}-{len(self.processes)}.log"),
            hidden=str(hidden or ""),
        )
        self.processes.append(process)
        return process

    def kill(self, process: Started) -> None:
        process.send_signal(signal.SIGKILL)
        process.wait()
        if process in self.workers:
            self.workers.remove(process)

    def made(self, kind: str = "") -> list[str]:
        """Return the folders that workers made; others may vanish while this looks."""
        names = [name for _, folders, _ in os.walk(self.folder) for name in folders]
        return [name for name in names if name.startswith(f"nbyard-{kind}")]

    def said(self) -> str:
        """Return all logs, to find the cause of a failure."""
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def close(self) -> None:
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
        for path in self.folder.iterdir():
            delete_path(path)


@contextmanager
def ground(**options: Sequence[str]) -> Iterator[Ground]:
    with tempfile.TemporaryDirectory(prefix="nbyard-dask-") as folder:
        made = Ground(Path(folder), **options)
        try:
            yield made
        finally:
            made.close()
