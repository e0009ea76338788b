"""One notebook runs in plain Jupyter, in papermill and in a run, and passes on the same data."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas
import pytest
from tests.support.forked_shells import StoreShell

from nbyard.domain.attempts.structs import NotebookWork, Output
from nbyard.runtimes.process import ProcessRuntime
from nbyard.testing.conformance.runtimes import finish, place_attempt

from .. import notebooks
from .foreign import Environment

Shell = Callable[..., str]
Made = Callable[..., dict[str, Any]]

PARAMETERS = "rate = 0.5"
ASK = """
from pathlib import Path
import nbyard
raw = nbyard.input("raw", Path("raw.json"))
scale = nbyard.input("scale", 2)
"""
MAKE = """
import pandas
table = pandas.DataFrame({"when": pandas.to_datetime(raw["when"], utc=True), "n": raw["n"]})
table["n"] = table["n"] * scale * rate
table["kind"] = pandas.Categorical(["b", None], ["a", "b"])
nbyard.output("table", table.set_index("when"))
nbyard.log_metric("rows", len(table), step=0)
"""
SHOW = """
import nbyard
table = nbyard.input("table")
assert str(table["kind"].dtype.categories.tolist()) == "['a', 'b']", table.dtypes
assert str(table.index.dtype) == "datetime64[us, UTC]", table.index.dtype
nbyard.output("sums", {"n": table["n"].sum(), "names": list(table.columns)})
"""
RAW = {"when": ["2020-01-01", "2020-01-02"], "n": [1, 2]}
FLOW = {
    "version": 1,
    "meta": {"id": "3f0c8f0e-3a52-4d0b-9d2e-0d5b8f7f0c11", "title": "Handed over"},
    "nodes": {
        "make": {"type": "executable", "path": "make.ipynb"},
        "show": {"type": "executable", "path": "show.py"},
    },
    "edges": {
        "make.table->show.table": {
            "source": "make",
            "output": "table",
            "target": "show",
            "input": "table",
        }
    },
}


def notebook(*sources: str, kernel: str = "python3") -> str:
    tags = [["parameters"] if source == PARAMETERS else [] for source in sources]
    return notebooks.notebook(*sources, tags=tags, kernel=kernel)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "raw.json").write_text(json.dumps(RAW))
    (tmp_path / "project" / "make.ipynb").write_text(notebook(PARAMETERS, ASK, MAKE))
    (tmp_path / "project" / "show.py").write_text(SHOW)
    (tmp_path / "project" / "both.nbflow").write_text(json.dumps(FLOW))
    return tmp_path / "project"


def start(folder: Path, *words: str) -> None:
    """Run a program of the tests' environment until it succeeds."""
    command = [sys.executable, "-m", *words]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def shell(store_shell: StoreShell, folder: Path) -> Shell:
    """Return the output of a successful `nbyard` command."""

    def run(*words: str) -> str:
        done = store_shell(*words, folder=folder)
        assert done.code == 0, done.out + done.err
        return done.out

    return run


@pytest.fixture
def made(shell: Shell, tmp_path: Path) -> Made:
    """Return the outputs of a run by name, with the paths of their bytes."""

    def run(*words: str) -> dict[str, Any]:
        done = json.loads(shell("run", *words, "--json"))
        found = {one["name"]: one for task in done["tasks"] for one in task["artifacts"]}
        for one in found.values():
            target = tmp_path / f"taken-{one['filename']}"
            target.unlink(missing_ok=True)
            shell("artifacts", "export", one["id"], "--output-file", str(target))
            one["path"] = target
        return found

    return run


def check_table(path: Path, numbers: list[float]) -> None:
    table = pandas.read_parquet(path)
    assert table["n"].tolist() == numbers and table["kind"].tolist()[0] == "b"
    assert str(table.index.dtype) == "datetime64[us, UTC]" and table.index.name == "when"


