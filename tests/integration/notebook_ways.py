"""Runs one notebook with each way to start a kernel, with the packages of a separate
environment."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from nbyard.runtimes.process import ProcessRuntime
from nbyard.runtimes.protocol import Order
from nbyard.runtimes.supervisor_parents import NO_ATTEMPT, Parents
from nbyard.runtimes.supervisor_parents import RUNNER as PROGRAM
from nbyard.testing.conformance.runtimes import STORE, finish, wait_until

from .attempts import executed, log_of, place_notebook, result_of, supervisor_pid

CELLS = (
    "import sys\nx = 1\nprint('printed')\nprint('an error', file=sys.stderr)",
    "from IPython.display import HTML, display\ndisplay(HTML('<b>2</b>'))\nx + 2",
    "x / 0",
)
# The class of the kernel, and what a child process printed.
CHILD = "a child"
OWN = f"import os\nprint(type(get_ipython().kernel).__module__)\nos.system('echo {CHILD}');"
FORKED, SPAWNED = "in_process_kernel", "ipkernel"
KERNEL_THREADS = 2
# In a container of its own, the runner kills all other processes. Here it must not.
ALONE = """
import importlib, runpy, sys
runpy.run_path(sys.argv[1], run_name="loaded")
container = importlib.import_module("nbyard_runner.container_main")
container.kill_others = lambda: None
exec(sys.argv[3])
sys.exit(container.run(sys.argv[2]))
"""


class Ran(NamedTuple):
    """The results of a notebook: the outputs of `CELLS`, the kind of its kernel and its log."""

    outputs: list[Any]
    kernel: str
    printed: str
    log: str

    @property
    def own_lines(self) -> list[str]:
        """Return the lines of the log in order, without the text of the child process.

        ipykernel stops to copy what a child prints when it is told to end, so the text of a child
        of the last cell is now and then missing. It may also come before the end of the line that
        the kernel printed, or lack its own end: then the log has an empty line.
        """
        return sorted(line for line in self.log.replace(CHILD, "").splitlines() if line)


def place(folder: Path) -> Order:
    return place_notebook(folder, *CELLS, OWN, tags=[["raises-exception"]] * (len(CELLS) + 1))


def ran(order: Order) -> Ran:
    log, result, cells = log_of(order), result_of(order), executed(order)
    assert result.state == "succeeded", (result, log)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    *outputs, last = [cell["outputs"] for cell in cells]
    printed = "".join(output["text"] for output in last)
    kernel = printed.splitlines()[0].rpartition(".")[2]
    return Ran(outputs, kernel, printed, log)


def run_spawned(folder: Path, python: str = sys.executable) -> Ran:
    """Run the notebook without any parent."""
    runtime = ProcessRuntime(python=python)
    order = place(folder)
    runtime.start(order)
    finish(runtime, order)
    return ran(order)


def run_alone(folder: Path, python: str = sys.executable, change: str = "") -> Ran:
    """Run the notebook as in a container with one attempt. `change` is run in the runner before."""
    order = place(folder)
    subprocess.run(
        [python, "-c", ALONE, str(PROGRAM), str(order.folder), change],
        env={**os.environ, "NBYARD_MARK": order.mark},
        check=True,
        timeout=100,
        stdout=subprocess.DEVNULL,
    )
    return ran(order)


class Warm:
    """A dispatcher's runtime with a parent that keeps one kernel ready."""

    def __init__(self, python: str) -> None:
        self.parents = Parents(python, ready_kernels=1, ready_bytes=1 << 30)
        self.runtime = ProcessRuntime(python=python, parents=self.parents)
        self.runtime.open(STORE)

    def run(self, folder: Path) -> tuple[Ran, bool]:
        """Run a notebook. Return also whether a supervisor that stood by ran it."""
        standing = self._standing()
        order = place(folder)
        self.runtime.start(order)
        finish(self.runtime, order)
        return ran(order), supervisor_pid(order) in standing

    def wait_for_one(self) -> None:
        """Wait until a kernel is ready."""
        wait_until(lambda: bool(self._standing()))

    def _standing(self) -> set[int]:
        try:
            children = psutil.Process(self.parents.of_notebooks.pid).children()
        except psutil.Error:
            return set()
        return {one.pid for one in children if _is_ready(one)}


def _is_ready(one: psutil.Process) -> bool:
    try:
        below = one.children(recursive=True)
        has_none = one.environ().get("NBYARD_ATTEMPT_ID") == NO_ATTEMPT
        return has_none and len(below) == 2 and below[-1].num_threads() >= KERNEL_THREADS
    except psutil.Error:
        return False


@contextmanager
def warm(python: str = sys.executable) -> Iterator[Warm]:
    one = Warm(python)
    try:
        yield one
    finally:
        one.runtime.close()
