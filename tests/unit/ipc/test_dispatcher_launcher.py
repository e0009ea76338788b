"""A dispatcher runs when it is needed."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nbyard.host.sqlite_locks import is_stopped
from nbyard.ipc import dispatcher_launcher
from nbyard.ipc.dispatcher_launcher import (
    LEASE,
    DispatcherWatch,
    ensure_dispatcher,
    has_dispatcher,
    is_dead,
    kill_stopped_dispatcher,
    other_settings,
    own_name,
    replace_dispatcher,
    retire_idle_dispatcher,
)
from nbyard.settings import Settings
from nbyard.store import Store
from nbyard.testing.conformance.runtimes import wait_until

pytestmark = pytest.mark.slow


def test_a_holder_is_dead_after_its_process_ends():
    assert not is_dead(own_name())
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host, _, rest = own_name().partition(":")
    assert is_dead(f"{host}:{ended.pid}:{rest.partition(':')[2]}")
    assert is_dead(own_name() + "0")
    assert not is_dead(f"elsewhere:{os.getpid()}:1")
    assert not is_dead("nonsense")


def test_a_new_store_has_no_dispatcher(store):
    assert not has_dispatcher(store)


@pytest.mark.leaves_running
def test_a_dispatcher_is_started_and_exits_when_idle(tmp_path):
    settings = Settings(store_dir=str(tmp_path / "store"), idle_seconds=30.0)
    store = Store(settings.store_path)
    ensure_dispatcher(store, settings)
    ensure_dispatcher(store, settings)
    wait_until(lambda: has_dispatcher(store))
    end = time.monotonic() + 90
    while has_dispatcher(store):  # where the first is killed too early, the second takes its place
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


@pytest.fixture
def started(monkeypatch) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Processes in the place of dispatchers: they have their lock until they are ended."""
    found: list[subprocess.Popen[bytes]] = []

    def run(words: list[str], *, pass_fds: list[int], **_: object) -> None:
        assert words[-2:] == ["--lock", str(pass_fds[0])]
        found.append(subprocess.Popen(["sleep", "600"], pass_fds=pass_fds))

    monkeypatch.setattr("nbyard.ipc.dispatcher_launcher.subprocess.run", run)
    yield found
    for one in found:
        end(one)


def end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()


def test_many_requests_start_one_dispatcher(store, started):
    """There are fifty requests at once, and another one during the start."""
    settings = Settings(store_dir=str(store.folder))
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: ensure_dispatcher(store, settings), range(50)))
    ensure_dispatcher(store, settings)
    assert len(started) == 1
    end(started[0])  # it died, or has the lease
    ensure_dispatcher(store, settings)
    assert len(started) == 2


def test_a_dispatcher_that_does_not_start_is_not_awaited(store, started):
    """It may have been stopped before it had the lease. Later calls start another one."""
    settings = Settings(store_dir=str(store.folder))
    ensure_dispatcher(store, settings)
    long_ago = time.time() - dispatcher_launcher.PATIENCE_SECONDS
    os.utime(store.folder / "dispatcher.lock", (long_ago, long_ago))
    ensure_dispatcher(store, settings)
    ensure_dispatcher(store, settings)
    assert len(started) == 2


