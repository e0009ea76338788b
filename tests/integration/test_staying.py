"""A supervisor and its runner serve one notebook after another, each with a new kernel.

No state passes between notebooks, and unusual work ends both processes."""

import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from nbyard.reasons.structs import because
from nbyard.runner.prefork.warm_runner import MOST_ATTEMPTS
from nbyard.runtimes.process import ProcessRuntime
from nbyard.runtimes.protocol import Order
from nbyard.runtimes.supervisor_parents import NO_ATTEMPT, Parents
from nbyard.testing.conformance.runtimes import STORE, finish, wait_until

from .attempts import log_of, place_notebook, printed, result_of, supervisor_pid

LOOK = """
import gc, json, os, random, signal, sys, threading, uuid
files = {os.readlink(f"/proc/self/fd/{n}").split(":")[0] for n in os.listdir("/proc/self/fd")
         if os.path.exists(f"/proc/self/fd/{n}")}
held = [s for one in gc.get_objects() if isinstance(one, (dict, list, tuple))
        for s in (list(one.values()) if isinstance(one, dict) else one)
        if type(s) in (str, bytes) and (b"left by" if type(s) is bytes else "left by")
        + (b" the first" if type(s) is bytes else " the first") in s]
print(json.dumps({
    "environ": {k: v for k, v in os.environ.items() if "first" in k.lower() or "first" in v},
    "files": sorted(files), "held": [str(s)[:80] for s in held], "path": sys.path,
    "modules": [n for n in ("colorsys", "wave") if n in sys.modules], "umask": os.umask(0o22),
    "threads": threading.active_count(), "signal": str(signal.getsignal(signal.SIGUSR1)),
    "drawn": [random.random(), str(uuid.uuid4())], "ran": len(In), "cwd": os.getcwd(),
    "limits": os.nice(0), "hash": hash("nbyard"), "blocking": os.get_blocking(1)}))
"""
MESS = """
import os, sys, random, signal, colorsys, builtins, threading, resource
os.environ["FIRST"] = "left by the first"
open("left", "w").write("left by the first")
kept = open("left")
sys.path.append("/left by the first")
random.seed(1); os.umask(0); os.nice(5); os.chdir("/"); builtins.first = 1
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
threading.Thread(target=threading.Event().wait, daemon=True).start()
os.set_blocking(1, False)
print("left by the first"); [str(n) + "left by the first" for n in range(1000)]
"""


class Yard:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parents = Parents(ready_kernels=1, ready_bytes=1 << 30)
        self.runtime = ProcessRuntime(parents=self._parents)
        self.runtime.open(STORE)

    def place(self, *sources: str, **more: Any) -> Order:
        return place_notebook(self._folder, *sources, **more)

    def run(self, *sources: str, **more: Any) -> Order:
        order = self.place(*sources, **more)
        self.runtime.start(order)
        finish(self.runtime, order)
        return order

    def standing(self) -> list[psutil.Process]:
        """Return complete supervisors that wait."""
        found = []
        for one in psutil.Process(self._parents.of_notebooks.pid).children():
            try:
                waits = one.environ().get("NBYARD_ATTEMPT_ID") == NO_ATTEMPT
                below = one.children(recursive=True)
                if waits and len(below) == 2 and below[1].num_threads() > 1:
                    found.append(one)
            except psutil.Error:
                continue
        return found

    def warm_up(self) -> psutil.Process:
        """Run one notebook; return its supervisor when it waits again. Others exit."""
        self.run("1")
        served = self.run("1")
        one = psutil.Process(supervisor_pid(served))
        self.leave_alone(one)
        return one

    def leave_alone(self, one: psutil.Process) -> None:
        """Wait until the supervisor is idle, and kill all others."""
        wait_until(lambda: self.is_back(one))
        parent = psutil.Process(self._parents.of_notebooks.pid)
        for other in parent.children():
            if other != one:
                other.kill()
        wait_until(lambda: self.is_back(one) and len(self.folders()) == 1)

    def folders(self) -> list[Path]:
        """Return the private folders of waiting supervisors."""
        return list(Path(os.environ["TMPDIR"]).glob("nby-*"))

    def is_back(self, one: psutil.Process) -> bool:
        return one.is_running() and one in self.standing()

    def close(self) -> None:
        self._parents.close()


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    made = Yard(tmp_path)
    yield made
    made.close()


