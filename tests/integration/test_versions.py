"""The oldest and newest versions of the packages whose internals the runner uses.

In each environment, a notebook runs with a kernel that is forked on demand, one that was ready
before, one alone in a container, and one that is spawned. All give the same result."""

import os
import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.support.kept_folders import kept_folder

from nbyard.testing.conformance.runtimes import STORE

from .foreign import Yard, declare_python
from .notebook_ways import FORKED, SPAWNED, Ran, run_alone, run_spawned, warm

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
# What the runner needs for notebooks.
NEEDED = ("ipykernel", "ipython", "jupyter_client", "nbclient", "nbformat", "tornado", "traitlets")


class Versions(NamedTuple):
    """The versions to install: nbyard's lower bounds, or the newest that these requirements
    allow."""

    words: tuple[str, ...]
    oldest: tuple[str, ...] = ()


MATRIX = {
    "newest": Versions(()),
    "oldest": Versions((), NEEDED),
    "newest 6 and 8": Versions(("ipykernel<7", "ipython<9")),
    "oldest 7 and 9": Versions(("ipykernel==7.0", "ipython==9.0"), ("nbclient", "jupyter_client")),
    "newest 6 and 9": Versions(("ipykernel<7", "ipython>=9")),
    "newest 7 and oldest 8": Versions((), ("ipython",)),
    "newest 6 and oldest client": Versions(("ipykernel<7",), ("nbclient", "jupyter_client")),
}


def bound(name: str) -> str:
    """Return the oldest version of a distribution that nbyard allows."""
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    (line,) = (each for each in project["dependencies"] if re.match(rf"{name}\b", each))
    (version,) = re.findall(r">=([\d.]+)", line)
    return f"{name}=={version}"


def python_of(versions: Versions) -> str:
    """Return the interpreter of an environment with these versions."""
    words = [*NEEDED, *versions.words, *map(bound, versions.oldest)]

    def create(folder: Path) -> None:
        run("-m", "venv", "--without-pip", str(folder))
        python = str(folder / "bin" / "python")
        run("-m", "pip", "--python", python, "install", "--quiet", *words)

    week = f"{datetime.now(UTC):%G-%V}"  # then newer ones may have been released
    sources = f"{sys.prefix} {sys.version} {words} {week}"
    return str(kept_folder("versions", sources, create) / "bin" / "python")


def run(*words: str) -> None:
    command = [sys.executable, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        pytest.skip(f"the environment cannot be created: {done.stderr.strip()[-500:]}")


def check(ran: Ran, plain: Ran, kernel: str) -> None:
    assert ran.outputs == plain.outputs
    assert ran.kernel == kernel, ran.log
    if kernel == FORKED:  # it passes on what children print before the cell ends
        assert ran.printed.endswith("a child\n")


EACH = pytest.mark.parametrize(
    "versions",
    [pytest.param(each, id=name, marks=pytest.mark.long) for name, each in MATRIX.items()],
)


@pytest.fixture(autouse=True)
def own_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))


@EACH
def test_all_kernel_starts_agree_with_these_versions(
    versions: Versions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_kernel_starts_agree(python_of(versions), tmp_path, monkeypatch)


@EACH
def test_ready_kernel_of_these_versions_serves_another_environment(
    versions: Versions, tmp_path: Path
) -> None:
    """It understands the message with which an attempt claims it."""
    declare_python(python_of(versions), Path(os.environ["JUPYTER_DATA_DIR"]))
    yard = Yard(tmp_path, STORE)
    try:
        yard.run_own()
        standing = yard.standing()
        assert yard.is_ready_one(yard.run_own(), standing)
    finally:
        yard.close()


def test_all_kernel_starts_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_kernel_starts_agree(sys.executable, tmp_path, monkeypatch)


def assert_kernel_starts_agree(python: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a notebook with each kind of kernel start, and compare.

    The special code of the runner is used with all versions."""
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # with it, ipykernel watches no files
    plain = run_spawned(folder, python)
    assert plain.kernel == SPAWNED and plain.outputs[0][0]["text"] == "printed\n"
    check(run_alone(folder, python), plain, FORKED)
    with warm(python) as one:
        ran, _ = one.run(folder)
        check(ran, plain, FORKED)
        one.wait_for_one()
        ran, was_ready = one.run(folder)
        check(ran, plain, FORKED)
        assert was_ready
