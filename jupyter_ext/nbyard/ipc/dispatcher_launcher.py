"""Starts the dispatcher of a store if none is running. A running one is woken by each write."""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from functools import lru_cache
from pathlib import Path

from nbyard.host.sqlite_locks import blocking_pids, is_stopped
from nbyard.settings import Settings
from nbyard.store import Store

LEASE = "dispatcher"
WATCH_SECONDS = 2.0
PATIENCE_SECONDS = 8.0
WAY_SECONDS = 3.0
LOOK_SECONDS = 0.05
SERVERS = ("JPY_", "JUPYTER_TOKEN", "JUPYTERHUB_")


def has_dispatcher(store: Store) -> bool:
    """Return whether a dispatcher seems to hold the lease.

    A second one would exit by itself.
    """
    with store.read() as c:
        lease = store.leases.get(c, LEASE)
    return lease is not None and lease.seems_held and not is_dead(lease.holder)


def other_settings(store: Store, settings: Settings) -> dict[str, str]:
    """Return the settings of the running dispatcher that differ from these, by name.

    The result is empty for a dispatcher on another machine or of another user, whose settings
    cannot be read.
    """
    with store.read() as c:
        lease = store.leases.get(c, LEASE)
    if lease is None or not lease.seems_held or is_dead(lease.holder):
        return {}
    return _differing_settings(lease.holder, settings) if lease.holder.startswith(_host()) else {}


@lru_cache(maxsize=8)
def _differing_settings(holder: str, settings: Settings) -> dict[str, str]:
    """Return the differing settings of a dispatcher's process.

    They do not change while it lives.
    """
    try:
        environ = Path(f"/proc/{pid_of(holder)}/environ").read_bytes().decode("utf-8", "replace")
    except OSError:
        return {}
    there = {
        name: value for name, _, value in (entry.partition("=") for entry in environ.split("\0"))
    }
    here = settings.environment()
    variables = {name: f"NBYARD_{name.upper()}" for name in settings.of_dispatcher()}
    return {
        n: there[word] for n, word in variables.items() if there.get(word, here[word]) != here[word]
    }


def pid_of(holder: str) -> int:
    """Return the pid of a lease's holder, on the holder's machine."""
    return int(holder.split(":")[1])


def kill_stopped_dispatcher(store: Store) -> None:
    """Kill a dispatcher that was suspended during a write, once its lease has expired.

    It would otherwise keep SQLite's lock, and block all writers until it continues. As after any
    other kill, its write is rolled back, and the next dispatcher takes over.
    """
    with store.read() as c:
        lease = store.leases.get(c, LEASE)
    if lease is None or lease.seems_held or is_dead(lease.holder):
        return
    pid = pid_of(lease.holder) if lease.holder.startswith(_host()) else 0
    if pid not in blocking_pids(store.folder) or not is_stopped(pid):
        return
    _send(lease.holder, signal.SIGKILL)


def retire_idle_dispatcher(store: Store, settings: Settings) -> None:
    """Request the exit of an idle dispatcher with other settings.

    Call this before work is stored. A dispatcher that has work keeps its settings.
    """
    if settings.inline_dispatch or not settings.given.intersection(settings.of_dispatcher()):
        return
    end = time.monotonic() + WAY_SECONDS
    while time.monotonic() < end:
        if not settings.given & other_settings(store, settings).keys() or is_busy(store):
            return
        with store.read() as c:
            lease = store.leases.get(c, LEASE)
        if lease is not None:
            _send(lease.holder, signal.SIGUSR1)
        time.sleep(LOOK_SECONDS)


def replace_dispatcher(store: Store) -> None:
    """Request the exit of a dispatcher of this machine, which may have work.

    The next one has the code and the settings of this process, and adopts running attempts.
    """
    with store.read() as c:
        lease = store.leases.get(c, LEASE)
    if lease is not None and lease.holder.startswith(_host()):
        _send(lease.holder, signal.SIGTERM)