def served_by(yard: Yard, one: psutil.Process, *sources: str, **more: Any) -> Order:
    """Run a notebook with this supervisor, which was busy last and is ready."""
    yard.leave_alone(one)
    order = yard.run(*sources, **more)
    assert supervisor_pid(order) == one.pid
    return order


def test_notebook_sees_no_state_of_the_one_before(yard: Yard) -> None:
    """State, variables, directory, files, modules and random streams are new, and so is the
    kernel."""
    one = yard.warm_up()
    clean = printed(served_by(yard, one, LOOK, LOOK))
    served_by(yard, one, MESS, environment={"NBYARD_FIRST": "left by the first"})
    after = printed(served_by(yard, one, LOOK, LOOK))
    assert after["held"] == [] and after["environ"] == {} and after["modules"] == []
    assert after["drawn"] != clean["drawn"] and after["cwd"] != clean["cwd"]
    for known in (clean, after):
        known["path"] = [place for place in known["path"] if place not in ("", known["cwd"])]
        del known["drawn"], known["cwd"]
    assert after == clean


def test_process_environment_shows_the_current_attempt_only(yard: Yard) -> None:
    """The environment in /proc shows the attempt while it runs, and none while the supervisor is
    idle."""
    one = yard.warm_up()
    tell = "import os; pids = [os.getpid(), os.getppid(), os.getpgid(0)]\n"
    tell += "words = [open(f'/proc/{p}/environ', 'rb').read() for p in pids[:2]]\n"
    tell += "mark, own = os.environ['NBYARD_MARK'], os.environ['NBYARD_ATTEMPT_ID']\n"
    tell += "print(str([all(x.encode() in w for w in words) for x in (mark, own)]).lower())"
    for _ in range(2):
        assert printed(served_by(yard, one, tell)) == [True, True]
        wait_until(lambda: yard.is_back(one))
        for process in (one, *one.children(recursive=True)):
            assert process.environ()["NBYARD_ATTEMPT_ID"] == NO_ATTEMPT
            assert set(process.environ()["NBYARD_MARK"]) == {"-"}
            assert process.cwd() == "/"


def test_each_attempt_has_its_own_log_and_usage(yard: Yard) -> None:
    one = yard.warm_up()
    burn = "import time\nend = time.process_time() + 1\nwhile time.process_time() < end: pass\n"
    large = "block = bytearray(200 * 2**20); block[::4096] = b'x' * len(block[::4096])\n"
    first = served_by(yard, one, burn + large + "print('x' * 300_000, end='')")
    second = served_by(yard, one, "print('second')")
    assert log_of(first).count("x") == 300_000
    assert log_of(second) == "second\n"
    used = [result_of(order).usage for order in (first, second)]
    assert used[0]["cpu_seconds"] >= 1 > used[1]["cpu_seconds"]
    assert used[0]["max_rss_bytes"] > 200 * 2**20 > used[1]["max_rss_bytes"] > 0
    third = served_by(yard, one, "1 / 0")
    assert result_of(third).failure and result_of(third).usage["cpu_seconds"] < 1
    assert result_of(third).usage["max_rss_bytes"] < 200 * 2**20
    lines = (first.folder / "usage.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["cpu"] >= 1


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("source", "state"),
    [
        ("import subprocess\nsubprocess.Popen(['sleep', '1000'], start_new_session=True)", ""),
        ("1 / 0", "error"),
        ("import os; os._exit(3)", "kernel-died"),
        ("import os, signal; os.kill(os.getppid(), signal.SIGKILL)", "kernel-died"),
    ],
    ids=["leaves-one-behind", "fails", "kernel-dies", "runner-is-killed"],
)
def test_supervisor_exits_after_unusual_work(yard: Yard, source: str, state: str) -> None:
    """All of its processes exit with it."""
    one = yard.warm_up()
    parts = [one, *one.children(recursive=True)]
    order = served_by(yard, one, source)
    failure = result_of(order).failure
    assert (failure.kind if failure else "") == state
    if not state:
        assert "1 processes" in log_of(order)
    wait_until(lambda: not any(part.is_running() for part in parts))
    assert result_of(yard.run("1")).state == "succeeded"


