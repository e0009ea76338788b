"""Kernels that are started before a notebook needs them leave nothing behind, whichever process is
killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from nbyard.runtimes.process import ProcessRuntime
from nbyard.runtimes.protocol import Order
from nbyard.runtimes.supervisor_parents import NO_ATTEMPT, Parents
from nbyard.testing.conformance.runtimes import STORE, finish, wait_until

from .attempts import is_gone, log_of, place_notebook, supervisor_pid

KERNEL_THREADS = 2
LATE_SECONDS = 2.0
KERNEL = "KERNEL_OF_THIS_TEST"
SLEEP = {
    "python": "import time; print('up', flush=True); time.sleep(1000)",
    "R": "cat('up'); flush.console(); Sys.sleep(1000)",
}
LOOK = """
shell = get_ipython()
print(len(In), Out, shell.execution_count, len(shell.compile._filename_map), 'x' in globals())
"""
DISPATCHER = """
import sys, time
from pathlib import Path
from typing import Any
from nbyard.runtimes.supervisor_parents import Parents
from nbyard.runtimes.process import ProcessRuntime
from nbyard.testing.conformance.runtimes import STORE
from tests.integration.test_ready_kernels import run_one
parents = Parents(ready_kernels=2, ready_bytes=1 << 30)
run_one(ProcessRuntime(parents=parents), Path(sys.argv[1]))
print(parents.of_notebooks.pid, flush=True)
time.sleep(1000)
"""


def language() -> str:
    return "R" if os.environ[KERNEL] == "ir" else "python"


def placed(folder: Path, cell: str) -> Order:
    return place_notebook(folder, cell, kernel=os.environ[KERNEL], language=language())


def run_one(runtime: ProcessRuntime, folder: Path) -> Order:
    order = placed(folder, "print(1)")
    runtime.start(order)
    assert finish(runtime, order).state == "succeeded"
    return order


class Watched:
    """A parent with ready kernels."""

    def __init__(self, parent: int) -> None:
        self.parent = psutil.Process(parent)

    def supervisors(self) -> list[psutil.Process]:
        """Return the complete supervisors, which have a runner and a kernel."""
        found = []
        for one in self.parent.children():
            try:
                stands_by = one.environ().get("NBYARD_ATTEMPT_ID") == NO_ATTEMPT
                if stands_by and is_complete(one):
                    found.append(one)
            except psutil.Error:
                continue
        return found

    def everything(self) -> list[psutil.Process]:
        """Return all processes, once surplus ones and their folders are gone."""
        wait_until(lambda: len(self.supervisors()) == len(self.parent.children()) == 2)
        wait_until(lambda: len(folders()) == 2)
        return [self.parent, *self.parent.children(recursive=True)]


def is_complete(supervisor: psutil.Process) -> bool:
    """Return whether supervisor, runner and kernel exist, and the kernel's outputs are received."""
    below = supervisor.children(recursive=True)
    return len(below) == 2 and below[1].num_threads() >= KERNEL_THREADS


def folders() -> set[Path]:
    """Return the private folders of waiting supervisors."""
    return set(Path(os.environ["TMPDIR"]).glob("nby-*"))


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))


def long(value: str) -> Any:
    """Mark a case for `--full`."""
    return pytest.param(value, marks=pytest.mark.long)


WITH_ANOTHER = pytest.mark.parametrize("kernel", ["python3", "other", long("ir")], indirect=True)


