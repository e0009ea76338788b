"""Calling the dispatcher: wake the one that lives, start one where none does."""

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from nbyard.settings import Settings
from nbyard.store import Store

LEASE = "dispatcher"


def lives(store: Store) -> bool:
    """Whether a dispatcher holds the lease now."""
    with store.read() as c:
        lease = store.leases.get(c, LEASE)
    return lease is not None and lease.until > datetime.now(UTC) and not is_dead(lease.holder)


def is_dead(holder: str) -> bool:
    """Certainly dead: a process of this machine that is no more. A holder is `host:pid`."""
    host, _, pid = holder.rpartition(":")
    if host != socket.gethostname() or not pid.isdecimal():
        return False
    try:
        state = (Path("/proc") / pid / "stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in "ZX"


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
    return {k: v for k, v in os.environ.items() if not k.startswith(("JPY_", "JUPYTER_TOKEN"))}
