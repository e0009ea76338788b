"""The dispatcher's process: detached at once, ended by a signal, gone when idle."""

import os
import signal
import subprocess
import sys
import time

import pytest

from nbyard.ipc.dispatcher_launcher import LEASE, has_dispatcher, is_dead, retire_idle_dispatcher
from nbyard.settings import Settings
from nbyard.store import Store
from nbyard.testing.conformance.runtimes import wait_until

PATIENCE_SECONDS = 30.0


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    return {**os.environ, "NBYARD_STORE_DIR": str(tmp_path / "store"), "NBYARD_IDLE_SECONDS": "600"}


def holder(store: Store) -> str:
    wait_until(lambda: has_dispatcher(store))
    with store.read() as c:
        lease = store.leases.get(c, LEASE)
    assert lease is not None
    return lease.holder


def test_the_dispatcher_detaches_and_stops_on_sigterm(tmp_path, environment):
    """It has a session of its own and is no child of its caller."""
    words = [sys.executable, "-m", "nbyard.dispatch", "--detach"]
    subprocess.run(words, env=environment, check=True, timeout=PATIENCE_SECONDS)
    store = Store(tmp_path / "store")
    name = holder(store)
    pid = int(name.split(":")[1])
    assert os.getsid(pid) != os.getsid(0)
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: is_dead(name))
    store.close()


def test_the_dispatcher_yields_to_one_with_other_settings(tmp_path, environment):
    """Otherwise, it would stay for ten minutes."""
    words = [sys.executable, "-m", "nbyard.dispatch", "--detach"]
    subprocess.run(words, env=environment, check=True, timeout=PATIENCE_SECONDS)
    store = Store(tmp_path / "store")
    name = holder(store)
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_dead(name) and time.monotonic() < end:
        retire_idle_dispatcher(
            store, Settings(store_dir=str(tmp_path / "store"), idle_seconds=60.0)
        )
    assert is_dead(name) and not has_dispatcher(store)
    with store.read() as c:
        lease = store.leases.get(c, LEASE)
    assert lease is not None and lease.is_free, "it has left by itself"
    store.close()
