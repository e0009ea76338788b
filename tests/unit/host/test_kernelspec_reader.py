"""Kernelspecs are read as jupyter_client reads them."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager

from nbyard.host.kernels import NATIVE, all_specs

SPEC = {"argv": ["python", "-m", "ipykernel_launcher"], "display_name": "P", "language": "python"}
Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """A writer of kernelspecs, on the first place of Jupyter's path or of IPython's."""
    data, ipython = tmp_path / "data", tmp_path / "ipython"
    monkeypatch.setenv("JUPYTER_PATH", str(data))
    monkeypatch.setenv("IPYTHONDIR", str(ipython))
    ipython.mkdir()

    def to(name: str, spec: Any, of: str = "data") -> None:
        folder = tmp_path / of / "kernels" / name
        folder.mkdir(parents=True)
        text = spec if isinstance(spec, str) else json.dumps(spec)
        (folder / "kernel.json").write_text(text)

    return to


@pytest.mark.parametrize(
    "spec",
    [
        SPEC,
        SPEC | {"env": {"A": "b"}, "metadata": {"debugger": True}, "interrupt_mode": "message"},
        SPEC | {"metadata": {"kernel_provisioner": {"provisioner_name": "nowhere"}}},
        SPEC | {"interrupt_mode": "never"},
        SPEC | {"argv": "python"},
        SPEC | {"display_name": None},
        SPEC | {"unknown": 1},
        {},
        [],
        "{",
    ],
)
@pytest.mark.parametrize("of", ["data", "ipython"])
@pytest.mark.filterwarnings("ignore:Passing unrecognized arguments:DeprecationWarning")
def test_each_kernelspec_is_read_as_by_jupyter_client(write, spec, of):
    write("Mine", spec, of)
    write("python3", SPEC)
    assert all_specs() == KernelSpecManager().get_all_specs()


def test_the_first_place_of_the_path_counts(write):
    write("mine", SPEC | {"display_name": "first"})
    write("mine", SPEC, "ipython")
    assert all_specs()["mine"]["spec"]["display_name"] == "first"
    assert all_specs() == KernelSpecManager().get_all_specs()


def test_the_own_kernel_is_there_without_a_file(write, monkeypatch):
    monkeypatch.setattr("nbyard.host.kernels.jupyter_path", lambda _: [])
    assert NATIVE in all_specs()


def test_files_are_read_without_jupyter_client(write):
    write("python3", SPEC)
    code = "import sys, nbyard.host.kernels as k\nk.list_foreign_kernels()\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"jupyter_client", "IPython", "zmq"} & set(done.stdout.split())