@pytest.fixture(params=["python3", long("other"), long("ir")], autouse=True)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Choose a kernel: nbyard's own, which is forked, or a started one of another environment or
    R."""
    monkeypatch.setenv(KERNEL, request.param)
    if request.param != "python3":
        data = Path(os.environ["JUPYTER_DATA_DIR"])
        owner = {"other": "environment", "ir": "r"}[request.param]
        request.getfixturevalue(owner).declare(data, request.param)


@pytest.fixture
def runtime() -> Iterator[ProcessRuntime]:
    runtime = ProcessRuntime(parents=Parents(ready_kernels=2, ready_bytes=1 << 30))
    runtime.open(STORE)
    yield runtime
    runtime.close()


def watch(runtime: ProcessRuntime, folder: Path) -> Watched:
    run_one(runtime, folder)
    assert runtime.parents is not None
    return Watched(runtime.parents.of_notebooks.pid)


def test_ready_kernels_stop_when_the_dispatcher_is_killed(tmp_path: Path) -> None:
    """A killed dispatcher cannot notify them."""
    dispatcher = subprocess.Popen(
        [sys.executable, "-c", DISPATCHER, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert dispatcher.stdout is not None
    with dispatcher, dispatcher.stdout as said:
        watched = Watched(int(said.readline()))
        left = watched.everything()
        dispatcher.send_signal(signal.SIGKILL)
    wait_until(lambda: all(map(is_gone, left)))
    assert not folders()


@pytest.mark.leaves_running
def test_ready_kernels_stop_with_their_parent(runtime: ProcessRuntime, tmp_path: Path) -> None:
    watched = watch(runtime, tmp_path)
    left = watched.everything()
    watched.parent.kill()
    wait_until(lambda: all(map(is_gone, left)))
    wait_until(lambda: not folders())


@WITH_ANOTHER
@pytest.mark.parametrize("which", [long("supervisor"), long("runner"), "kernel"])
def test_ready_kernel_with_a_killed_process_is_replaced(
    runtime: ProcessRuntime, tmp_path: Path, which: str
) -> None:
    """No attempt receives the processes that remain of it."""
    watched = watch(runtime, tmp_path)
    watched.everything()
    first = watched.supervisors()[0]
    runner = first.children()[0]
    parts = {"supervisor": first, "runner": runner, "kernel": runner.children()[0]}
    before = folders()
    parts[which].kill()
    wait_until(lambda: all(map(is_gone, parts.values())) and len(before - folders()) == 1)
    wait_until(lambda: len(watched.supervisors()) == 2)
    order = run_one(runtime, tmp_path)
    assert supervisor_pid(order) not in (0, first.pid)


def test_sweep_ignores_ready_kernels(
    runtime: ProcessRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nbyard.runtimes.process.NEWBORN_SECONDS", -1.0)
    watched = watch(runtime, tmp_path)
    left = watched.everything()
    assert runtime.sweep(STORE, []) == []
    assert not any(map(is_gone, left))


def test_sweep_treats_a_just_assigned_kernel_as_new(
    runtime: ProcessRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep that does not know the new attempt yet spares the kernel, however old it is."""
    watched = watch(runtime, tmp_path)
    standing = watched.everything()
    youngest = max(one.create_time() for one in standing)
    # the sweep may come that much later than its limit was set
    wait_until(lambda: time.time() - youngest > LATE_SECONDS)
    before = {one.pid for one in standing}
    order = placed(tmp_path, SLEEP[language()])
    runtime.start(order)
    wait_until(lambda: "up" in log_of(order))
    assert supervisor_pid(order) in before
    supervisor = psutil.Process(supervisor_pid(order))
    parts = [supervisor, *supervisor.children(recursive=True)]
    age = time.time() - max(one.create_time() for one in parts)
    monkeypatch.setattr("nbyard.runtimes.process.NEWBORN_SECONDS", age - 0.05)
    claimed = runtime.sweep(STORE, [])
    monkeypatch.setattr("nbyard.runtimes.process.NEWBORN_SECONDS", -1.0)
    assert not claimed and runtime.sweep(STORE, [])
    wait_until(lambda: all(map(is_gone, parts)) and runtime.poll(order).state == "lost")


@pytest.mark.long
@pytest.mark.parametrize("kernel", ["python3"], indirect=True)
def test_warm_up_cell_leaves_no_trace_in_the_kernel(
    runtime: ProcessRuntime, tmp_path: Path
) -> None:
    """The cell that ran during warm-up is in no history and defines no name."""
    before = {one.pid for one in watch(runtime, tmp_path).everything()}
    ready, started = (placed(tmp_path, LOOK) for _ in range(2))
    for where, order in ((runtime, ready), (ProcessRuntime(parents=None), started)):
        where.start(order)
        assert finish(where, order).state == "succeeded"
    assert supervisor_pid(ready) in before
    said = log_of(ready)
    assert said.endswith(" False\n")
    # of its own, ipykernel 7.3 and later say while they start that TCP is not encrypted
    lines = log_of(started).splitlines(keepends=True)
    assert said == "".join(line for line in lines if not line.startswith("[IPKernelApp]"))


@WITH_ANOTHER
def test_ready_kernels_stop_when_the_environment_changes(
    runtime: ProcessRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their imported modules may have another version by then."""
    left = watch(runtime, tmp_path).everything()
    monkeypatch.setattr(
        "nbyard.runtimes.supervisor_parents._installation_stamp", lambda: "something else"
    )
    run_one(runtime, tmp_path)
    wait_until(lambda: all(map(is_gone, left)))