@pytest.mark.long
@pytest.mark.timeout(200)
@pytest.mark.parametrize("ways", ["two", "three"])
def test_notebook_agrees_in_jupyter_papermill_and_a_run(
    folder: Path, made: Made, ways: str
) -> None:
    """Papermill is left out if there are two ways."""
    beside = folder / "handoff"
    start(folder, "jupyter", "execute", "make.ipynb")
    assert os.listdir(beside) == ["table.parquet"]
    check_table(beside / "table.parquet", [1, 2])
    (beside / "scale.json").write_text("4")
    if ways == "three":
        start(folder, "papermill", "make.ipynb", "done.ipynb", "-p", "rate", "0.25")
        check_table(beside / "table.parquet", [1, 2])
    given = ["-p", "rate=0.25", "-p", "scale=8", "-p", "raw=raw.json"]
    found = made("make.ipynb", *given)
    table = found["table"]
    assert (table["filename"], table["format"]) == ("table.parquet", "parquet")
    assert table["type"]["columns"] == [["n", "float64"], ["kind", "category"]]
    assert table["type"]["media_type"] == "application/vnd.apache.parquet"
    check_table(table["path"], [2, 4])


@pytest.mark.long
@pytest.mark.timeout(200)
def test_script_receives_data_of_a_notebook(made: Made) -> None:
    found = made("both.nbflow")
    assert json.loads(found["sums"]["path"].read_text()) == {"n": 3.0, "names": ["n", "kind"]}
    assert found["sums"]["filename"] == "sums.json"


BARE = """
import nbyard, json
assert nbyard.__file__.endswith("runner/handoff/__init__.py"), nbyard.__file__
nbyard.log_metric("n", 1)
nbyard.output("sums", [nbyard.input("rate", 1.5), nbyard.input("more", 2)])
"""


@pytest.mark.timeout(200)
def test_script_passes_data_without_nbyard_installed(
    folder: Path, environment: Environment, made: Made
) -> None:
    """The copied runner provides what another interpreter lacks."""
    (folder / "bare.py").write_text(BARE)
    told = {"version": 1, "kind": "command", "command": [str(environment.python), "{file}"]}
    (folder / "bare.py.nbexec").write_text(json.dumps(told))
    found = made("bare.py", "-p", "rate=0.5")
    assert json.loads(found["sums"]["path"].read_text()) == [0.5, 2]


def test_failing_cell_leaves_no_partial_output(tmp_path: Path) -> None:
    source = 'import nbyard\nnbyard.output("out", [1])\nnbyard.output("out", [{1: 2}])'
    work = NotebookWork("code/n.ipynb", "python3", "python", {})
    outputs = {"out": Output("outputs/out/out")}
    order = place_attempt(tmp_path, "", outputs, "", work=work, directory="code")
    (order.folder / "code" / "n.ipynb").write_text(notebook(source))
    runtime = ProcessRuntime()
    runtime.start(order)
    result = finish(runtime, order)
    assert result.failure is not None
    assert "the key 1 would" in result.failure.message
    assert (order.folder / "outputs" / "out" / "out").read_text() == "[1]"
    left = sorted(path.name for path in (order.folder / "outputs" / "out").iterdir())
    assert left == [".type.json", "out"]


STEPS = """
import nbyard
import numpy
import pandas

def make(rows: int = 3) -> pandas.DataFrame:
    for step in range(rows):
        nbyard.log_metric("rows", step, step=step)
    return pandas.DataFrame({"n": range(rows)})

def total(table: pandas.DataFrame, more: numpy.ndarray = None) -> int:
    return int(table["n"].sum())
"""


TEXTS = """
import nbyard
import pandas

@nbyard.executable(outputs={"commas": "csv", "tabs": "tsv"})
def write(rows: int = 2):
    lines = [["phone", "big", "n", "day"], ["0049", str(2**64 - 1), "1", "31.12.2024"]]
    lines.append(["+49", "1", "", "1.2.2024"])
    return tuple("".join(f"{by.join(line)}\\n" for line in lines) for by in (",", "\\t"))

def last(commas: pandas.DataFrame, tabs: pandas.DataFrame) -> list:
    return [
        [{k: str(v) for k, v in table.dtypes.items()}, [str(v) for v in table.iloc[0]]]
        for table in (commas, tabs)
    ]
"""


