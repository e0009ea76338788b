"""A supervisor that starts before its attempt, with a waiting runner and kernel.

After an attempt that left nothing behind, supervisor and runner may stay for the next attempt, with
a new kernel. The supervisor ends when no attempt is expected.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import time
from functools import partial
from typing import Any

from ..attempt_folder import CODE, AttemptFolder, BadTask
from ..process import processes
from ..process.environ_stamps import SINCE, stamp
from ..process.forks import adopt_orphans, become_runner, fork_child, live_as
from ..reasons import because
from ..supervision.orphan_cleanup import make_scratch, remove_scratch
from ..supervision.start_supervisor import supervise
from ..work.launch_process import (
    CannotStart,
    Launch,
    WaitingProcess,
    environment_of_host,
    is_plain,
    setup_of,
)
from .pool import FREE, READY, release_attempt

REQUEST_BYTES = 64 * 1024
MOST_ATTEMPTS = 100


class WarmRunner(WaitingProcess):
    """A runner process that waits for the notebook it will run."""

    is_notebook = reports = True
    is_idle = True

    def __init__(self, kernel: str, scratch: str) -> None:
        self._may_stay = False
        self.scratch = scratch
        self.output, output_end = os.pipe()
        self.report, report_end = os.pipe()
        # Sockets, unlike pipes, let the reader refuse later writers (`Lines.read_last`).
        wait, self._release = (end.detach() for end in socket.socketpair())
        self._since = ""
        self._work: tuple[AttemptFolder, dict[str, Any]] | None = None
        self._names: list[str] = []  # listed before the watch for directory listings starts
        self.pid = fork_child(partial(self._run, kernel, output_end, report_end, wait))
        for end in (output_end, report_end, wait):
            os.close(end)

    def _run(self, kernel: str, output: int, report: int, wait: int) -> int:
        from . import warm_notebook

        environment = {**environment_of_host(), "JUPYTER_RUNTIME_DIR": self.scratch}
        become_runner(environment, output, report, wait)
        return warm_notebook.main(kernel, report, wait)

    def claim(self, *, may_stay: bool) -> None:
        """Record in this process's environment that it belongs to an attempt from now on.

        `may_stay` states whether the runner may serve another attempt afterwards.
        """
        self._may_stay = may_stay
        self._since = f"{time.clock_gettime(time.CLOCK_BOOTTIME):012.1f}"
        stamp(SINCE).write(self._since)

    def bind(self, folder: AttemptFolder, task: dict[str, Any]) -> None:
        """Set the attempt that this runner carries out."""
        self._work = folder, task
        with contextlib.suppress(OSError, BadTask):  # `start` reports the error
            self._names = os.listdir(folder.inside(task.get("directory") or CODE))

    def start(self) -> None:
        """Send the waiting runner its attempt.

        If the runner has ended meanwhile, a new one is started.

        Raises:
            CannotStart: No runner could be started, or the working directory cannot be used.
        """
        assert self._work is not None
        self.is_idle = False
        try:
            about = setup_of(*self._work, self.scratch)
            if self._since:
                about["since"] = self._since
            self._send({**about, "names": self._names, "may_stay": self._may_stay})
        except BrokenPipeError:
            other = Launch(*self._work, self.scratch, is_watched=False, is_prepared=True)
            other.start()
            for end in (self.output, self.report):
                os.close(end)
            self.pid, self.output, self.report = other.pid, other.output, other.report
        except (OSError, BadTask) as error:
            raise CannotStart(because("warm-kernel-lost", error=str(error))) from error

    def _send(self, message: dict[str, Any]) -> None:
        with open(self._release, "w", encoding="utf-8", closefd=False) as file:
            file.write(json.dumps(message) + "\n")

    def stay(self, spent: float) -> None:
        """Keep the runner for another attempt.

        `spent` is the CPU time in seconds that it has used so far.
        """
        super().stay(spent)
        self.is_idle = True

    def stand_by_again(self, scratch: str) -> None:
        """Request that the runner prepares another kernel, with the scratch folder `scratch`.

        Raises:
            OSError: The runner has ended.
        """
        self.stays, self.scratch = False, scratch
        self._send({"scratch": scratch})

    def end(self) -> None:
        """Kill the runner, which was not used, and remove its folder."""
        # processes that the kernel started become our children once it is gone
        processes.kill_all(lambda: processes.descendants_of(os.getpid()), _reap)
        remove_scratch(self.scratch)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def stand_by(launch: WarmRunner, claims: socket.socket) -> tuple[dict[str, str], int] | None:
    """Wait for an attempt, and report when the kernel is ready.

    Return the request and the descriptor of the pipe for the answer, or None if no attempt will
    come.
    """
    sources: list[Any] = [claims, launch.report]
    with contextlib.suppress(OSError):  # the parent is gone
        while True:
            heard = select.select(sources, [], [])[0]
            if claims in heard:
                packet, handles, _, _ = socket.recv_fds(claims, REQUEST_BYTES, 1)
                return (json.loads(packet), handles[0]) if packet else None
            if not os.read(launch.report, 4096):
                return None  # the runner is gone
            claims.send(READY)
    return None


def offer_again(launch: WarmRunner, claims: socket.socket) -> bool:
    """Offer the parent to serve another attempt. Return whether the parent accepted."""
    release_attempt()
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # `claims` already shows when the parent is gone
    stamp("NBYARD_ATTEMPT_ID").clear()
    try:
        claims.send(FREE)
        scratch = claims.recv(REQUEST_BYTES).decode()
        if scratch:
            launch.stand_by_again(scratch)
    except OSError:
        return False
    return bool(scratch)


def kernel_of(task: dict[str, Any]) -> str:
    """Return the name of the kernel to prepare for a task like this one, or an empty text."""
    from ..kernels.specifications import is_forkable

    work = task["work"]
    if work["kind"] != "notebook" or not is_plain(task.get("environment") or {}):
        return ""
    name = str(work.get("kernel") or "python3")
    return name if is_forkable(name) else ""


class WarmProcess:
    """A process that becomes the supervisor of the next attempt, with a runner and a kernel."""

    def __init__(self, kernel: str) -> None:
        self.kernel = kernel
        self._calls, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        parent = os.getpid()
        with theirs:
            self.pid = os.fork()
            if self.pid == 0:
                os.setsid()
                self._calls.close()
                live_as(partial(self._wait, theirs, parent))

    def _wait(self, calls: socket.socket, parent: int) -> int:
        adopt_orphans()
        warm = WarmRunner(self.kernel, make_scratch())
        called = stand_by(warm, calls)
        if called is None:
            warm.end()
            return 1
        request, ready = called
        return supervise(request["folder"], ready, parent, is_prepared=True, waiting=warm)

    def call(self, path: str) -> bool:
        """Start the attempt in the folder `path`. Return False if the process has ended."""
        # A request has a pipe for the answer. The caller here waits for the end of the process.
        nobody = os.open(os.devnull, os.O_WRONLY)
        try:
            socket.send_fds(self._calls, [json.dumps({"folder": path}).encode()], [nobody])
        except OSError:
            return False
        finally:
            os.close(nobody)
        return True

    def close(self) -> None:
        """Close the socket to the process. Call this once the process has ended.

        Closing it earlier could lose the request, which may be unread.
        """
        self._calls.close()
