"""Run the command line in forked processes.

They skip the time for imports, for the migrations of a new store and for the list of packages.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.created_schemas import share_created_schemas, statements

from nbyard import yard  # noqa: F401  these imports take the time that each command saves
from nbyard.cli import all_commands  # noqa: F401
from nbyard.cli.main import main
from nbyard.host.kernels import python_interpreter
from nbyard.ipc.dispatcher_launcher import LEASE, is_dead, pid_of
from nbyard.store import Store
from nbyard.testing.shells import CommandResult

REPOSITORY = Path(__file__).resolve().parents[2]
STOP_SECONDS = 30


class ForkedShell:
    """A shell that runs each `nbyard` command in a process forked from a parent with imports."""

    def __init__(self) -> None:
        argv = [sys.executable, "-m", "tests.support.forked_shells"]
        self._process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
        )

    def __call__(self, *command: str, folder: Path, **environment: str) -> CommandResult:
        """Run the command in the folder, with the variables of this process and these."""
        assert self._process.stdin and self._process.stdout
        variables = {**os.environ, **environment}
        request = {"words": command, "folder": str(folder), "environment": variables}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return CommandResult(*json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """Stop the parent process."""
        self._process.communicate(timeout=STOP_SECONDS)


class StoreShell:
    """A forked shell for one store, whose dispatcher lives until `close`.

    `environment` are variables for each command.
    """

    def __init__(self, shell: ForkedShell, store: Path):
        self._shell = shell
        self.store = store
        self.environment: dict[str, str] = {}

    def __call__(self, *command: str, folder: Path, **environment: str) -> CommandResult:
        own = {"NBYARD_STORE_DIR": str(self.store), "NBYARD_IDLE_SECONDS": "60"}
        return self._shell(*command, folder=folder, **own | self.environment | environment)

    def close(self) -> None:
        """Stop the dispatcher if there is one, and wait until it is gone."""
        with contextlib.closing(Store(self.store)) as store, store.read() as c:
            lease = store.leases.get(c, LEASE)
        if lease is None or is_dead(lease.holder):
            return
        os.kill(pid_of(lease.holder), signal.SIGTERM)
        end = time.monotonic() + STOP_SECONDS
        while not is_dead(lease.holder):
            if time.monotonic() > end:
                raise TimeoutError(f"the dispatcher {lease.holder} does not end")
            time.sleep(0.02)


def _serve() -> None:
    """Fork a process for each request; reply with its exit code and both outputs."""
    share_created_schemas()
    statements()
    python_interpreter()
    for line in sys.stdin:
        # Files hold any amount of output. A pipe would fill up, as it is read only at the end.
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            pid = os.fork()
            if not pid:
                request = json.loads(line)
                null = os.open(os.devnull, os.O_RDONLY)
                for target, source in enumerate((null, out.fileno(), err.fileno())):
                    os.dup2(source, target)
                os.chdir(request["folder"])
                os.environ.clear()
                os.environ.update(request["environment"])
                main(request["words"])
                # Unlike os._exit, this runs the functions of atexit, as a real command does.
                sys.exit()
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            out.seek(0)
            err.seek(0)
            sys.stdout.write(json.dumps([code, out.read(), err.read()]) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    _serve()
