"""Processes: found by descent and by mark, and ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from nbyard.runner.process import processes
from nbyard.testing.conformance.runtimes import wait_until

MARK = f"test-{os.getpid()}"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen]:
    child = subprocess.Popen(["sleep", "1000"], env={"NBYARD_MARK": MARK, "NBYARD_STORE": "s"})
    yield child
    child.kill()
    child.wait()


def test_a_process_is_described() -> None:
    own = processes.read_process(os.getpid())
    assert own is not None and own.parent == os.getppid() and own.rss_bytes > 1_000_000
    again = processes.read_process(os.getpid())
    assert again is not None
    assert own == again._replace(rss_bytes=own.rss_bytes, cpu_seconds=own.cpu_seconds)
    assert processes.read_process(2**22 + 1) is None


def test_dead_processes_are_not_listed(sleeper: subprocess.Popen) -> None:
    assert sleeper.pid in processes.process_table()
    sleeper.kill()
    wait_until(lambda: processes.read_process(sleeper.pid) is None)
    assert sleeper.pid not in processes.process_table()


def test_files_that_are_not_kept_are_closed() -> None:
    ends = [end for _ in range(3) for end in os.pipe()]
    kept = (ends[0], ends[3])
    child = os.fork()
    if child == 0:
        processes.keep_only(*kept)
        found = {int(name) for name in os.listdir("/proc/self/fd")}
        os._exit(found & set(ends) != set(kept) or not found >= {0, 1, 2})
    for end in ends:
        os.close(end)
    assert os.waitpid(child, 0)[1] == 0


def test_children_are_detected(sleeper: subprocess.Popen) -> None:
    assert processes.has_children()
    child = os.fork()
    if child == 0:
        os._exit(processes.has_children())
    assert os.waitpid(child, 0)[1] == 0


def test_descendants(sleeper: subprocess.Popen) -> None:
    shell = subprocess.Popen(["sh", "-c", "sleep 1000 & wait"])
    wait_until(lambda: len(processes.descendants(shell.pid, processes.process_table())) == 1)
    found = processes.descendants(os.getpid(), processes.process_table())
    assert {shell.pid, sleeper.pid} <= found and os.getpid() not in found
    processes.send_signal(
        processes.descendants(shell.pid, processes.process_table()), signal.SIGKILL
    )
    shell.wait()


def test_marks(sleeper: subprocess.Popen) -> None:
    pids = processes.process_table().keys()
    wait_until(lambda: processes.processes_with_mark(MARK, pids) == {sleeper.pid})
    assert processes.variables_of(sleeper.pid) == {"NBYARD_MARK": MARK, "NBYARD_STORE": "s"}
    assert processes.variables_of(2**22 + 1) == {}


def test_killing_by_mark_spares_named_processes(sleeper: subprocess.Popen) -> None:
    wait_until(lambda: bool(processes.processes_with_mark(MARK, [sleeper.pid])))
    assert processes.kill_tree(None, MARK, {sleeper.pid}) == 0
    assert sleeper.poll() is None
    assert processes.kill_tree(None, MARK, set()) == 1
    assert sleeper.wait() == -signal.SIGKILL


def test_forking_processes_are_killed() -> None:
    """A process is stopped before it is killed, because a stopped one cannot fork.

    A chain of daemons, each of which starts the next, is bounded.
    """
    chain = (
        "import os, time\n"
        "for _ in range(60):\n"
        "    if os.fork():\n"
        "        time.sleep(0.05)\n"
        "        os._exit(0)\n"
        "    os.setsid()\n"
        "    time.sleep(0.02)\n"
        "time.sleep(60)\n"
    )
    environment = {**os.environ, "NBYARD_MARK": MARK}
    child = subprocess.Popen([sys.executable, "-c", chain], env=environment)
    child.wait()
    wait_until(lambda: bool(processes.processes_with_mark(MARK, processes.process_table())))
    assert processes.kill_tree(None, MARK, set()) >= 1
    wait_until(lambda: not processes.processes_with_mark(MARK, processes.process_table()))


def test_memory_is_counted_once() -> None:
    used = processes.memory_bytes([os.getpid()])
    own = processes.read_process(os.getpid())
    assert own is not None and 1_000_000 < used <= own.rss_bytes * 1.1
    assert processes.memory_bytes([2**22 + 1]) == 0


def test_without_proc_nothing_is_known(
    sleeper: subprocess.Popen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """macOS: the same answers from ps."""
    monkeypatch.setattr(processes, "HAS_PROC", False)
    found = processes.read_process(sleeper.pid)
    assert found is not None and found.parent == os.getpid()
    assert abs(found.started - time.time()) < 100
    assert sleeper.pid in processes.descendants(os.getpid(), processes.process_table())
