"""Kernels outside nbyard's environments are listed and run notebooks; the record shows them."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.executables.structs import Inspect
from nbyard.domain.runs.structs import NewRun, RunDetail
from nbyard.settings import Settings
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

from ..notebooks import notebook
from .foreign import KERNEL, Environment, R

ADA = Caller("ada")
ENDED = ("succeeded", "failed", "cancelled")
Run = Callable[..., RunDetail]


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    settings = Settings(store_dir=str(tmp_path / "store"), slots=2, ready_kernels=0)
    (tmp_path / "root").mkdir()
    with Yard.open(settings, tmp_path / "root", tmp_path / "root") as yard:
        yield yard


@pytest.fixture
def run(yard: Yard, tmp_path: Path) -> Run:
    """Run a notebook of that language with the foreign kernel to its end."""

    def run(code: str, language: str = "python", kernel: str = "") -> RunDetail:
        text = notebook(code, kernel=KERNEL, language=language)
        (tmp_path / "root" / "n.ipynb").write_text(text)
        with Dispatching(yard.settings) as dispatcher:
            made = yard.services.runs.create(ADA, NewRun(path="n.ipynb", kernel=kernel))
            return dispatcher.until(
                lambda: yard.services.runs.get(ADA, made.id), lambda d: d.run.state in ENDED
            )

    return run


def data() -> Path:
    return Path(os.environ["JUPYTER_DATA_DIR"])


def printed(yard: Yard, found: RunDetail) -> str:
    notebook = yard.services.runs.cells(ADA, found.run.id, found.tasks[0].node).notebook
    assert notebook is not None
    return "".join(out.get("text", "") for out in notebook["cells"][-1]["outputs"]).strip()


def test_the_kernel_of_a_venv_is_listed_and_runs(
    yard: Yard, run: Run, environment: Environment
) -> None:
    environment.declare(data(), display_name="Sea")
    (known,) = [k for k in yard.services.kernels.list(ADA).items if k.name == KERNEL]
    place = str(environment.python.parents[1])
    assert (known.title, known.origin, known.place) == ("Sea", "venv", place)
    found = run("import sys; print(sys.prefix)")
    assert found.tasks[0].failure is None
    assert printed(yard, found) == place
    record = yard.services.runs.surroundings(ADA, found.run.id, found.tasks[0].node)
    assert (record.kernel, record.interpreter) == (KERNEL, str(environment.python))
    assert record.lock is not None and record.fingerprint


def test_kernel_can_be_chosen_for_a_run_or_a_node(
    yard: Yard, run: Run, environment: Environment, tmp_path: Path
) -> None:
    """The choice overrides the notebook's kernel, is in the record, and is part of the cache
    key."""
    environment.declare(data())
    code = "import sys; print(sys.prefix)"
    own = run(code)
    chosen = run(code, kernel="python3")
    assert printed(yard, own) == str(environment.python.parents[1])
    assert printed(yard, chosen) != printed(yard, own)
    assert not chosen.tasks[0].cached
    assert chosen.tasks[0].warning is None
    node = {"type": "executable", "path": "n.ipynb", "kernel": "python3"}
    whole = {"version": 1, "nodes": {"main": node}}
    (tmp_path / "root/flow.nbflow").write_text(json.dumps(whole))
    with Dispatching(yard.settings) as dispatcher:
        made = yard.services.runs.create(ADA, NewRun(path="flow.nbflow"))
        found = dispatcher.until(
            lambda: yard.services.runs.get(ADA, made.id), lambda d: d.run.state in ENDED
        )
    assert printed(yard, found) == printed(yard, chosen)
    record = yard.services.runs.surroundings(ADA, found.run.id, "main")
    assert record.kernel == "python3"


def test_the_kernel_of_a_conda_environment_is_listed_and_runs(
    yard: Yard, run: Run, environment: Environment, tmp_path: Path
) -> None:
    """The environment imitates what nbyard reads of conda, which is not installed here."""
    place = tmp_path / "conda" / "envs" / "sea"
    (place / "conda-meta").mkdir(parents=True)
    (place / "conda-meta" / "python-3.11.2-0.json").write_text("{}")
    (place / "bin").mkdir()
    program = place / "bin" / "python"
    program.write_text(f'#!/bin/sh\nexec {environment.python} "$@"\n')
    program.chmod(0o755)
    environment.declare(
        data(), argv=[str(program), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    )
    (known,) = [k for k in yard.services.kernels.list(ADA).items if k.name == KERNEL]
    assert (known.origin, known.place, known.is_there) == ("conda", str(place), True)
    found = run("print(1 + 1)")
    assert printed(yard, found) == "2"
    record = yard.services.runs.surroundings(ADA, found.run.id, found.tasks[0].node)
    assert record.interpreter == str(program)


def test_the_kernel_of_r_is_listed_and_runs(yard: Yard, run: Run, r: R) -> None:
    r.declare(data())
    (known,) = [k for k in yard.services.kernels.list(ADA).items if k.name == KERNEL]
    assert (known.language, known.origin, known.is_there) == ("R", "system", True)
    found = run('cat("from", R.version$language)', "R")
    assert found.tasks[0].failure is None
    assert printed(yard, found) == "from R"
    record = yard.services.runs.surroundings(ADA, found.run.id, found.tasks[0].node)
    assert record.interpreter == known.interpreter and record.fingerprint


def test_missing_kernel_can_be_replaced_by_another_one(yard: Yard, run: Run) -> None:
    """The notebook comes from a machine where the kernel has another name."""
    found = run("print(1 + 1)")
    words = f"The kernel {KERNEL} is not installed: python3 runs the notebook."
    assert printed(yard, found) == "2"
    assert str(found.tasks[0].warning) == words
    record = yard.services.runs.surroundings(ADA, found.run.id, found.tasks[0].node)
    assert record.kernel == "python3"
    seen = yard.services.executables.inspect(ADA, Inspect(path="n.ipynb"))
    assert words in map(str, seen.hints)
    assert run("print(1 + 1)").tasks[0].cached
    assert run("1", "cobol").tasks[0].failure is not None


@pytest.mark.parametrize("language", ["python", "R"])
def test_kernel_with_a_missing_interpreter_is_reported(
    yard: Yard, run: Run, environment: Environment, language: str
) -> None:
    gone = "/no/such/bin/" + language
    environment.declare(data(), argv=[gone, "-f", "{connection_file}"], language=language)
    (known,) = [k for k in yard.services.kernels.list(ADA).items if k.name == KERNEL]
    assert not known.is_there and f"{gone} was not found" in str(known.reason)
    found = run("1", language)
    assert found.run.state == "failed" and found.tasks[0].failure is not None
    assert gone in found.tasks[0].failure.message
