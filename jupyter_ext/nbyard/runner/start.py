"""From a command line to a supervisor that nobody's end can take along."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import sys

from . import memory, processes
from .ahead import LaunchAhead
from .folder import BadTask, Folder
from .guard import Guard, make_scratch
from .reserve import Reserve
from .supervisor import Supervisor
from .verdict import write_result
from .work import Launch

RESERVE = Reserve()


def start(path: str, *, foreground: bool, is_prepared: bool = False) -> int:
    folder = Folder(path)
    if folder.has("result.json"):
        return 0
    try:
        task = folder.task()
    except BadTask as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if foreground:
        return _supervise(folder, task, None, 0, is_prepared=is_prepared)
    return _detach(folder, task)


def _detach(folder: Folder, task: dict) -> int:  # type: ignore[type-arg]
    """Answers when runner.json is there."""
    listen, ready = os.pipe()
    child = fork_away()
    if child == 0:
        os.close(listen)
        _let_go(folder)
        os._exit(_supervise(folder, task, ready, 0))
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


def supervise(
    path: str,
    ready: int | None,
    parent: int,
    *,
    is_prepared: bool,
    ahead: LaunchAhead | None = None,
) -> int:
    """The supervisor's life, in a process that `parent` has forked for it and looks after."""
    folder = Folder(path)
    if folder.has("result.json"):
        return _answer(ready)
    task = folder.task()
    _let_go(folder)
    return _supervise(folder, task, ready, parent, is_prepared=is_prepared, ahead=ahead)


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
    parent: int,
    *,
    is_prepared: bool = False,
    ahead: LaunchAhead | None = None,
) -> int:
    lock = _lock(folder)
    if lock is None:
        return _answer(ready)
    scratch = ahead.scratch if ahead else _scratch(folder, task)
    # Told who we are, somebody may ask us to end at once: the wish is in a file, this only wakes.
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    # After a power cut the attempt is lost, with this file or without it.
    folder.write_whole("runner.json", identity(scratch))
    _answer(ready)
    guard = _guard(task, scratch, parent)
    # Should this raise, the guard is not dismissed, and ends what was begun.
    if ahead:
        ahead.bind(folder, task)
    launch = ahead or Launch(
        folder, task, scratch, is_watched=bool(parent), is_prepared=is_prepared
    )
    supervisor = _beside(task)(folder, task, launch, guard, RESERVE)
    result = supervisor.run()
    memory.forget(folder.path)
    write_result(folder, task, result, RESERVE)
    guard.dismiss()
    supervisor.close()
    if not parent:  # who forked us believes no result from before a restart of the machine
        folder.make_durable("result.json")
    os.close(lock)
    return 0


def _beside(task: dict) -> type[Supervisor]:  # type: ignore[type-arg]
    """What stands beside such work."""
    if task["work"]["kind"] != "functions":
        return Supervisor
    from .worker import WorkerSupervisor

    return WorkerSupervisor


def _guard(task: dict, scratch: str, parent: int) -> Guard:  # type: ignore[type-arg]
    guard = Guard(task["mark"], scratch)
    guard.trust(parent) if parent else guard.begin()
    return guard


def _lock(folder: Folder) -> int | None:
    """Ours, until it is closed, when nobody supervises this attempt, or has."""
    lock = os.open(folder.path, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    # A supervisor that came before us and is gone leaves a lost attempt, not one to start again.
    if folder.has("result.json") or folder.has("runner.json"):
        os.close(lock)
        return None
    return lock


def _scratch(folder: Folder, task: dict) -> str:  # type: ignore[type-arg]
    """For notebooks: a short path for sockets, for the system allows no long ones."""
    if task["work"]["kind"] != "notebook":
        return ""
    try:
        return make_scratch()
    except OSError:
        os.makedirs(folder.at("scratch"), mode=0o700, exist_ok=True)
        return folder.at("scratch")


def _answer(ready: int | None) -> int:
    if ready is not None:
        with contextlib.suppress(BrokenPipeError):  # a killed dispatcher loses no attempt
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
