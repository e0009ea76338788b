"""A bisection with real processes finds the change that made a run bad."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbyard.domain.bisections.structs import Bisection, NewBisection
from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun
from nbyard.reasons.structs import because
from nbyard.testing.dispatcher_thread import Dispatching

from ..notebooks import PARAMETERS, notebook
from .projects import RunningProject

ADA = Caller("ada")


class Trained(RunningProject):
    """A notebook that prepares data, and one that computes a metric from it."""

    def write(self, body: str, factor: int, rows: int) -> None:
        first = "input_csv = 'data.csv'\nout = 'out.csv'  # output: csv"
        copy = "import shutil\nshutil.copy(input_csv, out)"
        (self.root / "first.ipynb").write_text(notebook(first, copy, tags=[PARAMETERS]))
        second = "input_csv = 'data.csv'\nfactor = 1\nseed = 0\nout = 'm.json'  # output: json"
        (self.root / "second.ipynb").write_text(notebook(second, body, tags=[PARAMETERS]))
        (self.root / "data.csv").write_text("n\n" + "1\n" * rows)
        nodes = {
            "data": {"type": "dataset", "path": "data.csv"},
            "first": {"type": "executable", "path": "first.ipynb"},
            "second": {
                "type": "executable",
                "path": "second.ipynb",
                "arguments": {"factor": {"parameter": "factor"}, "seed": {"parameter": "seed"}},
            },
        }
        edges = {
            "a": {"source": "data", "output": "data", "target": "first", "input": "input_csv"},
            "b": {"source": "first", "output": "out", "target": "second", "input": "input_csv"},
        }
        meta = {
            "parameters": {
                "factor": {"type": "int", "default": factor},
                "seed": {"type": "int", "default": 0},
            }
        }
        whole = {"version": 1, "meta": meta, "nodes": nodes, "edges": edges, "positions": {}}
        (self.root / "flow.nbflow").write_text(json.dumps(whole))

    def start(self, path: str = "flow.nbflow", **wish: Any) -> str:
        return self.yard.services.runs.create(ADA, NewRun(path, **wish)).id

    def bisect(self, good: str, bad: str, **wish: Any) -> Bisection:
        made = self.yard.services.bisections.create(ADA, NewBisection(good, bad, **wish))
        return self.concluded(made.id)

    def concluded(self, name: str) -> Bisection:
        bisections = self.yard.services.bisections
        return self.dispatching.until(
            lambda: bisections.get(ADA, name), lambda found: found.state != "running"
        )

    def culprits(self, found: Bisection) -> list[tuple[str, str]]:
        return [(found.changes[at].kind, found.changes[at].name) for at in found.culprits]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Trained]:
    with Trained.opened(tmp_path, slots=2) as made:
        yield made


SCORE = """import json
rows = len(open(input_csv).readlines())
json.dump({'score': rows * factor}, open(out, 'w'))"""
WORSE = SCORE.replace("rows * factor", "rows * factor - 90")
FAILS = SCORE.replace("rows =", "assert factor < 3 or seed\nrows =")


def test_bisection_by_a_metric_finds_the_changed_code(project: Trained) -> None:
    project.write(SCORE, 1, 100)
    good = project.run()
    project.write(WORSE, 1, 105)
    bad = project.run(parameters={"seed": 7})
    runs, bisections = project.yard.services.runs, project.yard.services.bisections
    asked = NewBisection("1", "2", metric="second.score")
    preview = bisections.preview(ADA, asked)
    kinds = {(one.kind, one.name, one.before, one.after) for one in preview.changes}
    assert sorted(kinds, key=str) == [
        ("code", "second.ipynb", "version 1", "version 2"),
        ("data", "input_csv", "data.csv", "data.csv"),
        ("parameter", "seed", "0", "7"),
    ]
    assert (preview.expected, preview.judge.threshold) == (5, 58.5)
    found = project.bisect(good.run.id, bad.run.id, metric="second.score")
    assert (found.state, found.ending) == ("done", "found"), found
    assert project.culprits(found) == [("code", "second.ipynb")]
    assert len(found.probes) <= found.expected
    assert [one.value for one in found.probes[:2]] == [101, 16]
    repeated = [project.detail(one.run_id) for one in found.probes[:2]]
    assert all(task.cached for detail in repeated for task in detail.tasks), "from the cache"
    assert [run.number for run in runs.list(ADA).items] == [2, 1]
    third = project.run(parameters={"seed": 8})
    assert third.run.number == 3
    assert all(task.reason == because("unchanged", run=2) for task in third.tasks if task.cached)


@pytest.mark.long
def test_input_file_beside_the_code_counts_as_one_change(project: Trained) -> None:
    project.write(SCORE, 1, 100)
    project.run()
    project.write(SCORE, 1, 50)
    project.run()
    bisections = project.yard.services.bisections
    (change,) = bisections.preview(ADA, NewBisection("1", "2", metric="second.score")).changes
    assert (change.kind, change.nodes, change.name) == ("data", ["first"], "input_csv")
    assert (change.before, change.after) == ("data.csv", "data.csv")


def test_bisection_finds_a_read_file_although_the_code_changed(
    project: Trained,
) -> None:
    body = "import csv, nbyard\ntotal = sum(int(row['n']) for row in csv.DictReader(open('s.csv')))"
    for comment, price in (("first", 3), ("second", 20)):
        text = f"# {comment}\n{body}\nnbyard.log_metric('total', total)"
        (project.root / "calc.ipynb").write_text(notebook(text))
        (project.root / "s.csv").write_text(f"n\n{price}\n")
        project.run(path="calc.ipynb")
    found = project.bisect("1", "2", metric="main.total")
    assert [(one.kind, one.files) for one in found.changes] == [("files", ["s.csv"]), ("code", [])]
    assert (found.state, found.ending, found.culprits) == ("done", "found", [0]), found
    verdicts = {tuple(one.changes): one.value for one in found.probes}
    assert verdicts == {(): 3, (0, 1): 20, (0,): 20}


def test_bisection_finds_two_changes_that_fail_only_together(project: Trained) -> None:
    """The failed node runs again; the others are reused."""
    project.write(FAILS.replace(" or seed", " or not seed"), 1, 10)
    good = project.run()
    bad = project.run(parameters={"factor": 3, "seed": 1})
    assert (good.run.state, bad.run.state) == ("succeeded", "failed")
    found = project.bisect("1", "2")
    assert (found.state, found.ending) == ("done", "found"), found
    assert sorted(project.culprits(found)) == [("parameter", "factor"), ("parameter", "seed")]


@pytest.mark.long
def test_a_bisection_survives_its_dispatcher_and_can_be_cancelled(project: Trained) -> None:
    slow = (
        "import os, time\nwhile seed and not os.path.exists(os.environ['GO']): time.sleep(0.05)\n"
    )
    del slow
    project.write(SCORE, 1, 10)
    good = project.run()
    project.write(WORSE, 1, 10)
    bad = project.run(parameters={"seed": 1})
    asked = NewBisection(good.run.id, bad.run.id, metric="second.score")
    bisections = project.yard.services.bisections
    project.dispatching.__exit__(None, None, None)
    waiting = bisections.create(ADA, asked)
    stopped = bisections.create(ADA, asked)
    assert bisections.cancel(ADA, stopped.id).state == "cancelled"
    with Dispatching(project.dispatching.settings) as again:
        project.dispatching = again
        found = project.concluded(waiting.id)
        assert project.culprits(found) == [("code", "second.ipynb")]
        again.until(project.alive, lambda left: not left)
    assert bisections.get(ADA, stopped.id).probes == []
