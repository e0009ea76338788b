"""Calling the dispatcher: who lives, who is dead, and who is called when."""

import os
import socket
import subprocess
import sys

import pytest

from nbyard import calling
from nbyard.calling import LEASE, Watch, has_work, is_dead, lives, own_name
from nbyard.settings import Settings
from nbyard.store import Store

HERE = socket.gethostname()


@pytest.mark.parametrize(
    ("holder", "dead"),
    [
        (own_name(), False),
        (f"{HERE}:{os.getpid()}:1", True),  # the pid is somebody else's now
        (f"{HERE}:{2**22 + 1}:5", True),
        ("elsewhere:1:1", False),
        ("", False),
        (f"{HERE}:x:1", False),
    ],
)
def test_liveness_is_never_a_bare_pid(holder: str, dead: bool) -> None:
    assert is_dead(holder) is dead


def test_a_zombie_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert is_dead(f"{HERE}:{child.pid}:{0}")
    child.wait()


def test_a_lease_of_a_dead_process_does_not_count(store: Store) -> None:
    assert not lives(store)
    with store.write() as c:
        store.leases.take(c, LEASE, f"{HERE}:{2**22 + 1}:5", 60)
    assert not lives(store)
    with store.write() as c:
        known = store.leases.get(c, LEASE)
        assert known is not None
        store.leases.release(c, known)
        store.leases.take(c, LEASE, own_name(), 60)
    assert lives(store)


def test_a_watch_calls_only_for_work_left_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R8: who merely looks at a store brings its work back to life."""
    calls: list[str] = []
    monkeypatch.setattr(calling, "call_dispatcher", lambda *_: calls.append("called"))
    monkeypatch.setattr(calling, "WATCH_SECONDS", 0.0)
    watch = Watch(store, Settings())
    watch()
    assert not has_work(store) and calls == []
    monkeypatch.setattr(calling, "has_work", lambda _: True)
    watch()
    assert calls == ["called"]
    with store.write() as c:
        store.leases.take(c, LEASE, own_name(), 60)
    watch()
    assert calls == ["called"]
    Watch(store, Settings(inline_dispatch=True))()
    assert calls == ["called"]
