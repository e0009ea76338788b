"""Kernels of another environment and of another language, and notebooks that use them."""

import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.support.kept_folders import kept_folder

from nbyard.runtimes.process import ProcessRuntime
from nbyard.runtimes.protocol import Order
from nbyard.runtimes.supervisor_parents import NO_ATTEMPT, Parents
from nbyard.testing.conformance.runtimes import finish, wait_until

from .attempts import is_gone, log_of, place_notebook, printed, supervisor_pid

KERNEL = "other"
# A cell that prints the kernel's process.
OWN = {
    "python": "import json, os\nprint(json.dumps(os.getpid()))",
    "R": "cat(jsonlite::toJSON(Sys.getpid(), auto_unbox = TRUE))",
}
Serves = Callable[..., bool]
# One that answers has so many.
KERNEL_THREADS = {"python": 4, "R": 3}
LAUNCH = ["-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"]


class Environment:
    """An environment with an interpreter and ipykernel."""

    def __init__(self, folder: Path) -> None:
        _run("-m", "venv", "--without-pip", str(folder))
        self.python = folder / "bin" / "python"
        (self.packages,) = folder.glob("lib/python*/site-packages")
        (self.packages / "installed.pth").write_text(str(_installed()))

    def declare(self, data: Path, name: str = KERNEL, **more: Any) -> Path:
        """Install its kernel in Jupyter's data; where that says what it is."""
        return declare_python(str(self.python), data, name, **more)


def declare_python(python: str, data: Path, name: str = KERNEL, **more: Any) -> Path:
    """Install the kernel of an interpreter in Jupyter's data."""
    spec = {"argv": [python, *LAUNCH], "language": "python", "display_name": name}
    return _declare(data, {**spec, **more}, name)


def _installed() -> Path:
    """Return a folder with ipykernel and its dependencies, which are fetched once."""

    def install(folder: Path) -> None:
        _run("-m", "pip", "install", "--quiet", "--target", str(folder), "ipykernel")

    return kept_folder("ipykernel", f"{sys.prefix} {sys.version}", install)


def _run(*words: str) -> None:
    command = [sys.executable, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        pytest.skip(f"no other environment can be made: {done.stderr.strip()[-500:]}")


class R:
    """The R installation of the machine."""

    def __init__(self) -> None:
        if not shutil.which("R"):
            pytest.skip("R is not installed")
        words = ["R", "--no-echo", "--no-restore", "-e", "IRkernel::main"]
        if subprocess.run(words, capture_output=True, timeout=100, check=False).returncode:
            pytest.skip("R has no IRkernel (Debian's package is r-cran-irkernel)")

    def declare(self, data: Path, name: str = KERNEL, **more: Any) -> Path:
        argv = ["R", "--slave", "-e", "IRkernel::main()", "--args", "{connection_file}"]
        return _declare(data, {"argv": argv, "language": "R", "display_name": name, **more}, name)


def _declare(data: Path, spec: dict[str, Any], name: str) -> Path:
    place = data / "kernels" / name / "kernel.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(spec))
    return place


class Yard:
    """A runtime with a parent that keeps kernels ready."""

    def __init__(
        self, folder: Path, store: str, *, budget: int = 1 << 30, language: str = "python"
    ) -> None:
        self.folder = folder
        self.language = language
        self.parents = Parents(ready_kernels=1, ready_bytes=budget)
        self.runtime = ProcessRuntime(parents=self.parents)
        self.runtime.open(store)

    def place(self, *cells: str, files: Sequence[str] = (), **more: Any) -> Order:
        """Return an attempt that runs these cells, with empty files beside the notebook."""
        told = {"kernel": KERNEL, "language": self.language, **more}
        order = place_notebook(self.folder, *cells, **told)
        for name in files:
            (order.folder / "code" / name).touch()
        return order

    def run(self, *cells: str, started: bool = False, **more: Any) -> Order:
        """Run a notebook until it succeeds; with `started`, as without a parent."""
        runtime = ProcessRuntime() if started else self.runtime
        order = self.place(*cells, **more)
        runtime.start(order)
        result = finish(runtime, order)
        assert result.failure is None, (result.failure, log_of(order))
        return order

    def run_own(self, **more: Any) -> Order:
        return self.run(OWN[self.language], **more)

    def is_ready_one(self, order: Order, standing: list[psutil.Process]) -> bool:
        """Return whether one of the waiting supervisors ran it, not one that was started for it."""
        return supervisor_pid(order) in {one.pid for one in standing}

    @property
    def parent(self) -> psutil.Process:
        return psutil.Process(self.parents.of_notebooks.pid)

    def standing(self, count: int = 1) -> list[psutil.Process]:
        """Return the supervisors of ready kernels, once there are so many."""
        wait_until(lambda: len(self._ready()) == count)
        return self._ready()

    def has_others(self) -> bool:
        """Return whether a supervisor without an attempt exists, ready or not."""
        return any(map(_has_no_attempt, self.parent.children()))

    def _ready(self) -> list[psutil.Process]:
        threads = KERNEL_THREADS[self.language]
        return [one for one in self.parent.children() if _is_ready(one, threads)]

    def close(self) -> None:
        self.runtime.close()


def kernel_of(supervisor: psutil.Process) -> psutil.Process:
    """Return the kernel, which has the longest line of parents."""
    return supervisor.children(recursive=True)[-1]


def _has_no_attempt(one: psutil.Process) -> bool:
    try:
        return one.environ().get("NBYARD_ATTEMPT_ID") == NO_ATTEMPT
    except psutil.Error:
        return False


def _is_ready(one: psutil.Process, threads: int) -> bool:
    """Return whether it has a runner, and a kernel whose sockets are served."""
    try:
        if not _has_no_attempt(one):
            return False
        below = one.children(recursive=True)
        return len(below) == 2 and below[-1].num_threads() >= threads
    except psutil.Error:
        return False


@pytest.fixture
def one(yard: Yard) -> psutil.Process:
    """Return the waiting supervisor."""
    yard.run_own()
    return yard.standing()[0]


@pytest.fixture
def serves(yard: Yard, one: psutil.Process) -> Serves:
    """Return a check that the waiting kernel runs the next notebook, and not another one."""

    def serves(**more: Any) -> bool:
        kernel = kernel_of(one)
        wait_until(lambda: one.children() != [])
        return bool(printed(yard.run_own(**more)) == kernel.pid)

    return serves


def run_while_ending(yard: Yard, one: psutil.Process, part: str) -> Order:
    """Run a notebook until it succeeds, given to a supervisor one process of which has just been
    killed. The supervisor notices both at once."""
    runner, kernel = one.children(recursive=True)
    held = {"runner": one, "kernel": runner}[part]
    held.send_signal(signal.SIGSTOP)
    wait_until(lambda: held.status() == psutil.STATUS_STOPPED)  # until then it may still hear
    {"runner": runner, "kernel": kernel}[part].kill()
    order = yard.place(OWN[yard.language])
    begin = threading.Thread(target=yard.runtime.start, args=(order,))
    begin.start()
    wait_until(lambda: one.pid not in {each.pid for each in yard.standing(1)})
    held.send_signal(signal.SIGCONT)
    begin.join()
    assert finish(yard.runtime, order).failure is None
    wait_until(lambda: is_gone(one))
    return order
