"""The loop: one dispatcher for each store, which leaves when nothing is to be done."""

import os
import socket
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nbyard.calling import LEASE, lives
from nbyard.dispatch.loop import Dispatcher
from nbyard.settings import Settings
from nbyard.store import Store
from nbyard.store.leases import Lease, LeaseLost
from nbyard.testing.bench import Bench

DEAD = f"{socket.gethostname()}:{2**22 + 1}:1"


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    return Settings(store_dir=str(tmp_path / "store"), idle_seconds=0.0, slots=1)


def taken(config: Settings, holder: str) -> Lease:
    store = Store(config.store_path)
    with store.write() as c:
        lease = store.leases.take(c, LEASE, holder, 60)
    store.close()
    assert lease is not None
    return lease


def test_an_idle_dispatcher_leaves(config: Settings) -> None:
    dispatcher = Dispatcher.open(config)
    store = Store(config.store_path)
    assert lives(store)
    dispatcher.run()
    assert not lives(store)
    store.close()


def test_the_second_leaves_at_once(config: Settings) -> None:
    """I13."""
    taken(config, "another-host:1:1")
    with pytest.raises(SystemExit) as left:
        Dispatcher.open(config)
    assert left.value.code == 0


def test_a_killed_one_is_followed_at_once(config: Settings) -> None:
    """R8: nobody waits for the lease of a dead process to run out."""
    before = taken(config, DEAD)
    dispatcher = Dispatcher.open(config)
    store = Store(config.store_path)
    with store.read() as c:
        lease = store.leases.get(c, LEASE)
    assert lease is not None and lease.epoch == before.epoch + 1
    assert lease.holder.split(":")[1] == str(os.getpid())
    dispatcher.run()
    store.close()


def test_stop_leaves_and_gives_the_lease_back(config: Settings) -> None:
    config.idle_seconds = 1000.0
    dispatcher = Dispatcher.open(config)
    thread = threading.Thread(target=dispatcher.run)
    thread.start()
    dispatcher.stop()
    thread.join(20)
    assert not thread.is_alive()
    store = Store(config.store_path)
    assert not lives(store)
    store.close()


def test_whoever_lost_the_lease_says_so(bench: Bench) -> None:
    bench.submit({"a": []})
    former = bench.replace_dispatcher()
    with pytest.raises(LeaseLost):
        former.tick()


def test_nobody_leaves_while_work_waits(bench: Bench) -> None:
    """The idle exit looks again in the transaction that gives the lease back."""
    run = bench.submit({"a": []})
    assert not bench.dispatcher._leave()
    bench.cancel(run)
    bench.until(lambda: bench.run(run).state == "cancelled")
    assert bench.dispatcher._leave()
    with bench.store.read() as c:
        lease = bench.store.leases.get(c, LEASE)
    assert lease is not None and lease.until < datetime.now(UTC)


def test_a_round_that_fails_is_no_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(bench.dispatcher._runs, "tick", refuse)
    assert bench.dispatcher.tick()
    assert "this round failed" in caplog.text
    monkeypatch.undo()
    assert not bench.dispatcher.tick()
