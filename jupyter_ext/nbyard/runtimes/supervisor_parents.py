"""Starts the parents of supervisors, and sends them requests.

A parent starts when it is first needed. It is replaced when it ends, or when packages in its
environment change.
"""

import contextlib
import glob
import json
import logging
import os
import select
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

import nbyard.runner
from nbyard.domain.attempts import structs as attempts
from nbyard.host.project_files import read_small
from nbyard.runner.process import processes
from nbyard.runner.work.launch_process import is_plain

log = logging.getLogger("nbyard.dispatch")
RUNNER = Path(str(nbyard.runner.__file__)).with_name("__main__.py")
# Space in the parent's environment for the values of each fork.
NO_ATTEMPT = "-" * 36
NO_MARK = "-" * 32
NOBODY = {"NBYARD_ATTEMPT_ID": NO_ATTEMPT, "NBYARD_MARK": NO_MARK, "NBYARD_SINCE": "-" * 12}
ANSWER_SECONDS = 30.0  # for a parent to confirm an attempt
LEAVE_SECONDS = 10.0  # for a parent to answer whether it stays after the last request
STAY_SECONDS = 1.0  # for the end of the attempts for which a parent stays
TROUBLES = 3  # after so many, supervisors are spawned without a parent


class Parents:
    """Two parents: a small one for commands, and one that has imported what notebooks need."""

    def __init__(
        self, python: str = sys.executable, *, ready_kernels: int = 0, ready_bytes: int = 0
    ) -> None:
        program = [str(RUNNER), "--parent"]
        # as spawned supervisors of commands: with the standard library only
        self.of_commands = ParentProcess([python, "-I", "-S", *program])
        pool = (str(ready_kernels), str(ready_bytes))
        self.of_notebooks = ParentProcess([python, "-u", *program], pool)

    def supervise(self, folder: Path, attempt_id: str, environment: Mapping[str, str]) -> bool:
        """Fork a supervisor for the attempt. Return whether a supervisor has the attempt.

        If not, the caller spawns a supervisor, which reports why. `environment` has the variables
        of the store, none of the attempt.
        """
        try:
            task = msgspec.json.decode(read_small(f"{folder}/{attempts.TASK}"), type=_Task)
        except (OSError, msgspec.MsgspecError):
            return False
        if task.work.kind != "notebook":
            return self.of_commands.supervise(folder, attempt_id, environment)
        kernel = (task.work.kernel or "python3") if is_plain(task.environment) else ""
        return self.of_notebooks.supervise(folder, attempt_id, environment, kernel)

    def close(self) -> None:
        """Disconnect from both parents."""
        for parent in (self.of_commands, self.of_notebooks):
            parent.close()


def sweep_warm_ups(store_id: str) -> None:
    """Remove the temporary folders that killed prefork parents left after a warm-up."""
    head = os.path.join(tempfile.gettempdir(), f"nby-{store_id}-")
    for place in glob.glob(f"{glob.escape(head)}*-*"):
        pid = place.removeprefix(head).partition("-")[0]
        if pid.isdecimal() and processes.read_process(int(pid)) is None:
            shutil.rmtree(place, ignore_errors=True)


class _Work(msgspec.Struct):
    kind: str
    kernel: str = ""


class _Task(msgspec.Struct):
    """The fields of task.json that decide which parent to use."""

    work: _Work
    environment: dict[str, str] = {}


class ParentProcess:
    """A process that forks supervisors, which is faster than spawning them.

    This works on Linux only, where /proc shows which attempt a fork belongs to.
    """

    def __init__(self, command: list[str], pool: tuple[str, ...] = ()) -> None:
        self._command = command
        self._pool = pool
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._former: list[subprocess.Popen[bytes]] = []
        self._requests: socket.socket | None = None
        self._seen: object = None
        self._was_asked = False
        self._troubles = 0 if sys.platform == "linux" else TROUBLES

    @property
    def pid(self) -> int:
        """Return the pid of the process, 0 if it does not run."""
        return self._process.pid if self._process else 0

    def supervise(
        self, folder: Path, attempt_id: str, environment: Mapping[str, str], kernel: str = ""
    ) -> bool:
        """Fork a supervisor, or use one that waits with a warm `kernel`.

        Return whether a supervisor has the attempt.
        """
        # The ID must fill the space that is reserved in the environment.
        if self._troubles >= TROUBLES or len(attempt_id) != len(NO_ATTEMPT):
            return False
        hear, tell = os.pipe()
        try:
            request = {"folder": str(folder), "attempt_id": attempt_id, "kernel": kernel}
            sent = self.ask(request, environment, tell)
        finally:
            os.close(tell)
        with os.fdopen(hear, "rb", buffering=0) as answers:
            answered = sent and bool(select.select([answers], [], [], ANSWER_SECONDS)[0])
            return answered and answers.read(1) == b"1"

    def prepare(self, environment: Mapping[str, str]) -> None:
        """Start the process, if it is not running."""
        with self._lock:
            self._renew(environment)

    def close(self) -> None:
        """Disconnect from the process.

        The process ends at once, or after its last supervisor. It also does so when this process
        ends.
        """
        with self._lock:
            process, requests = self._process, self._requests
            if process is not None and requests is not None:
                if not self._was_asked:
                    process.kill()
                if not self._was_asked or self._leaves(requests):
                    process.wait()
            self._hang_up()
            for process in self._former:
                if process.poll() is None:
                    process.returncode = 0  # Popen must not wait for a parent that stays
            self._former = []

    def _leaves(self, requests: socket.socket) -> bool:
        """Disconnect from the process.

        Return whether it ends now, because it has no supervisors.
        """
        try:
            requests.settimeout(LEAVE_SECONDS)
            requests.shutdown(socket.SHUT_WR)
            if not requests.recv(1):
                return True
            requests.settimeout(STAY_SECONDS)  # its last attempts may be ending
            return not requests.recv(1)
        except OSError:
            return False

    def ask(self, request: dict[str, str], environment: Mapping[str, str], tell: int) -> bool:
        with self._lock:
            try:
                self._renew(environment)
                assert self._requests is not None
                self._was_asked = True
                socket.send_fds(self._requests, [json.dumps(request).encode()], [tell])
            except OSError as error:
                log.warning("the parent of supervisors does not serve: %s", error)
                self._troubles += 1
                self._hang_up(kill=True)
                return False
        return True

    def _renew(self, environment: Mapping[str, str]) -> None:
        seen = _installation_stamp()
        if self._process is not None:
            if self._process.poll() is None and seen == self._seen:
                return
            # Only a parent that ended by itself is a trouble, not one whose packages changed.
            self._troubles += self._process.returncode is not None
        self._hang_up()
        self._former = [process for process in self._former if process.poll() is None]
        self._seen = seen
        self._was_asked = False
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._requests.settimeout(ANSWER_SECONDS)
        with theirs:
            self._process = subprocess.Popen(
                [*self._command, str(theirs.fileno()), *self._pool],
                env={**environment, **NOBODY},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )

    def _hang_up(self, *, kill: bool = False) -> None:
        if self._requests is not None:
            self._requests.close()
            self._requests = None
        if self._process is not None:
            if kill:
                self._process.kill()
            self._former.append(self._process)
            self._process = None


@cache
def _places() -> list[str]:
    """Return the folders in which packages of this Python are installed."""
    return sorted({sysconfig.get_path(name) for name in ("purelib", "platlib")})


def _installation_stamp() -> object:
    """Return a value that changes when a package is installed or removed."""
    stamps = []
    for place in _places():
        with contextlib.suppress(OSError):
            stamps.append((place, os.stat(place).st_mtime_ns))
    return stamps