@pytest.mark.long
@pytest.mark.timeout(200)
def test_text_tables_between_functions_keep_their_preview_types(folder: Path, shell: Shell) -> None:
    """Results of runs as well as datasets, with commas and with tabs."""
    (folder / "texts.py").write_text(TEXTS)
    nodes = {
        name: {"type": "executable", "path": f"texts.py::{name}"} for name in ("write", "last")
    }
    edges = {
        f"write.{name}->last.{name}": {
            "source": "write", "output": name, "target": "last", "input": name,
        }
        for name in ("commas", "tabs")
    }  # fmt: skip
    (folder / "texts.nbflow").write_text(json.dumps({**FLOW, "nodes": nodes, "edges": edges}))
    done = json.loads(shell("run", "texts.nbflow", "--json"))
    assert done["run"]["state"] == "succeeded"
    found = {a["name"]: a["id"] for task in done["tasks"] for a in task["artifacts"]}
    shown = shell("artifacts", "export", found["result"], "--output-file", "-")
    types = {"phone": "str", "big": "uint64", "n": "Int64", "day": "datetime64[us]"}
    first = ["0049", str(2**64 - 1), "1", "2024-12-31 00:00:00"]
    assert json.loads(shown) == [[types, first], [types, first]]


@pytest.mark.long
@pytest.mark.timeout(200)
def test_functions_exchange_data_frames_and_record_metrics(folder: Path, shell: Shell) -> None:
    """Two functions in one process; each has its own metrics."""
    (folder / "steps.py").write_text(STEPS)
    flow = {
        **FLOW,
        "nodes": {
            "make": {"type": "executable", "path": "steps.py::make"},
            "total": {"type": "executable", "path": "steps.py::total"},
        },
        "edges": {
            "make.result->total.table": {
                "source": "make",
                "output": "result",
                "target": "total",
                "input": "table",
            }
        },
    }
    (folder / "steps.nbflow").write_text(json.dumps(flow))
    done = json.loads(shell("run", "steps.nbflow", "--json"))
    files = {task["node"]: task["artifacts"][0]["filename"] for task in done["tasks"]}
    assert files == {"make": "result.parquet", "total": "result.json"}
    words = ("runs", "metrics", str(done["run"]["number"]))
    found = json.loads(shell(*words, "--json"))
    (rows,) = found["make"]["metrics"]
    assert (rows["values"], rows["steps"]) == ([0, 1, 2], [0, 1, 2])
    assert found["total"]["metrics"] == []
    assert "make  rows    3       2" in shell(*words)


AGAIN = """
import os, nbyard
is_first = not os.path.exists({mark!r})
open({mark!r}, "w").close()
for step in range(2 if is_first else 3):
    nbyard.log_metric("loss", (10 if is_first else 1) * (step + 1), step=step)
assert not is_first
"""


@pytest.mark.long
@pytest.mark.timeout(200)
@pytest.mark.parametrize("kind", ["py", "ipynb"])
def test_metrics_of_attempts_are_kept_apart(folder: Path, shell: Shell, kind: str) -> None:
    """A retried attempt starts new series; the earlier ones can still be read."""
    text = AGAIN.format(mark=str(folder.parent / "mark"))
    (folder / f"again.{kind}").write_text(text if kind == "py" else notebook(text))
    node = {"type": "executable", "path": f"again.{kind}", "retries": 1}
    (folder / "again.nbflow").write_text(
        json.dumps({"version": 1, "meta": FLOW["meta"], "nodes": {"again": node}})
    )
    done = json.loads(shell("run", "again.nbflow", "--json"))
    states = [attempt["state"] for attempt in done["tasks"][0]["attempts"]]
    assert states == ["failed", "succeeded"]
    found = []
    for attempt in ("0", "1", "2"):
        words = ("runs", "metrics", "1", "again", "--attempt", attempt, "--json")
        told = json.loads(shell(*words))["again"]
        (line,) = told["metrics"]
        found.append((told["attempt"], line["values"], line["steps"]))
    assert found == [(2, [1, 2, 3], [0, 1, 2]), (1, [10, 20], [0, 1]), (2, [1, 2, 3], [0, 1, 2])]
