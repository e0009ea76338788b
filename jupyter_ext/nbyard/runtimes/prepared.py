"""The dispatcher's hold on the prepared parent: started when first needed, replaced when it ends
or when the environment that it has imported from changes."""

import contextlib
import json
import logging
import os
import select
import socket
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Mapping
from pathlib import Path

from nbyard.runner import processes

log = logging.getLogger("nbyard.dispatch")
RUNNER = Path(processes.__file__).with_name("__main__.py")
# Room in its environment for the words of each fork.
NO_ATTEMPT = "-" * 36
NO_MARK = "-" * 32
ANSWER_SECONDS = 30.0
TROUBLES = 3


class PreparedParent:
    """Forks supervisors quicker than they can be started. Linux only: forks are told apart by
    their place in /proc."""

    def __init__(self, python: str = sys.executable) -> None:
        self._python = python
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None
        self._seen: object = None
        self._troubles = 0 if sys.platform == "linux" else TROUBLES

    def supervise(self, folder: Path, attempt_id: str, environment: Mapping[str, str]) -> bool:
        """Have a supervisor forked; whether the attempt is taken care of.

        When it is not, starting the supervisor says why. `environment` has no word of the attempt.
        """
        if self._troubles >= TROUBLES or len(attempt_id) != len(NO_ATTEMPT):
            return False
        hear, tell = os.pipe()
        try:
            sent = self._ask(folder, attempt_id, environment, tell)
        finally:
            os.close(tell)
        with os.fdopen(hear, "rb", buffering=0) as answers:
            answered = sent and bool(select.select([answers], [], [], ANSWER_SECONDS)[0])
            return answered and answers.read(1) == b"1"

    def prepare(self, environment: Mapping[str, str]) -> None:
        """Begin to import, if that has not been done."""
        with self._lock:
            self._renew(environment)

    def close(self) -> None:
        """End it. It also ends by itself when nobody holds the other end."""
        with self._lock:
            self._hang_up()

    def _ask(
        self, folder: Path, attempt_id: str, environment: Mapping[str, str], tell: int
    ) -> bool:
        request = {"folder": str(folder), "attempt_id": attempt_id}
        with self._lock:
            try:
                self._renew(environment)
                assert self._requests is not None
                socket.send_fds(self._requests, [json.dumps(request).encode()], [tell])
            except OSError as error:
                log.warning("the prepared parent does not serve: %s", error)
                self._troubles += 1
                self._hang_up()
                return False
        return True

    def _renew(self, environment: Mapping[str, str]) -> None:
        seen = _installed()
        if self._process is not None:
            if self._process.poll() is None and seen == self._seen:
                return
            self._troubles += self._process.returncode is not None
        self._hang_up()
        self._seen = seen
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._requests.settimeout(ANSWER_SECONDS)
        with theirs:
            self._process = subprocess.Popen(
                [self._python, "-u", str(RUNNER), "--prepared", str(theirs.fileno())],
                env={**environment, "NBYARD_ATTEMPT_ID": NO_ATTEMPT, "NBYARD_MARK": NO_MARK},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd="/",
            )

    def _hang_up(self) -> None:
        if self._requests is not None:
            self._requests.close()
            self._requests = None
        if self._process is not None:
            self._process.kill()  # who was just asked for starts the ordinary way
            self._process.wait()
            self._process = None


def _installed() -> object:
    """Changes when a distribution is installed or removed."""
    paths = sysconfig.get_paths()
    found = []
    for place in sorted({paths["purelib"], paths["platlib"]}):
        with contextlib.suppress(OSError):
            found.append((place, os.stat(place).st_mtime_ns))
    return found