@contextlib.contextmanager
def living(words: list[str], variables: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A process whose variables can be read; the kernel shows none until its program is loaded."""
    told = {"PATH": os.environ["PATH"], **variables}
    with subprocess.Popen(words, stdin=subprocess.PIPE, env=told) as process:
        try:
            while not Path(f"/proc/{process.pid}/environ").read_bytes():
                time.sleep(0.001)
            yield process
        finally:
            process.kill()


@contextlib.contextmanager
def dispatcher(store: Store, variables: dict[str, str]) -> Iterator[str]:
    """Its name: a process with the lease that was started with these variables."""
    with living(["sleep", "600"], variables) as process:
        host = own_name().partition(":")[0]
        holder = f"{host}:{process.pid}:{dispatcher_launcher.start_time(process.pid)}"
        with store.write() as c:
            lease = store.leases.take(c, LEASE, holder, 60)
        assert lease
        yield holder
    with store.write() as c:
        store.leases.release(c, lease)


def test_settings_of_the_running_dispatcher_are_known(store):
    """They may differ from the settings of this process."""
    here = Settings(slots=2, gpus=["0"], default_runtime="docker")
    there = Settings(slots=4, gpus=["0"], default_runtime="process").environment()
    assert other_settings(store, here) == {}
    with dispatcher(store, there):
        assert other_settings(store, here) == {"slots": "4"}
    with dispatcher(store, {}):
        assert other_settings(store, here) == {}


def test_settings_of_a_remote_dispatcher_are_unknown(store):
    with store.write() as c:
        assert store.leases.take(c, LEASE, f"elsewhere:{os.getpid()}:1", 60)
    assert other_settings(store, Settings(slots=2)) == {}


@contextlib.contextmanager
def idling(store: Store, there: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    """In the place of a dispatcher with these settings: it ends when it is asked to make way."""
    with living(["sleep", "600"], there.environment()) as process:
        host = own_name().partition(":")[0]
        with store.write() as c:
            holder = f"{host}:{process.pid}:{dispatcher_launcher.start_time(process.pid)}"
            assert store.leases.take(c, LEASE, holder, 60, store.leases.get(c, LEASE))
        yield process


def test_an_idle_dispatcher_with_other_settings_is_replaced(store):
    """The next dispatcher has the new settings."""
    here, there = Settings(dask_address="tcp://here:1"), Settings(slots=7, gpus=[])
    with idling(store, there) as process:
        retire_idle_dispatcher(store, here)
        assert process.wait(10) == -signal.SIGUSR1
        assert not has_dispatcher(store)


@pytest.mark.parametrize(
    ("here", "is_busy"),
    [
        pytest.param(Settings(slots=7), False, id="the same"),
        pytest.param(Settings(), False, id="nothing is given here"),
        pytest.param(Settings(slots=2, inline_dispatch=True), False, id="none is wanted"),
        pytest.param(Settings(slots=2), True, id="it has work"),
    ],
)
def test_other_dispatchers_keep_running(store, monkeypatch, here, is_busy):
    monkeypatch.setattr(dispatcher_launcher, "is_busy", lambda store: is_busy)
    with idling(store, Settings(slots=7, gpus=[])) as process:
        retire_idle_dispatcher(store, here)
        assert process.poll() is None and has_dispatcher(store)


def test_a_dispatcher_with_work_is_replaced_on_request(store):
    with idling(store, Settings()) as process:
        replace_dispatcher(store)
        assert process.wait(10) == -signal.SIGTERM
    replace_dispatcher(store)  # there is none


def test_a_dispatcher_that_does_not_exit_is_not_awaited(store, monkeypatch):
    """Such as one of another user, or one that was stopped."""
    monkeypatch.setattr(dispatcher_launcher, "WAY_SECONDS", 0.2)
    monkeypatch.setattr(dispatcher_launcher, "_send", lambda *_: None)
    with idling(store, Settings(slots=7, gpus=[])):
        retire_idle_dispatcher(store, Settings(slots=2))
        assert has_dispatcher(store)


def test_inline_dispatch_starts_no_process(store):
    ensure_dispatcher(store, Settings(store_dir=str(store.folder), inline_dispatch=True))
    assert not (store.folder / "dispatcher.log").exists()


WRITER = """
import fcntl, sys
file = open(sys.argv[1] + "/write.lock", "a")
sys.stdin.readline()
fcntl.flock(file, fcntl.LOCK_EX)
print(flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def stopped_writer(store: Store, seconds: float, started: str = "") -> Iterator[subprocess.Popen]:
    """A process with this store's lease, for so long, that was stopped while it wrote."""
    words = [sys.executable, "-c", WRITER, str(store.folder)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        host = own_name().partition(":")[0]
        with store.write() as c:
            holder = (
                f"{host}:{process.pid}:{started or dispatcher_launcher.start_time(process.pid)}"
            )
            assert store.leases.take(c, LEASE, holder, seconds, store.leases.get(c, LEASE))
        assert process.stdin and process.stdout
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        yield process
        process.kill()


def test_a_dispatcher_stopped_in_a_write_is_killed(store, started):
    """Any process kills it after its lease, even without work."""
    with stopped_writer(store, -1) as process:
        DispatcherWatch(store, Settings(store_dir=str(store.folder)))()
        assert process.wait(10) == -signal.SIGKILL
    with store.write():
        pass


@pytest.mark.parametrize("is_released", [True, False])
def test_a_killed_dispatcher_is_replaced(store, started, is_released):
    """It may have left a container, even without work."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host, _, rest = own_name().partition(":")
    with store.write() as c:
        holder = f"{host}:{ended.pid}:{rest.partition(':')[2]}"
        lease = store.leases.take(c, LEASE, holder, 3600)
        assert lease is not None
        if is_released:
            store.leases.release(c, lease)
    DispatcherWatch(store, Settings(store_dir=str(store.folder)))()
    assert len(started) == (not is_released)


def test_no_other_process_is_killed(store):
    """Not a running one, one with a valid lease, or another program with its PID."""
    with stopped_writer(store, 60) as process:
        kill_stopped_dispatcher(store)
        assert is_stopped(process.pid)
    with store.write() as c:
        lease = store.leases.get(c, LEASE)
        assert lease is not None
        store.leases.release(c, lease)
    with stopped_writer(store, -1, started="1") as process:
        kill_stopped_dispatcher(store)
        assert is_stopped(process.pid)
    with stopped_writer(store, -1) as process:
        process.send_signal(signal.SIGCONT)
        os.waitpid(process.pid, os.WCONTINUED)
        kill_stopped_dispatcher(store)
        assert process.poll() is None


def test_a_busy_machine_is_not_filled_with_dispatchers(store, monkeypatch):
    """A started dispatcher may need long. A running one is still checked."""
    now, called, up = [0.0], [], [False]
    monkeypatch.setattr("nbyard.ipc.dispatcher_launcher.time.monotonic", lambda: now[0])
    monkeypatch.setattr(dispatcher_launcher, "has_work", lambda store: True)
    monkeypatch.setattr(dispatcher_launcher, "has_dispatcher", lambda store: up[0])
    monkeypatch.setattr(dispatcher_launcher, "ensure_dispatcher", lambda *_: called.append(now[0]))
    watch = DispatcherWatch(store, Settings(store_dir=str(store.folder)))
    for second in range(1, 31):
        now[0], up[0] = float(second), second in (29, 30)
        watch()
    assert called == [1, 5, 13, 21]
    now[0] = 31.0
    up[0] = False
    watch()
    assert called[-1] == 31