def test_cancel_at_any_moment_gives_cancelled_or_succeeded(yard: Yard) -> None:
    """This includes the moment in which the runner offers to serve the next notebook."""
    yard.warm_up()
    moments, states = random.Random(7), set()
    for _ in range(30):
        order = yard.place("print(1)")
        yard.runtime.start(order)
        time.sleep(moments.uniform(0, 0.04))
        yard.runtime.stop(order, because("text", text="enough"))
        # interrupted between a cell and its answer, a kernel never answers
        states.add(finish(yard.runtime, order).state)
    assert states <= {"succeeded", "cancelled"}
    assert result_of(yard.run("1")).state == "succeeded"


@pytest.mark.long
def test_surplus_idle_supervisors_exit(yard: Yard) -> None:
    """Only the configured number stays; the others exit when no attempt needs them."""
    orders = [yard.place("print(1)") for _ in range(4)]
    yard.warm_up()
    for order in orders:
        yard.runtime.start(order)
    for order in orders:
        finish(yard.runtime, order)
    wait_until(lambda: len(yard.standing()) == 1)


@pytest.mark.long
def test_many_simultaneous_notebooks_succeed(yard: Yard) -> None:
    """One supervisor is claimed while it becomes ready, another one while it returns."""
    yard.warm_up()
    with ThreadPoolExecutor(6) as together:
        orders = list(together.map(lambda _: yard.run("print(1)"), range(150)))
    assert [log_of(order) for order in orders] == ["1\n"] * 150
    assert len({supervisor_pid(order) for order in orders}) < 75
    wait_until(lambda: len(yard.folders()) == len(yard.standing()))


@pytest.mark.long
def test_supervisor_is_replaced_after_its_attempt_limit(
    yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No attempt is assigned to a supervisor that is about to exit."""
    served = [supervisor_pid(yard.run("print(1)")) for _ in range(2 * MOST_ATTEMPTS + 5)]
    assert max(Counter(served).values()) <= MOST_ATTEMPTS
    yard.leave_alone(psutil.Process(served[-1]))


@pytest.fixture
def watchers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Replace the driver's tool by a script that starts processes; return the file with their
    IDs."""
    program, started = tmp_path / "bin" / "nvidia-smi", tmp_path / "watchers"
    program.parent.mkdir()
    loop = f"while :; do echo GPU-1, 5, 100; sleep 600 & echo $! >> {started}; wait $!; done"
    program.write_text(f"#!/bin/sh\n{loop}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return started


def are_gone(pids: list[int]) -> bool:
    return not any(map(psutil.pid_exists, pids))


@pytest.mark.long
def test_gpu_watchers_do_not_reach_the_next_attempt(watchers: Path, yard: Yard) -> None:
    """No process of the GPU tool survives its attempt."""
    one = yard.warm_up()
    look = f"import os, time\nwhile not os.path.getsize({str(watchers)!r}): time.sleep(0.01)"
    dies = f"{look}\nos.kill(os.getpid(), 9)"
    for source in (look, look, look, dies):
        watchers.write_text("")
        order = served_by(yard, one, source, environment={"CUDA_VISIBLE_DEVICES": "GPU-1"})
        assert log_of(order) == ""
        pids = [int(line) for line in watchers.read_text().split()]
        assert pids
        wait_until(partial(are_gone, pids))


@pytest.mark.long
@pytest.mark.leaves_running
def test_supervisor_stops_with_its_parent(yard: Yard) -> None:
    """This also holds when it is idle again."""
    one = yard.warm_up()
    parent = one.parent()
    assert parent is not None
    left = [one, *one.children(recursive=True)]
    parent.kill()
    wait_until(lambda: not any(part.is_running() for part in left))
    wait_until(lambda: not yard.folders())
