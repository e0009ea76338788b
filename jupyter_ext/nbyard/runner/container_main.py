"""Runs attempts as the main program of a container that has no other purpose.

After each attempt, all other processes in the container are killed. A line in the container's log
then reports the end.

A fresh container runs one attempt. A warm container runs several, one after the other, in the same
folder. The dispatcher copies each attempt into the folder and requests its removal afterwards.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING

from .attempt_folder import AttemptFolder, BadTask
from .prefork.preload import prepare_for
from .process.forks import live_as, show_to_work
from .supervision.start_supervisor import start_supervisor, supervise

if TYPE_CHECKING:
    from .prefork.warm_runner import WarmProcess

BEGUN, ENDED, CLEARED = "begun", "ended", "cleared"
RUN, CLEAR = "run", "clear"
STDIN, STDOUT = 0, 1
# The root file system is read-only. Beside its own folder and its home, an attempt can write at
# most to these folders.
SCRATCH = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue")
IPC_RMID = 0


def run(path: str) -> int:
    """Run the attempt in the folder `path`, then report its end in the log. Return the exit status.

    All other processes have been killed when the log reports the end.
    """
    # The work has the same user. It could otherwise open this process's standard output through
    # /proc, and report its own end.
    show_to_work(False)
    try:
        task = AttemptFolder(path).task()
    except BadTask as error:
        sys.stderr.write(f"{error}\n")
        return 2
    status = start_supervisor(path, foreground=True, is_prepared=prepare_for(task, once=True))
    kill_others()
    write_line(ENDED, task["attempt_id"])
    return status


def serve(path: str) -> int:
    """Run attempts in the folder `path` until standard input is closed.

    Return the exit status. Each line of standard input is a JSON object. `{"run": ATTEMPT_ID}` runs
    the attempt, whose files are in the folder by then. `{"clear": ATTEMPT_ID}` empties the folder.
    """
    show_to_work(False)
    warm: WarmProcess | None = None
    with os.fdopen(STDIN, "rb", closefd=False) as requests:
        for line in requests:
            request = json.loads(line)
            if RUN in request:
                write_line(BEGUN, request[RUN])
                kernel = _run_attempt(path, warm)
                # Reported before the clean-up: meanwhile, the dispatcher collects the results.
                write_line(ENDED, request[RUN])
                _tidy_up()
                # Forked only now: the clean-up empties /tmp, where a warm process has its sockets.
                warm = None
                if kernel:
                    from .prefork.warm_runner import WarmProcess

                    with contextlib.suppress(OSError):
                        warm = WarmProcess(kernel)
            elif CLEAR in request:
                _empty(path)
                write_line(CLEARED, request[CLEAR])
    return 0


def _run_attempt(path: str, warm: WarmProcess | None) -> str:
    """Run an attempt.

    Return the name of the kernel to prepare for the next one, or "". `warm` is used if its kernel
    is the one that the task needs. Otherwise a new supervisor is forked.
    """
    kernel, is_prepared = "", False
    with contextlib.suppress(BadTask):
        task = AttemptFolder(path).task()
        is_prepared = prepare_for(task)
        if is_prepared:
            from .prefork.warm_runner import kernel_of

            kernel = kernel_of(task)
    if warm and warm.kernel == kernel and warm.call(path):
        child = warm.pid
    else:
        # Also ends a warm process that has another kernel.
        _leave_nobody()
        parent, child = os.getpid(), os.fork()
        if child == 0:
            os.setsid()
            live_as(partial(supervise, path, None, parent, is_prepared=is_prepared))
    os.waitpid(child, 0)
    _leave_nobody()
    if warm:
        warm.close()
    return kernel


def _leave_nobody() -> None:
    """Kill all other processes in the container and reap them."""
    kill_others()
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _tidy_up() -> None:
    """Remove what an attempt left outside its folder: temporary files and System V IPC objects."""
    for place in {*SCRATCH, os.path.expanduser("~")}:
        _empty(place)
    for kind in ("shm", "sem", "msg"):
        with contextlib.suppress(OSError, ValueError):
            with open(f"/proc/sysvipc/{kind}", encoding="ascii") as listing:
                ipc_ids = [int(line.split()[1]) for line in listing.readlines()[1:]]
            forget = getattr(ctypes.CDLL(None), f"{kind}ctl")
            for ipc_id in ipc_ids:
                # semctl(2) takes a semaphore's number before the command; shmctl and msgctl do not.
                forget(ipc_id, 0, IPC_RMID) if kind == "sem" else forget(ipc_id, IPC_RMID, None)


def _empty(place: str) -> None:
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(place)):
            with contextlib.suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    # The work may have left a folder that it closed with `chmod 0`.
                    os.chmod(entry.path, 0o700)
                    _empty(entry.path)
                    os.rmdir(entry.path)
                else:
                    os.unlink(entry.path)


def kill_others() -> None:
    """Send SIGKILL to all processes in this container except its init and this one.

    One call reaches all of them, so that no process escapes by forking.
    """
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)


def write_line(word: str, attempt_id: str) -> None:
    """Write `{WORD: ATTEMPT_ID}` as a line of the container's log."""
    os.write(STDOUT, json.dumps({word: attempt_id}).encode() + b"\n")
