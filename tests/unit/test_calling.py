"""R1: a dispatcher is there when it is needed."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from nbyard.calling import LEASE, call_dispatcher, is_dead, lives, own_name
from nbyard.settings import Settings
from nbyard.store import Store


def test_a_living_holder_is_not_dead_and_an_ended_one_is():
    assert not is_dead(own_name())
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host, _, rest = own_name().partition(":")
    assert is_dead(f"{host}:{ended.pid}:{rest.partition(':')[2]}")
    assert is_dead(own_name() + "0")
    assert not is_dead(f"elsewhere:{os.getpid()}:1")
    assert not is_dead("nonsense")


def test_nobody_lives_in_a_new_store(store: Store):
    assert not lives(store)


@pytest.mark.leaves_running
def test_one_dispatcher_is_started_and_leaves_when_idle(tmp_path):
    settings = Settings(store_dir=str(tmp_path / "store"), idle_seconds=30.0)
    store = Store(settings.store_path)
    call_dispatcher(store, settings)
    call_dispatcher(store, settings)
    end = time.monotonic() + 30
    while not lives(store):
        assert time.monotonic() < end
        time.sleep(0.05)
    while lives(store):  # where the first is killed too early, the second takes its place
        assert time.monotonic() < end
        with store.read() as c:
            lease = store.leases.get(c, LEASE)
        if lease is not None and lease.until > datetime.now(UTC):
            pid = int(lease.holder.split(":")[1])
            assert pid != os.getpid()
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        time.sleep(0.1)
    store.close()


def test_inline_dispatch_starts_nobody(store: Store):
    call_dispatcher(store, Settings(store_dir=str(store.folder), inline_dispatch=True))
    assert not (store.folder / "dispatcher.log").exists()
