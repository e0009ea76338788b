"""A notebook also runs with unknown internals of ipykernel, IPython or nbclient."""

from collections.abc import Callable
from pathlib import Path

import pytest

from .notebook_ways import CELLS, FORKED, SPAWNED, Ran, run_alone, run_spawned, warm

# Breaks one name in the processes of the runner, not in a kernel that is spawned.
BREAKS = """
import importlib.abc, importlib.util, os, sys

module, _, place = os.environ["BROKEN_INSIDE"].partition(":")
how, path = place[0], place[1:].split(".")

class Breaks(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name != module:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module
        spec.loader.exec_module = lambda loaded: (load(loaded), change(loaded))
        return spec

def change(owner):
    for name in path[:-1]:
        owner = getattr(owner, name)
    if how == "-":
        delattr(owner, path[-1])
    else:
        setattr(owner, path[-1], fails if how == "!" else lambda *_: False)

def fails(*words, **options):
    raise AttributeError("another version")

with open("/proc/self/cmdline") as file:
    if "__main__.py" in file.read():
        sys.meta_path.insert(0, Breaks())
"""
# A name is removed (-), fails when it is used (!), or says no (0).
NOTHING = "nowhere:-nothing"
OF_FORKED_KERNELS = [
    "ipykernel.kernelapp:-IPKernelApp.init_blackhole",
    pytest.param("ipykernel.kernelapp:!IPKernelApp.init_pdb", marks=pytest.mark.long),
    "ipykernel.kernelapp:!IPKernelApp.init_io",
    "ipykernel.kernelapp:!IPKernelApp.init_code",
    pytest.param("ipykernel.ipkernel:!IPythonKernel.dispatch_shell", marks=pytest.mark.long),
    pytest.param(
        "IPython.core.application:!BaseIPythonApplication.initialize", marks=pytest.mark.long
    ),
]
OF_CLIENTS = [
    "nbyard_runner.kernels.kernel_imports:0uses",
    "nbformat.v4.nbbase:-validate",
    "nbformat.reader:-reads",
]
# The block of variables seems to be at another address.
ELSEWHERE = """
stamps = importlib.import_module("nbyard_runner.process.environ_stamps")
stamps.STAT_ENV_START = 45
"""
Break = Callable[[str], None]


@pytest.fixture
def break_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Break:
    (tmp_path / "breaks").mkdir()
    (tmp_path / "breaks" / "sitecustomize.py").write_text(BREAKS)

    def break_inside(name: str) -> None:
        # set anew for each phase of a test; with it, ipykernel watches no files
        monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "breaks"))
        monkeypatch.setenv("BROKEN_INSIDE", name)

    return break_inside


def is_complete(ran: Ran) -> bool:
    return len(ran.outputs) == len(CELLS) and "printed" in str(ran.outputs[0])


@pytest.mark.sample(1)
@pytest.mark.parametrize("name", OF_FORKED_KERNELS)
def test_kernel_is_spawned_when_it_cannot_be_forked(
    break_inside: Break, tmp_path: Path, name: str
) -> None:
    """The kernel runs alone, and below a parent that keeps kernels ready."""
    break_inside(name)
    ran = run_alone(tmp_path)
    assert ran.kernel == SPAWNED and is_complete(ran)
    with warm() as one:
        for _ in range(2):
            ran, _ = one.run(tmp_path)
            assert ran.kernel == SPAWNED and is_complete(ran)


def test_kernel_with_known_internals_is_forked(break_inside: Break, tmp_path: Path) -> None:
    break_inside(NOTHING)
    assert run_alone(tmp_path).kernel == FORKED


@pytest.mark.sample(1)
@pytest.mark.parametrize("name", OF_CLIENTS)
def test_unknown_nbclient_runs_without_shortcuts(
    break_inside: Break, tmp_path: Path, name: str
) -> None:
    break_inside(NOTHING)
    before = run_spawned(tmp_path)
    break_inside(name)
    ran = run_spawned(tmp_path)
    assert ran.outputs == before.outputs and ran.own_lines == before.own_lines


def test_kernel_is_spawned_when_its_environment_cannot_be_replaced(
    break_inside: Break, tmp_path: Path
) -> None:
    break_inside(NOTHING)
    ran = run_alone(tmp_path, change=ELSEWHERE)
    assert ran.kernel == SPAWNED and is_complete(ran)