def _send(holder: str, number: int) -> None:
    """Send a signal to the holder of a lease, which must be a process of this machine."""
    with contextlib.suppress(OSError):  # it may belong to another user
        # The descriptor pins the process, so the signal cannot hit a reused pid.
        process = os.pidfd_open(pid_of(holder))
        try:
            if not is_dead(holder):  # and no other process got its pid meanwhile
                signal.pidfd_send_signal(process, number)
        finally:
            os.close(process)


def own_name() -> str:
    """Return the name of this process as a lease's holder: `HOST:PID:START_TIME`."""
    return f"{_host()}{os.getpid()}:{start_time(os.getpid())}"


def _host() -> str:
    return f"{socket.gethostname()}:"


def is_dead(holder: str) -> bool:
    """Return whether a lease's holder was a process of this machine that no longer runs.

    The start time shows whether another process has its pid now.
    """
    host, pid, started = [*holder.rsplit(":", 2), "", ""][:3]
    if host != socket.gethostname() or not pid.isdecimal():
        return False
    return start_time(int(pid)) != started


def start_time(pid: int) -> str:
    """Return the start time of a living process in ticks since boot, "" if there is none."""
    try:
        # The name of the program may contain spaces and brackets. After it, `starttime` (field 22
        # of proc(5)) is the 20th.
        fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    # A zombie still has a pid but does no work.
    return "" if fields[0] in "ZX" else fields[19]


class DispatcherWatch:
    """Starts a dispatcher when a store has work, or a clean-up to finish, but no dispatcher.

    Calls check this at most every two seconds. They check less often while a started dispatcher is
    not ready: more of them would slow a busy machine down.
    """

    def __init__(self, store: Store, settings: Settings):
        self._store = store
        self._settings = settings
        self._next = 0.0
        self._pause = WATCH_SECONDS

    def __call__(self) -> None:
        if self._settings.inline_dispatch or time.monotonic() < self._next:
            return
        if not has_dispatcher(self._store) and self._is_needed():
            ensure_dispatcher(self._store, self._settings)
            # A started dispatcher needs time on a busy machine.
            self._pause = min(2 * self._pause, PATIENCE_SECONDS)
        else:
            self._pause = WATCH_SECONDS
        self._next = time.monotonic() + self._pause

    def _is_needed(self) -> bool:
        kill_stopped_dispatcher(self._store)
        with self._store.read() as c:
            lease = self._store.leases.get(c, LEASE)
        # A lease that is not released: its dispatcher was killed. It may have stored the result of
        # an attempt, but not yet removed the attempt's container.
        return has_work(self._store) or (lease is not None and not lease.is_free)


def is_busy(store: Store) -> bool:
    """Return whether any work is running or waiting in the store."""
    with store.read() as c:
        return store.is_busy(c)


def has_work(store: Store) -> bool:
    """Return whether any work is running or waiting, or an automation is enabled."""
    with store.read() as c:
        return store.has_work(c)


def ensure_dispatcher(store: Store, settings: Settings) -> None:
    """Start a dispatcher unless one is running, without waiting until it is ready.

    If two are started at the same time, one exits by itself.
    """
    if settings.inline_dispatch or has_dispatcher(store):
        return
    kill_stopped_dispatcher(store)
    log = store.folder / "dispatcher.log"
    # Variables that tie a process to a Jupyter server are left out.
    own = {k: v for k, v in os.environ.items() if not k.startswith(SERVERS)}
    with log.open("ab") as out:
        # The new dispatcher keeps this lock until it has the lease, so no second one starts.
        lock = os.open(store.folder / "dispatcher.lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            age = time.time() - os.fstat(lock).st_mtime
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if age < PATIENCE_SECONDS:
                    return  # another dispatcher is starting, and worth waiting for
            # The mtime shows other processes how long this start has been running.
            os.utime(lock)
            if has_dispatcher(store):
                return
            # the process detaches at once, so this call returns quickly
            subprocess.run(
                [sys.executable, "-m", "nbyard.dispatch", "--detach", "--lock", str(lock)],
                pass_fds=[lock],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                # The dispatcher must not keep the caller's folder in use. `python -m` also imports
                # from the working folder, where a file could hide a module.
                cwd="/",
                env={**own, **settings.environment()},
                check=False,
            )
        finally:
            os.close(lock)
