"""A supervisor ahead of its attempt: its runner and its kernel are there and wait to hear whose
they are. After an attempt that left nothing behind, supervisor and runner may stay for the next
one, with another kernel; it ends when nobody wants it any more."""

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

from . import prepared, processes
from .crew import rest
from .folder import CODE, BadTask, Folder
from .guard import clear
from .pool import FREE, READY
from .work import CannotStart, Launch, die_with_parent, environment_of_host, show_to_work, told

REQUEST_BYTES = 64 * 1024
MOST_ATTEMPTS = 100


class LaunchAhead:
    """The runner of a notebook that is not known yet; to the supervisor it is a `Launch`."""

    is_notebook = reports = True
    is_idle = True
    stays = False
    spent = 0.0

    def __init__(self, kernel: str, scratch: str) -> None:
        self._may_stay = False
        self.scratch = scratch
        self.output, output_end = os.pipe()
        self.report, report_end = os.pipe()
        wait, self._release = (end.detach() for end in socket.socketpair())
        self._since = ""
        self._work: tuple[Folder, dict[str, Any]] | None = None
        self._names: list[str] = []  # in its directory, before anybody watches who lists that
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            die_with_parent(parent)
            prepared.live_as(partial(self._run, kernel, output_end, report_end, wait))
        for end in (output_end, report_end, wait):
            os.close(end)

    def _run(self, kernel: str, output: int, report: int, wait: int) -> int:
        from . import notebook

        show_to_work(True)  # this is the work
        nothing = os.open(os.devnull, os.O_RDONLY)
        for target, source in ((0, nothing), (1, output), (2, output)):
            os.dup2(source, target)
        processes.keep_only(report, wait)
        prepared.renew({**environment_of_host(), "JUPYTER_RUNTIME_DIR": self.scratch})
        return notebook.main_ahead(kernel, report, wait)

    def claim(self, *, may_stay: bool) -> None:
        """It has an attempt from now on."""
        self._may_stay = may_stay
        self._since = f"{time.clock_gettime(time.CLOCK_BOOTTIME):012.1f}"
        prepared.stamp(prepared.SINCE).write(self._since)

    def bind(self, folder: Folder, task: dict[str, Any]) -> None:
        """This is its attempt."""
        self._work = folder, task
        with contextlib.suppress(OSError, BadTask):  # starting says what is wrong
            self._names = os.listdir(folder.inside(task.get("directory") or CODE))

    def start(self) -> None:
        """Let it begin.

        Raises:
            CannotStart: it is gone, or there is no place to work in.
        """
        assert self._work is not None
        self.is_idle = False
        try:
            about = told(*self._work, self.scratch)
            if self._since:
                about["since"] = self._since
            self._say({**about, "names": self._names, "may_stay": self._may_stay})
        except BrokenPipeError:
            self._start_another(*self._work)
        except (OSError, BadTask) as error:
            raise CannotStart(f"the kernel that was ready cannot be had: {error}") from error

    def _start_another(self, folder: Folder, task: dict[str, Any]) -> None:
        """It ended in the moment in which it was wanted."""
        other = Launch(folder, task, self.scratch, is_watched=False, is_prepared=True)
        other.start()
        for end in (self.output, self.report):
            os.close(end)
        self.pid, self.output, self.report = other.pid, other.output, other.report

    def _say(self, words: dict[str, Any]) -> None:
        with open(self._release, "w", encoding="utf-8", closefd=False) as file:
            file.write(json.dumps(words) + "\n")

    def stay(self, spent: float) -> None:
        """It serves another attempt; so many seconds of processor time were for others then."""
        self.stays = self.is_idle = True
        self.spent = spent

    def stand_by_again(self, scratch: str) -> None:
        """Have another kernel.

        Raises:
            OSError: it is gone.
        """
        self.stays, self.scratch = False, scratch
        self._say({"scratch": scratch})

    def close(self) -> None:
        """Hear no more of the work."""
        if not self.stays:
            for end in (self.output, self.report):
                os.close(end)

    def end(self) -> None:
        """Nobody wants it: leave nothing of it."""
        # what its kernel has started comes to us when that is gone
        processes.kill_all(lambda: processes.below(os.getpid()), _reap)
        clear(self.scratch)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def stand_by(launch: LaunchAhead, claims: socket.socket) -> tuple[dict[str, str], int] | None:
    """Wait for an attempt: the request for it and the end of the pipe that hears the answer; None
    when none will come."""
    sources: list[Any] = [claims, launch.report]
    with contextlib.suppress(OSError):  # our parent is gone
        while True:
            heard = select.select(sources, [], [])[0]
            if claims in heard:
                packet, handles, _, _ = socket.recv_fds(claims, REQUEST_BYTES, 1)
                return (json.loads(packet), handles[0]) if packet else None
            if not os.read(launch.report, 4096):
                return None  # it is gone
            claims.send(READY)
    return None


def is_wanted_again(launch: LaunchAhead, claims: socket.socket) -> bool:
    """Offer to serve another attempt; whether it stands by for one."""
    rest()
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # that our parent is gone is heard in `claims`
    prepared.stamp("NBYARD_ATTEMPT_ID").clear()
    try:
        claims.send(FREE)
        scratch = claims.recv(REQUEST_BYTES).decode()
        if scratch:
            launch.stand_by_again(scratch)
    except OSError:
        return False
    return bool(scratch)
