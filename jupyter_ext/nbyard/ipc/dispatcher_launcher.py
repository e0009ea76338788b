"""Calling the dispatcher: one is started where none lives; the one that does is woken by each
write."""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from nbyard.host.sqlite_locks import is_stopped, writers
from nbyard.settings import Settings
from nbyard.store import Store

LEASE = "dispatcher"
WATCH_SECONDS = 2.0
PATIENCE_SECONDS = 8.0
WAY_SECONDS = 3.0
LOOK_SECONDS = 0.05
SERVERS = ("JPY_", "JUPYTER_TOKEN", "JUPYTERHUB_")


def lives(store: Store) -> bool:
    """Whether a dispatcher seems to hold the lease. Who is called although one does, leaves."""
    with store.read() as c:
        lease = store.leases.get(c, LEASE)
    return lease is not None and lease.seems_held and not is_dead(lease.holder)


def other_settings(store: Store, settings: Settings) -> dict[str, str]:
    """What the dispatcher that lives was started with, by name, where that is not what is set
    here. Nothing is known of one on another machine or of another user."""
    with store.read() as c:
        lease = store.leases.get(c, LEASE)
    if lease is None or not lease.seems_held or is_dead(lease.holder):
        return {}
    return _differing(lease.holder, settings) if lease.holder.startswith(_host()) else {}


@lru_cache(maxsize=8)
def _differing(holder: str, settings: Settings) -> dict[str, str]:
    """Neither changes as long as both live."""
    there, here = _variables(pid_of(holder)), settings.environment()
    words = {name: f"NBYARD_{name.upper()}" for name in settings.of_dispatcher()}
    return {
        n: there[word] for n, word in words.items() if there.get(word, here[word]) != here[word]
    }


def _variables(pid: int) -> dict[str, str]:
    """With which a process was started; none where that cannot be read."""
    try:
        found = Path(f"/proc/{pid}/environ").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return {}
    return {name: value for name, _, value in (one.partition("=") for one in found)}


def pid_of(holder: str) -> int:
    """Of the process, on its own machine."""
    return int(holder.split(":")[1])


def end_stopped(store: Store) -> None:
    """Kill the dispatcher of this store if it was stopped in a write and its lease has run out:
    it would keep SQLite's lock, and everybody from writing, until somebody continues it. As after
    any other kill, what it was writing is undone and the next one goes on."""
    with store.read() as c:
        lease = store.leases.get(c, LEASE)
    if lease is None or lease.seems_held or is_dead(lease.holder):
        return
    pid = pid_of(lease.holder) if lease.holder.startswith(_host()) else 0
    if pid not in writers(store.folder) or not is_stopped(pid):
        return
    _send(lease.holder, signal.SIGKILL)


def make_way(store: Store, settings: Settings) -> None:
    """Before work is asked for: a dispatcher that idles leaves, if it was started with others than
    the settings that are given here. One that has work keeps to its own."""
    if settings.inline_dispatch or not settings.given.intersection(settings.of_dispatcher()):
        return
    end = time.monotonic() + WAY_SECONDS
    while time.monotonic() < end:
        if not settings.given & other_settings(store, settings).keys() or has_work(store):
            return
        with store.read() as c:
            lease = store.leases.get(c, LEASE)
        if lease is not None:
            _send(lease.holder, signal.SIGUSR1)
        time.sleep(LOOK_SECONDS)


def _send(holder: str, number: int) -> None:
    """A signal for a process of this machine."""
    with contextlib.suppress(OSError):  # it may be another user's
        process = os.pidfd_open(pid_of(holder))
        try:
            if not is_dead(holder):  # and nobody has got its pid meanwhile
                signal.pidfd_send_signal(process, number)
        finally:
            os.close(process)


def own_name() -> str:
    """This process as the holder of a lease: `host:pid:when it started`."""
    return f"{_host()}{os.getpid()}:{_started(os.getpid())}"


def _host() -> str:
    return f"{socket.gethostname()}:"


def is_dead(holder: str) -> bool:
    """Certainly dead: a process of this machine that is no more, whoever has its pid now."""
    host, pid, started = [*holder.rsplit(":", 2), "", ""][:3]
    if host != socket.gethostname() or not pid.isdecimal():
        return False
    return _started(int(pid)) != started


def _started(pid: int) -> str:
    """When a living process was started, in ticks since the boot; empty for none."""
    try:
        fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if fields[0] in "ZX" else fields[19]


class Watch:
    """For those who look at a store: work that nobody drives gets a dispatcher. Looks at most
    every two seconds, and ever more seldom while those that it called are not up: on a machine
    that is busy, more of them would only keep each other from it."""

    def __init__(self, store: Store, settings: Settings):
        self._store = store
        self._settings = settings
        self._next = 0.0
        self._pause = WATCH_SECONDS

    def __call__(self) -> None:
        if self._settings.inline_dispatch or time.monotonic() < self._next:
            return
        if not lives(self._store) and self._is_needed():
            call_dispatcher(self._store, self._settings)
            self._pause = min(2 * self._pause, PATIENCE_SECONDS)
        else:
            self._pause = WATCH_SECONDS
        self._next = time.monotonic() + self._pause

    def _is_needed(self) -> bool:
        end_stopped(self._store)
        return has_work(self._store)


def has_work(store: Store) -> bool:
    """Whether anything is under way or waits to be."""
    with store.read() as c:
        return store.has_work(c)


def call_dispatcher(store: Store, settings: Settings) -> None:
    """Return at once; a second dispatcher that is started by accident leaves by itself."""
    if settings.inline_dispatch or lives(store):
        return
    end_stopped(store)
    log = store.folder / "dispatcher.log"
    with log.open("ab") as out, _only_one(store.folder) as lock:
        if lock is None or lives(store):
            return
        # it detaches at once: the process that we wait for is gone in a moment
        subprocess.run(
            [sys.executable, "-m", "nbyard.dispatch", "--detach", "--lock", str(lock)],
            pass_fds=[lock],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            cwd="/",
            env={**_own_environment(), **settings.environment()},
            check=False,
        )


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[int | None]:
    """The descriptor of a lock that a dispatcher keeps from its birth until it has the lease: who
    comes meanwhile starts no other. None where one is young enough to be waited for."""
    lock = os.open(folder / "dispatcher.lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        age = time.time() - os.fstat(lock).st_mtime
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if age < PATIENCE_SECONDS:
                yield None
                return
        os.utime(lock)
        yield lock
    finally:
        os.close(lock)


def _own_environment() -> dict[str, str]:
    """Ours, without what ties a process to a Jupyter server."""
    return {k: v for k, v in os.environ.items() if not k.startswith(SERVERS)}
