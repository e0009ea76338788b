"""Calling the dispatcher: wake the one that lives, start one where none does."""

import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from nbyard.settings import Settings
from nbyard.store import Store

LEASE = "dispatcher"
WATCH_SECONDS = 2.0
SERVERS = ("JPY_", "JUPYTER_TOKEN", "JUPYTERHUB_")


def lives(store: Store) -> bool:
    """Whether a dispatcher holds the lease now."""
    with store.read() as c:
        lease = store.leases.get(c, LEASE)
    return lease is not None and lease.until > datetime.now(UTC) and not is_dead(lease.holder)


def own_name() -> str:
    """This process as the holder of a lease: `host:pid:when it started`."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


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
    every two seconds."""

    def __init__(self, store: Store, settings: Settings):
        self._store = store
        self._settings = settings
        self._next = 0.0

    def __call__(self) -> None:
        if self._settings.inline_dispatch or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + WATCH_SECONDS
        if has_work(self._store) and not lives(self._store):
            call_dispatcher(self._store, self._settings)


def has_work(store: Store) -> bool:
    """Whether anything is under way or waits to be."""
    with store.read() as c:
        return bool(store.runs.live(c) or store.datasets.importing(c))


def call_dispatcher(store: Store, settings: Settings) -> None:
    """Return at once; a second dispatcher that is started by accident leaves by itself."""
    store.poke()
    if settings.inline_dispatch or lives(store):
        return
    log = store.folder / "dispatcher.log"
    with log.open("ab") as out:
        # it detaches at once: the process that we wait for is gone in a moment
        subprocess.run(
            [sys.executable, "-m", "nbyard.dispatch", "--detach"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            cwd="/",
            env={**_own_environment(), **settings.environment()},
            check=False,
        )


def _own_environment() -> dict[str, str]:
    """Ours, without what ties a process to a Jupyter server."""
    return {k: v for k, v in os.environ.items() if not k.startswith(SERVERS)}
