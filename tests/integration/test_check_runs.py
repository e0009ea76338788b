"""Check runs with real processes: a sample of the data, and no trace in history and cache."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.runs.checks import NewCheckRun
from nbyard.domain.runs.structs import NewRun
from nbyard.reasons.structs import because

from ..notebooks import PARAMETERS, notebook
from .projects import RunningProject

ADA = Caller("ada")


class Checked(RunningProject):
    """A notebook that counts rows and files, and a script that copies."""

    def node(self, name: str, file: str, *cells: str, **inputs: str) -> None:
        (self.root / file).write_text(notebook(*cells, tags=[PARAMETERS]))
        self.nodes[name] = {"type": "executable", "path": file}
        for argument, source in inputs.items():
            if source in self.nodes:
                output = "out" if self.nodes[source]["type"] == "executable" else "data"
                self.edges[f"{source}->{name}"] = {
                    "source": source, "output": output, "target": name, "input": argument
                }  # fmt: skip

    def data(self, name: str, path: str) -> None:
        self.nodes[name] = {"type": "dataset", "path": path}

    def write(self) -> None:
        whole = {"version": 1, "meta": {}, "nodes": self.nodes, "edges": self.edges}
        (self.root / "flow.nbflow").write_text(json.dumps({**whole, "positions": {}}))

    def start(self, **wish: Any) -> str:
        self.write()
        return self.yard.services.runs.create(ADA, NewRun(path="flow.nbflow", **wish)).id

    def check(self, **wish: Any) -> Any:
        self.write()
        body = NewCheckRun(path="flow.nbflow", **wish)
        return self.end(self.yard.services.runs.check_sample(ADA, body).id)

    def output(self, run: str, node: str) -> str:
        (task,) = [one for one in self.detail(run).tasks if one.node == node]
        digest = next(one.digest for one in task.artifacts if one.name == "out")
        return self.yard.context.blobs.path(digest).read_text()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Checked]:
    with Checked.opened(tmp_path, slots=2) as made:
        yield made


READ = "input_csv = 'data.csv'\nout = 'out.csv'  # output: csv"
COUNT = """import shutil
rows = len(open(input_csv).readlines()) - 1
shutil.copy(input_csv, out)
print('rows:', rows)"""
FOLDER = "input_folder = 'many'  # input: folder\nout = 'out.txt'"
NAMES = """import pathlib
files = sorted(p for p in pathlib.Path(input_folder).rglob('*') if p.is_file())
lines = [f'{p.relative_to(input_folder)} {len(p.read_text().splitlines())}' for p in files]
open(out, 'w').write('\\n'.join(lines))"""


def test_check_run_uses_a_sample_and_leaves_no_trace(project: Checked) -> None:
    (project.root / "data.csv").write_text("n\n" + "".join(f"{n}\n" for n in range(1000)))
    project.data("data", "data.csv")
    project.node("first", "first.ipynb", READ, COUNT, input_csv="data")
    project.node("second", "second.ipynb", READ, COUNT, input_csv="first")
    runs = project.yard.services.runs
    checked = project.check(rows=7)
    assert checked.run.state == "succeeded", checked.run.reason
    assert (checked.run.number, checked.run.origin.kind) == (-1, "check")
    for node in ("first", "second"):
        assert "rows: 7" in project.log(checked.run.id, node)
    why = because("runs", cause=because("sampled", rows=7, files=3))
    assert [task.reason for task in checked.tasks] == [why, why]
    assert runs.list(ADA).items == []
    again = project.check()
    assert "rows: 100" in project.log(again.run.id, "second"), "no result of the other check"
    assert [run.id for run in runs.list(ADA, origin="check").items] == [again.run.id]

    whole = project.run()
    assert whole.run.number == 1, "history has no gap"
    assert not any(task.cached for task in whole.tasks)
    assert "rows: 1000" in project.log(whole.run.id, "second")
    third = project.check(rows=7)
    assert not any(task.cached for task in third.tasks), "the cache is not read"
    repeated = project.run()
    assert all(task.cached for task in repeated.tasks)
    assert all(task.reason == because("unchanged", run=1) for task in repeated.tasks)


def test_sample_of_a_folder_has_some_files_of_each_kind(project: Checked) -> None:
    for folder in ("cats", "dogs"):
        (project.root / "many" / folder).mkdir(parents=True)
        for n in range(5):
            (project.root / "many" / folder / f"{n}.csv").write_text("n\n1\n2\n3\n4\n")
            (project.root / "many" / folder / f"{n}.txt").write_text("a\nb\nc\nd\n")
    project.data("data", "many")
    project.node("count", "count.ipynb", FOLDER, NAMES, input_folder="data")
    checked = project.check(rows=2, files=2)
    assert checked.run.state == "succeeded", checked.run.reason
    lines = project.output(checked.run.id, "count").splitlines()
    kept = sorted({Path(line.split()[0]).stem for line in lines})
    assert len(kept) == 2
    assert lines == [
        f"{folder}/{n}.{suffix} {count}"
        for folder in ("cats", "dogs")
        for n in kept
        for suffix, count in (("csv", 3), ("txt", 4))
    ]


@pytest.mark.parametrize(
    ("example", "file"),
    [
        # test_docs.py checks it from a shell
        pytest.param("penguins", "penguins.nbflow", marks=pytest.mark.long),
        ("nb-workflows", "count.ipynb"),
    ],
)
def test_check_run_passes_on_our_examples(
    project: Checked, repository: Path, example: str, file: str
) -> None:
    shutil.copytree(repository / "examples" / example, project.root, dirs_exist_ok=True)
    body = NewCheckRun(path=file)
    checked = project.end(project.yard.services.runs.check_sample(ADA, body).id)
    assert checked.run.state == "succeeded", [task.failure for task in checked.tasks]


@pytest.mark.parametrize(
    ("rows", "code", "is_doubted"),
    [(200, "1 / 0", True), (5, "1 / 0", False), (200, "import no_such_module", False)],
)
def test_failure_names_the_sample_as_a_possible_cause(
    project: Checked, rows: int, code: str, is_doubted: bool
) -> None:
    """Also below the node whose input was cut; never for small data or an error of the code."""
    (project.root / "data.csv").write_text("n\n" + "1\n" * rows)
    project.data("data", "data.csv")
    project.node("first", "first.ipynb", READ, COUNT, input_csv="data")
    project.node("second", "second.ipynb", READ, code, input_csv="first")
    checked = project.check()
    (failure,) = [task.failure for task in checked.tasks if task.failure]
    assert (failure.reason.code == "sample-doubted") == is_doubted


def test_failing_check_run_shows_its_cell_and_code_can_detect_it(project: Checked) -> None:
    (project.root / "data.csv").write_text("n\n1\n2\n")
    project.data("data", "data.csv")
    project.node(
        "first",
        "first.ipynb",
        READ,
        "import os\nprint(os.environ['NBYARD_SCRATCH_RUN'])\n1 / 0",
        input_csv="data",
    )
    checked = project.check()
    assert checked.run.state == "failed"
    (task,) = checked.tasks
    assert task.failure is not None and task.failure.error_name == "ZeroDivisionError"
    assert task.failure.cell == 1
    assert "check" in project.log(checked.run.id, "first")
