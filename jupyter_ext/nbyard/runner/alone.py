"""In a container that is the runner's own: nothing of the work outlives it, and whoever reads the
container's log hears when that is so.

A fresh container has one attempt. A warm one serves attempts one after the other: each in the same
folder, which others fill and empty, and in forks of a process that has imported what they need.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from .folder import BadTask, Folder
from .prepared import live_as, prepare_for
from .start import start, supervise
from .work import show_to_work

if TYPE_CHECKING:
    from .standby import Standby

BEGUN, ENDED, CLEARED = "begun", "ended", "cleared"
RUN, CLEAR = "run", "clear"
STDIN, STDOUT = 0, 1
SCRATCH = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue")
IPC_RMID = 0


def run(path: str) -> int:
    """Supervise one attempt; when it is said to have ended, only its folder is left of it."""
    show_to_work(False)
    try:
        task = Folder(path).task()
    except BadTask as error:
        sys.stderr.write(f"{error}\n")
        return 2
    status = start(path, foreground=True, is_prepared=prepare_for(task, once=True))
    end_others()
    say(ENDED, task["attempt_id"])
    return status


def serve(path: str) -> int:
    """Until standard input is closed. A line there is {"run": attempt id}, whose folder is at
    `path` by then, or {"clear": attempt id}: empty that folder."""
    show_to_work(False)
    standby: Standby | None = None
    with os.fdopen(STDIN, "rb", closefd=False) as requests:
        for line in requests:
            request = json.loads(line)
            if RUN in request:
                say(BEGUN, request[RUN])
                kernel = _attend(path, standby)
                say(ENDED, request[RUN])
                _tidy_up()
                standby = _stand_by(kernel) if kernel else None
            elif CLEAR in request:
                _empty(path)
                say(CLEARED, request[CLEAR])
    return 0


def _attend(path: str, standby: Standby | None) -> str:
    """Have the attempt done; the kernel that the next one may like to find ready."""
    kernel, is_prepared = "", False
    with contextlib.suppress(BadTask):
        task = Folder(path).task()
        is_prepared = prepare_for(task)
        kernel = _kernel_of(task) if is_prepared else ""
    child = 0
    if standby and standby.kernel == kernel and standby.call(path):
        child = standby.pid
    else:
        _leave_nobody()
        child = _fork(path, is_prepared)
    os.waitpid(child, 0)
    _leave_nobody()
    if standby:
        standby.close()
    return kernel


def _kernel_of(task: dict[str, Any]) -> str:
    from .standby import kernel_of  # commands need none of this

    return kernel_of(task)


def _stand_by(kernel: str) -> Standby | None:
    from .standby import Standby

    with contextlib.suppress(OSError):
        return Standby(kernel)
    return None


def _fork(path: str, is_prepared: bool) -> int:
    parent, child = os.getpid(), os.fork()
    if child == 0:
        os.setsid()
        live_as(partial(supervise, path, None, parent, is_prepared=is_prepared))
    return child


def _leave_nobody() -> None:
    """No process but our own."""
    end_others()
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _tidy_up() -> None:
    """What an attempt leaves outside its folder: files in memory, and System V's objects."""
    for place in {*SCRATCH, os.path.expanduser("~")}:
        _empty(place)
    for kind in ("shm", "sem", "msg"):
        with contextlib.suppress(OSError, ValueError):
            with open(f"/proc/sysvipc/{kind}", encoding="ascii") as listing:
                found = [int(line.split()[1]) for line in listing.readlines()[1:]]
            forget = getattr(ctypes.CDLL(None), f"{kind}ctl")
            for one in found:
                forget(one, 0, IPC_RMID) if kind == "sem" else forget(one, IPC_RMID, None)


def _empty(place: str) -> None:
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(place)):
            with contextlib.suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    os.chmod(entry.path, 0o700)
                    _empty(entry.path)
                    os.rmdir(entry.path)
                else:
                    os.unlink(entry.path)


def end_others() -> None:
    """SIGKILL for everybody in this container but its init and us, however quickly they fork."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)


def say(word: str, attempt_id: str) -> None:
    """A line in the container's log."""
    os.write(STDOUT, json.dumps({word: attempt_id}).encode() + b"\n")
