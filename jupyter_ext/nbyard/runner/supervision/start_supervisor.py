"""Starts supervisors, which outlive the process that started them.

Writes the result of an attempt, even when the disk is full.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import sys
import time
from typing import Any

from .. import secret_files
from ..attempt_folder import AttemptFolder, BadTask
from ..process import processes
from ..work.launch_process import Launch, WaitingProcess
from .orphan_cleanup import OrphanCleanup, make_scratch
from .supervisor import Reserve, Supervisor

RETRY_SECONDS = 2.0
RETRIES = 300


def write_result(
    folder: AttemptFolder, task: dict[str, Any], result: dict[str, Any], reserve: Reserve
) -> None:
    """Write result.json as the last step of an attempt, and wake the dispatcher.

    On a full disk, the reserved space is freed. If that does not help, writing is retried for ten
    minutes.
    """
    result = {"attempt_id": task["attempt_id"], "token": task["token"], **result}
    for _ in range(RETRIES):
        try:
            folder.write_whole("result.json", result)
            break
        except OSError:
            if reserve.release():
                continue
            time.sleep(RETRY_SECONDS)
            with contextlib.suppress(OSError):
                folder.touch_heartbeat()  # the supervisor is still here
    folder.poke(task.get("wake") or "", task["attempt_id"])


RESERVE = Reserve()


def start_supervisor(path: str, *, foreground: bool, is_prepared: bool = False) -> int:
    """Supervise the attempt in the folder `path`. Return the exit status.

    Without `foreground`, a detached process does that, and this one returns once it has begun.
    `is_prepared` states whether this process has imported what notebooks need.
    """
    folder = AttemptFolder(path)
    if folder.has("result.json"):
        return 0
    try:
        task = folder.task()
    except BadTask as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if foreground:
        return _supervise(folder, task, None, 0, is_prepared=is_prepared)
    listen, ready = os.pipe()
    child = fork_into_session()
    if child == 0:
        os.close(listen)
        _release_terminal(folder)
        os._exit(_supervise(folder, task, ready, 0))
    os.close(ready)
    os.waitpid(child, 0)
    with os.fdopen(listen, "rb") as answers:  # the answer comes once runner.json is there
        return 0 if answers.read(1) == b"1" else 3


def fork_into_session() -> int:
    """Fork twice into a new session. Return 0 in the new process.

    The calling process gets the pid of the process in between, which it must reap.
    """
    child = os.fork()
    if child == 0:
        os.setsid()
        # This process in between ends at once, so that the system adopts the supervisor.
        if os.fork():
            os._exit(0)
    return child


def supervise(
    path: str,
    ready: int | None,
    parent: int,
    *,
    is_prepared: bool,
    waiting: WaitingProcess | None = None,
) -> int:
    """Run the supervisor in this fork of `parent`, which cleans up after it.

    "1" is written to the descriptor `ready` once the attempt has a supervisor. `waiting` is a
    process that was started for the work in advance.
    """
    folder = AttemptFolder(path)
    if folder.has("result.json"):
        return _answer(ready)
    task = folder.task()
    _release_terminal(folder)
    return _supervise(folder, task, ready, parent, is_prepared=is_prepared, waiting=waiting)


def _release_terminal(folder: AttemptFolder) -> None:
    """Release the terminal and inherited pipes.

    Redirect errors to the attempt's log.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    trouble = os.open(folder.at("log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for target, source in ((0, nothing), (1, nothing), (2, trouble)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(trouble)
    # A process blocks the unmounting of the file system that contains its working directory.
    os.chdir("/")


def _supervise(
    folder: AttemptFolder,
    task: dict,  # type: ignore[type-arg]
    ready: int | None,
    parent: int,
    *,
    is_prepared: bool = False,
    waiting: WaitingProcess | None = None,
) -> int:
    lock = _lock(folder)
    if lock is None:
        return _answer(ready)
    scratch = waiting.scratch if waiting else _socket_folder(folder, task)
    # The pid in runner.json invites SIGUSR1. The request to stop is in a file, so the signal may be
    # ignored until it has a handler.
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    # No fsync: after a power cut the attempt is lost anyway.
    folder.write_whole("runner.json", runner_identity(scratch))
    _answer(ready)
    guard = OrphanCleanup(task["mark"], scratch)
    guard.trust(parent) if parent else guard.begin()
    # If this raises, the guard is not dismissed and kills what was started.
    if waiting:
        waiting.bind(folder, task)
    launch = waiting or Launch(
        folder, task, scratch, is_watched=bool(parent), is_prepared=is_prepared
    )
    kind: type[Supervisor] = Supervisor
    if task["work"]["kind"] == "functions":
        from .function_worker import WorkerSupervisor

        kind = WorkerSupervisor
    supervisor = kind(folder, task, launch, guard, RESERVE)
    result = supervisor.run()
    secret_files.delete_linked_secrets(folder.path)
    write_result(folder, task, result, RESERVE)
    guard.close()
    supervisor.close()
    if not parent:  # a parent trusts no result from before a restart of the machine
        folder.make_durable("result.json")
    os.close(lock)
    return 0


def _lock(folder: AttemptFolder) -> int | None:
    """Lock the attempt and return the descriptor of the lock.

    Return None if another supervisor runs or has run the attempt.
    """
    # A lock on the folder itself needs no file. The system releases it if the supervisor is killed.
    lock = os.open(folder.path, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    # The attempt of a supervisor that is gone is lost. It must not start again.
    if folder.has("result.json") or folder.has("runner.json"):
        os.close(lock)
        return None
    return lock


def _socket_folder(folder: AttemptFolder, task: dict) -> str:  # type: ignore[type-arg]
    """Return a folder with a short path for the sockets of a notebook, "" for other work."""
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


def runner_identity(scratch: str) -> dict[str, object]:
    """Return the content of runner.json, which identifies this process."""
    own = processes.read_process(os.getpid())
    return {
        "pid": os.getpid(),
        "started": own.started if own else 0.0,
        "host": socket.gethostname(),
        "boot_id": processes.boot_id(),
        "scratch": scratch,
    }
