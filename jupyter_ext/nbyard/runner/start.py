"""From a command line to a supervisor that nobody's end can take along."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import sys
import tempfile

from . import processes
from .folder import BadTask, Folder
from .supervisor import Supervisor
from .verdict import write_result
from .work import Launch


def start(path: str, *, foreground: bool) -> int:
    folder = Folder(path)
    if folder.has("result.json"):
        return 0
    try:
        task = folder.task()
    except BadTask as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if foreground:
        return _supervise(folder, task, ready=None)
    return _detach(folder, task)


def _detach(folder: Folder, task: dict) -> int:  # type: ignore[type-arg]
    """Answers when runner.json is there."""
    listen, ready = os.pipe()
    child = fork_away()
    if child == 0:
        os.close(listen)
        _let_go(folder)
        os._exit(_supervise(folder, task, ready))
    os.close(ready)
    os.waitpid(child, 0)
    with os.fdopen(listen, "rb") as answers:
        return 0 if answers.read(1) == b"1" else 3


def fork_away() -> int:
    """Double fork into a session of its own: 0 there; here the pid of one that ends at once."""
    child = os.fork()
    if child == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
    return child


def supervise(path: str, ready: int, *, is_prepared: bool) -> int:
    """The supervisor's life, in a process that has been forked away for it."""
    folder = Folder(path)
    if folder.has("result.json"):
        return _answer(ready)
    task = folder.task()
    _let_go(folder)
    return _supervise(folder, task, ready, is_prepared=is_prepared)


def _let_go(folder: Folder) -> None:
    """No terminal, no pipe of whoever started us; what goes wrong here is told in the log."""
    nothing = os.open(os.devnull, os.O_RDWR)
    trouble = os.open(folder.at("log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for target, source in ((0, nothing), (1, nothing), (2, trouble)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(trouble)
    os.chdir("/")


def _supervise(
    folder: Folder,
    task: dict,  # type: ignore[type-arg]
    ready: int | None,
    *,
    is_prepared: bool = False,
) -> int:
    lock = os.open(folder.at("lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return _answer(ready)
    # A supervisor that came before us and is gone leaves a lost attempt, not one to start again.
    if folder.has("result.json") or folder.has("runner.json"):
        return _answer(ready)
    scratch = _scratch(folder)
    # Told who we are, somebody may ask us to end at once: the wish is in a file, this only wakes.
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    folder.write_whole("runner.json", identity(scratch), durable=True)
    _answer(ready)
    guard = Guard(task["mark"], scratch)
    # Should this raise, the guard is not dismissed, and ends what was begun.
    launch = Launch(folder, task, scratch, is_prepared=is_prepared)
    write_result(folder, task, Supervisor(folder, task, launch, guard.pid).run())
    guard.dismiss()
    return 0


def _scratch(folder: Folder) -> str:
    """A short path for sockets, for the system allows no long ones."""
    try:
        return tempfile.mkdtemp(prefix="nby-")
    except OSError:
        os.makedirs(folder.at("scratch"), mode=0o700, exist_ok=True)
        return folder.at("scratch")


def _answer(ready: int | None) -> int:
    if ready is not None:
        os.write(ready, b"1")
        os.close(ready)
    return 0


def identity(scratch: str) -> dict[str, object]:
    own = processes.read(os.getpid())
    return {
        "pid": os.getpid(),
        "started": own.started if own else 0.0,
        "host": socket.gethostname(),
        "boot_id": processes.boot_id(),
        "scratch": scratch,
    }


class Guard:
    """A process that outlives a killed supervisor just long enough to end what it had started."""

    def __init__(self, mark: str, scratch: str) -> None:
        listen, self._alive = os.pipe()
        self._scratch = scratch
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._alive)
            self._watch(listen, mark)
        os.close(listen)

    def _watch(self, listen: int, mark: str) -> None:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if os.read(listen, 1) == b"":
            processes.kill_tree(None, mark, {os.getpid()})
            shutil.rmtree(self._scratch, ignore_errors=True)
        os._exit(0)

    def dismiss(self) -> None:
        shutil.rmtree(self._scratch, ignore_errors=True)
        try:
            os.write(self._alive, b"1")
            os.waitpid(self.pid, 0)
        except OSError:
            return  # somebody ended it before us
