"""A scheduler and workers as processes, and attempts for them."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from nbyard.attempts.folders import delete_path
from nbyard.testing.conformance.runtimes import wait_until

DASK = [sys.executable, "-m", "dask"]
# In a mount namespace of its own a worker finds nothing below the hidden folder.
AS_ROOT = [] if os.getuid() == 0 else ["--map-root-user"]
BLIND = ["unshare", *AS_ROOT, "--mount", "sh", "-c", 'mount -t tmpfs none "$0" && exec "$@"']
OURS = ("NBYARD_", "PYTHONPATH")
PATIENCE_SECONDS = 60.0


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
        self.processes: list[subprocess.Popen[bytes]] = []
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self.start_scheduler()

    def start_scheduler(self) -> "subprocess.Popen[bytes]":
        where = ["--host", self.address, "--no-dashboard"]
        self.scheduler = self._start("scheduler", [*DASK, "scheduler", *where, *self.tls])
        wait_until(self._listens, PATIENCE_SECONDS)  # who connects gives up after five seconds
        return self.scheduler

    def _listens(self) -> bool:
        assert self.scheduler.poll() is None, self.said()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def start_worker(
        self, *options: str, hidden: Path | None = None, packages: Path | None = None
    ) -> "subprocess.Popen[bytes]":
        """Start a worker with one thread and no nanny.

        It cannot see the folder `hidden`, and can import the additional `packages`."""
        scratch = self.folder / f"scratch-{len(self.processes)}"
        scratch.mkdir()
        words = [*DASK, "worker", self.address, "--no-nanny", "--no-dashboard", "--nthreads", "1"]
        words += ["--host", "127.0.0.1", "--death-timeout", "20", *self.tls, *options]
        if hidden is not None:
            words = [*BLIND, str(hidden), *words]
        if packages is not None:
            words = ["env", f"PYTHONPATH={packages}", *words]
        worker = self._start("worker", [*words, "--local-directory", str(scratch)])
        self.workers.append(worker)
        return worker

    def _start(self, name: str, words: list[str]) -> "subprocess.Popen[bytes]":
        environment = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        with open(self.folder / f"{name}-{len(self.processes)}.log", "wb") as log:
            process = subprocess.Popen(
                words,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=self.folder,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
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
