"""Run a private PostgreSQL server for tests, which they may kill."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

PATIENCE_SECONDS = 60.0
# Each database has 300 files, which take a disk milliseconds to create and to delete.
MEMORY = Path("/dev/shm")
MEMORY_BYTES = 4 * 2**30
PREFIX = "nbyard-postgres-"
FOLDERS = ("backup", "dispatch", "freezing/runs", "services/runs", "store")  # with unit tests


class Postgres:
    """A server in its own folder; `url` is that of its first database.

    The server does not wait for slow disks. The folder lies outside of pytest's: each session
    closes that folder to other users, and PostgreSQL does not run as root.
    """

    def __init__(self) -> None:
        is_roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES
        place = MEMORY if is_roomy else Path(tempfile.gettempdir())
        for old in place.glob(f"{PREFIX}*"):  # of dead processes
            if not Path("/proc", old.name.removeprefix(PREFIX).partition("-")[0]).exists():
                shutil.rmtree(old, ignore_errors=True)
        self._folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place))
        self._server: subprocess.Popen[bytes] | None = None
        self._as_nobody: list[str] = []
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.url = f"postgresql+psycopg://tester@127.0.0.1:{self._port}/postgres"

    @staticmethod
    def programs() -> Path | None:
        """Return the folder of PostgreSQL's programs; None if it is not installed."""
        return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)

    def make(self) -> "Postgres":
        """Create the data of an empty server."""
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            self._as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            for place in (self._folder, *self._folder.parents):
                if place.owner() == "root" and place.stat().st_mode & 0o077 == 0:
                    place.chmod(0o711)
            shutil.chown(self._folder, 65534, 65534)
        options = ["-D", str(self._folder / "data"), "-U", "tester", "-A", "trust", "--no-sync"]
        command = [*self._as_nobody, f"{self.programs()}/initdb", *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")
        return self

    def start(self) -> "Postgres":
        """Start the server and wait until it responds."""
        options = ["-D", str(self._folder / "data"), "-k", str(self._folder), "-h", "127.0.0.1"]
        command = [*self._as_nobody, f"{self.programs()}/postgres", *options]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [*command, "-p", str(self._port), "-F"], stdout=log, stderr=log, cwd="/"
            )
        end = time.monotonic() + PATIENCE_SECONDS
        while not self._answers():
            if self._server.poll() is not None or time.monotonic() > end:
                raise RuntimeError((self._folder / "log").read_text())
            time.sleep(0.05)
        return self

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url.replace("+psycopg", "")).close()
        except psycopg.OperationalError:
            return False
        return True

    def crash(self) -> None:
        """Close all connections at once, whatever they do."""
        # The immediate shutdown of PostgreSQL, which recovers at its next start.
        self._end(signal.SIGQUIT)

    def processes(self) -> "list[psutil.Process]":
        """Return the processes of the server: one for each connection, and its own."""
        import psutil

        assert self._server is not None
        first = psutil.Process(self._server.pid)
        return [first, *first.children(recursive=True)]

    def kill(self) -> None:
        """Kill the server, and wait until its own processes have noticed that."""
        import psutil

        own = self.processes()[1:]
        self._end(signal.SIGKILL)
        psutil.wait_procs(own, PATIENCE_SECONDS)  # until then, their memory refuses a new server

    def stop(self) -> None:
        """Stop the server."""
        self._end(signal.SIGINT)

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        shutil.rmtree(self._folder)

    def _end(self, number: int) -> None:
        if self._server is not None:
            self._server.send_signal(number)
            self._server.wait(PATIENCE_SECONDS)
            self._server = None
