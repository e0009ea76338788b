"""Maps with real processes: functions, notebooks, tables and folders, element by element."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbyard.domain.maps.searches import OptunaSearch
from nbyard.domain.maps.structs import ALL
from nbyard.domain.runs.previews.estimates import ForecastRequest
from nbyard.domain.runs.structs import NewRun, RunDetail, Task
from nbyard.domain.workflows.structs import CheckWorkflow
from nbyard.errors import Invalid
from nbyard.reasons.structs import because

from ..notebooks import PARAMETERS, notebook
from .projects import ADA, RunningProject

STEPS = """
import json
import time
from pathlib import Path

import nbyard

def numbers(most: int = 3) -> list:
    return list(range(most))

@nbyard.executable(outputs={"score": "json"})
def square(n: int, by: float = 1.0):
    print("squares", n)
    if n == 13:
        raise ValueError("unlucky")
    return {"square": n * n * by}

@nbyard.executable(outputs={"more": "json"})
def double(score: Path):
    return {"double": 2 * json.loads(score.read_text())["square"]}

@nbyard.executable(outputs={"cubed": "json"})
def cube(m: float):
    if m == 2:
        raise ValueError("unlucky")
    return {"cube": m ** 3}

def both(score: Path, cubed: Path) -> list:
    return [*json.loads(score.read_text()).values(), *json.loads(cubed.read_text()).values()]

def step(n: int, place: str) -> int:
    # One waits for ever, and one fails until the folder is empty.
    import time
    while n == 0:
        time.sleep(0.02)
    if n == 1 and list(Path(place).iterdir()):
        raise ValueError("not yet")
    return n

def rows(table: Path) -> int:
    return len(table.read_text().splitlines())

def size(file: Path) -> int:
    return len(file.read_text())

@nbyard.executable(outputs={"score": "json"})
def learn(n: int):
    nbyard.log_metric("score", 1.0 if n < 6 else 0.0, step=1)
    if n >= 6:
        time.sleep(600)
    return {"square": n}
"""
TOTAL = """
import argparse, json, pathlib

parser = argparse.ArgumentParser()
parser.add_argument("--sum")
parser.add_argument("--files", type=pathlib.Path)
given = parser.parse_args()
numbers = [json.loads(path.read_text())["double"] for path in given.files.iterdir()]
json.dump(sum(numbers), open(given.sum, "w"))
"""
FILES = {"kind": "option", "flag": "--files"}
OUT = {"kind": "option", "flag": "--sum"}
TOTAL_ARGUMENTS = [
    {"name": "sum", "role": "output", "reach": OUT},
    {"name": "files", "role": "input", "type": "list", "reach": FILES, "required": True},
]
WORK = "nbyard_note = n * 2\nopen(output_out, 'w').write(str(nbyard_note))\nprint('n is', n)"


class Project(RunningProject):
    """A folder with functions, and a workflow of them."""

    def node(self, name: str, path: str = "", **more: Any) -> None:
        self.nodes[name] = {"type": "executable", "path": path or f"steps.py::{name}", **more}

    def connect(self, source: str, output: str, target: str, name: str) -> None:
        edge = {"source": source, "output": output, "target": target, "input": name}
        self.edges[f"{source}.{output}->{target}.{name}"] = edge

    def start(self, **wish: Any) -> str:
        whole = {"version": 1, "nodes": self.nodes, "edges": self.edges, "positions": {}}
        (self.root / "flow.nbflow").write_text(json.dumps(whole))
        return self.yard.services.runs.create(ADA, NewRun("flow.nbflow", **wish)).id

    def text(self, task: Task, name: str) -> str:
        digest = next(each.digest for each in task.artifacts if each.name == name)
        return self.yard.context.blobs.path(digest).read_text()

    def rows(self, task: Task) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text(task, ALL).splitlines()]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.opened(tmp_path, slots=2) as made:
        (made.root / "steps.py").write_text(STEPS)
        (made.root / "total.py").write_text(TOTAL)
        description = {"version": 1, "arguments": TOTAL_ARGUMENTS}
        (made.root / "total.py.nbexec").write_text(json.dumps(description))
        yield made


def tasks(detail: RunDetail) -> dict[str, Task]:
    return {task.node: task for task in detail.tasks}


def elements(detail: RunDetail, node: str) -> dict[str, Task]:
    own = [task for task in detail.tasks if task.element and task.element.map == node]
    return {task.element.label: task for task in own if task.element}


def chain(project: Project, most: int, **more: Any) -> None:
    """Numbers known at run time are squared and doubled one by one, then summed up."""
    project.node("numbers", arguments={"most": {"value": most}})
    project.node("square", map={"each": {"kind": "list", "over": "n"}, **more})
    for name, path in (("double", ""), ("total", "total.py"), ("rows", "")):
        project.node(name, path)
    project.connect("numbers", "result", "square", "@each")
    project.connect("square", "score", "double", "score")
    project.connect("double", "more", "total", "files")
    project.connect("double", ALL, "rows", "table")


def test_the_result_of_a_map_can_be_pinned(project: Project) -> None:
    """Nodes that collect it get its files and its table. No node can follow its elements."""
    chain(project, 3)
    first = project.run()
    # The elements had contracts of their own. The folder of all has no metric.
    metric = {"rule": "metric", "name": "double", "min": 0}
    project.nodes["double"]["contracts"] = {"more": [metric]}
    pinned = project.run(pins={"double": "1"}, force=True)
    found = tasks(pinned)
    assert (found["double"].state, found["double"].pinned) == ("succeeded", 1)
    assert {a.name: a.digest for a in found["double"].artifacts} == {
        a.name: a.digest for a in tasks(first)["double"].artifacts
    }
    assert not elements(pinned, "double")
    assert json.loads(project.text(found["total"], "sum")) == 2 * (0 + 1 + 4)
    assert json.loads(project.text(found["rows"], "result")) == 3
    with pytest.raises(Invalid) as caught:
        project.start(pins={"square": "1"})
    first_detail = caught.value.details[0]
    assert first_detail.path == "double" and first_detail.reason
    assert first_detail.reason.code == "edge-format"
    again = project.run(pins={"double": "2"}, force=True)
    assert tasks(again)["double"].pinned == 2 and again.run.state == "succeeded"


def test_a_map_in_a_sub_workflow_gets_its_elements_from_outside(project: Project) -> None:
    """The nodes inside follow element by element. Their outputs are collected outside."""
    chain(project, 3)
    own = {name: project.nodes.pop(name) for name in ("square", "double")}
    inside = {
        key: edge for key, edge in project.edges.items() if key == "square.score->double.score"
    }
    part = {"version": 1, "nodes": own, "edges": inside}
    (project.root / "part.nbflow").write_text(json.dumps(part))
    project.edges.clear()
    project.node("part", "part.nbflow")
    project.connect("numbers", "result", "part", "square.@each")
    project.connect("part", "double.more", "total", "files")
    project.connect("part", f"double.{ALL}", "rows", "table")
    detail = project.run()
    found = tasks(detail)
    assert detail.run.state == "succeeded" and len(elements(detail, "part.double")) == 3
    assert json.loads(project.text(found["total"], "sum")) == 2 * (0 + 1 + 4)
    assert json.loads(project.text(found["rows"], "result")) == 3
    text = (project.root / "flow.nbflow").read_text()
    checked = project.yard.services.workflows.check(ADA, CheckWorkflow("flow.nbflow", text))
    assert checked.problems == []
    ports = {argument.name: argument.role for argument in checked.nodes["part"].arguments}
    assert ports["square.@each"] == "input" and ports["square.@all"] == "output"


def test_two_maps_over_the_same_list_meet_element_by_element(project: Project) -> None:
    """Their elements have other keys, as the types and names of their parameters differ."""
    project.node("numbers", arguments={"most": {"value": 4}})
    for name, over in (("square", "n"), ("cube", "m")):
        project.node(name, map={"each": {"kind": "list", "over": over}, "on_failure": "all"})
        project.connect("numbers", "result", name, "@each")
    project.node("both")
    project.connect("square", "score", "both", "score")
    project.connect("cube", "cubed", "both", "cubed")
    detail = project.run()
    assert detail.run.state == "succeeded"
    own = elements(detail, "both")
    assert {label: task.state for label, task in own.items()} == {
        f"m={n}.0 n={n}": "skipped" if n == 2 else "succeeded" for n in range(4)
    }
    results = [project.text(task, "result") for task in own.values() if task.artifacts]
    assert [json.loads(text) for text in results] == [[n**2, n**3] for n in (0, 1, 3)]
    assert [row["state"] for row in project.rows(tasks(detail)["both"])].count("skipped") == 1
    asked = ForecastRequest("flow.nbflow")
    forecasts = project.yard.services.runs.forecast(ADA, asked)
    reason = {node.node: node.reason for node in forecasts.nodes}["both"]
    assert reason == because("map-forecast", cached=3, total=4)


def test_a_chain_of_elements_known_at_run_time(project: Project) -> None:
    chain(project, 4)
    detail = project.run()
    found = tasks(detail)
    assert detail.run.state == "succeeded"
    assert json.loads(project.text(found["total"], "sum")) == 2 * (0 + 1 + 4 + 9)
    assert json.loads(project.text(found["rows"], "result")) == 4
    table = project.rows(found["square"])
    assert [row["label"] for row in table] == [f"n={n}" for n in range(4)]
    assert [row["metrics"] for row in table] == [{"square": n * n} for n in (0.0, 1.0, 2.0, 3.0)]
    for n, task in enumerate(elements(detail, "square").values()):
        assert project.log(detail.run.id, task.node) == f"squares {n}\n"
    lineage = project.yard.services.lineage.get(ADA, "artifact", task.artifacts[0].id)
    known = {node.workflow_node for node in lineage.nodes if node.kind == "artifact"}
    assert known >= {"numbers", task.node, "square", "double", "total"}


def forecast(project: Project) -> dict[str, tuple[str, str]]:
    """Return the state of each node and the code of its reason."""
    found = project.yard.services.runs.forecast(ADA, ForecastRequest("flow.nbflow"))
    return {n.node: (n.state, n.reason.code if n.reason else "") for n in found.nodes}


def test_forecasts_know_the_results_of_maps(project: Project) -> None:
    """Elements that failed are assumed to fail again. A change of a later node is seen at once."""
    chain(project, 3, on_failure="all")
    project.run()
    assert {state for state, _ in forecast(project).values()} == {"cached"}
    project.nodes["numbers"]["arguments"] = {"most": {"value": 14}}
    assert tasks(project.run())["square"].reason == because(
        "map-ended", total=14, succeeded=13, failed=1, skipped=0
    )
    assert forecast(project) == {
        "numbers": ("cached", "unchanged"),
        "square": ("stale", "map-forecast"),
        "double": ("stale", "map-forecast"),
        "total": ("unknown", "elements-again"),
        "rows": ("unknown", "elements-again"),
    }
    (project.root / "total.py").write_text(TOTAL.replace("sum(numbers)", "sum(numbers) + 1"))
    after = forecast(project)
    assert after["total"] == ("stale", "changed") and after["rows"][0] == "unknown"


def test_forecasts_read_new_tables(project: Project) -> None:
    project.nodes["table"] = {"type": "dataset", "path": "n.csv"}
    project.node("square", map={"each": {"kind": "rows", "columns": ["n"]}})
    project.connect("table", "data", "square", "@each")
    table = project.root / "n.csv"
    table.write_text("n\n1\n2\n")
    project.run()
    table.write_text("n\n2\n3\n4\n")
    found = project.yard.services.runs.forecast(ADA, ForecastRequest("flow.nbflow"))
    reasons = {node.node: node.reason for node in found.nodes}
    assert reasons["square"] == because("map-forecast", cached=1, total=3)
    table.write_text("n,text\n" + f"2,{'x' * 900}\n" * 1500)
    assert forecast(project)["square"] == ("unknown", "file-not-read")


def test_new_elements_recompute_no_other(project: Project) -> None:
    chain(project, 3)
    first = project.run()
    project.node("numbers", arguments={"most": {"value": 5}})
    second = project.run()
    for node in ("square", "double"):
        assert [task.cached for task in elements(second, node).values()] == [True] * 3 + [False] * 2
    assert second.run.state == first.run.state == "succeeded"
    again = project.run()
    assert all(task.cached for task in again.tasks if task.node not in ("square", "double"))


def test_failures_are_kept_apart(project: Project) -> None:
    """The run goes on without the element that failed, and its record says why."""
    chain(project, 15, on_failure="10%")
    detail = project.run()
    assert detail.run.state == "succeeded"
    bad = elements(detail, "square")["n=13"]
    assert bad.failure and bad.failure.error_name == "ValueError"
    assert elements(detail, "double")["n=13"].state == "skipped"
    assert [row["state"] for row in project.rows(tasks(detail)["double"])].count("skipped") == 1


def test_a_map_stops_at_the_first_failure_and_is_retried(project: Project) -> None:
    chain(project, 15, at_most=2)
    failed = project.run()
    assert failed.run.state == "failed" and tasks(failed)["square"].state == "failed"
    assert tasks(failed)["total"].state == "skipped"
    done = [name for name, task in elements(failed, "square").items() if task.state == "succeeded"]
    again = project.end(project.yard.services.runs.retry(ADA, failed.run.id).id)
    assert all(elements(again, "square")[name].cached for name in done)
    assert len(elements(again, "square")) == 15
    for name in done:
        node = elements(again, "square")[name].node
        assert project.log(again.run.id, node) == f"squares {name.removeprefix('n=')}\n"


def test_rows_of_a_table_and_files_of_a_folder(project: Project) -> None:
    (project.root / "table.csv").write_text("by,n,other\n0.5,2,x\n2,3,y\n")
    (project.root / "texts").mkdir()
    for name in ("b", "a"):
        (project.root / "texts" / f"{name}.txt").write_text(name * (ord(name) - 90))
    project.nodes["data"] = {"type": "dataset", "path": "table.csv"}
    project.nodes["texts"] = {"type": "dataset", "path": "texts"}
    project.node("square", map={"each": {"kind": "rows", "columns": ["n", "by"]}})
    project.node("size", map={"each": {"kind": "files", "over": "file"}})
    project.connect("data", "data", "square", "@each")
    project.connect("texts", "data", "size", "@each")
    found = tasks(project.run())
    squares = [row["metrics"]["square"] for row in project.rows(found["square"])]
    assert squares == [2.0, 18.0]
    assert [row["label"] for row in project.rows(found["size"])] == ["file=a.txt", "file=b.txt"]
    sizes = [each for node, each in found.items() if node.startswith("size.")]
    assert [json.loads(project.text(task, "result")) for task in sizes] == [7, 8]


def test_an_empty_map_passes_on_empty_results(project: Project) -> None:
    chain(project, 0)
    detail = project.run()
    found = tasks(detail)
    assert detail.run.state == "succeeded"
    assert json.loads(project.text(found["total"], "sum")) == 0
    assert found["square"].reason and found["square"].reason.code == "map-empty"


def test_maps_nest(project: Project) -> None:
    """An inner element for each value of the lists that the outer ones return."""
    project.node("numbers", map={"each": {"kind": "grid", "values": {"most": [2, 0, 3]}}})
    project.node("square", map={"each": {"kind": "list", "over": "n"}})
    project.node("rows")
    project.connect("numbers", "result", "square", "@each")
    project.connect("square", ALL, "rows", "table")
    detail = project.run()
    assert detail.run.state == "succeeded"
    rows = project.rows(tasks(detail)["square"])
    assert [row["label"] for row in rows] == [
        f"most={most} n={n}" for most in (2, 3) for n in range(most)
    ]
    assert {state for state, _ in forecast(project).values()} == {"cached"}


def test_a_notebook_is_swept(project: Project) -> None:
    text = notebook("n = 1\noutput_out = 'out.txt'", WORK, tags=[PARAMETERS])
    (project.root / "work.ipynb").write_text(text)
    made = project.yard.services.runs.create(ADA, NewRun("work.ipynb", sweep={"n": "5,6"}))
    detail = project.end(made.id)
    own = elements(detail, "main")
    assert {name: project.text(task, "output_out") for name, task in own.items()} == {
        "n=5": "10",
        "n=6": "12",
    }
    assert all(task.attempts[0].state == "succeeded" for task in own.values())


def test_elements_are_cancelled_and_retried_one_by_one(project: Project, tmp_path: Path) -> None:
    """All are calls of one process, which goes with the cancelled one; the rest gets another."""
    (tmp_path / "place" / "busy").mkdir(parents=True)
    place = {"place": {"value": str(tmp_path / "place")}}
    each = {"kind": "grid", "values": {"n": [1, 0, 2, 3]}}
    project.node("step", arguments=place, cpu=2, map={"each": each, "on_failure": "all"})
    run, runs = project.start(), project.yard.services.runs

    def until(state: str, label: str) -> None:
        project.dispatching.until(
            lambda: elements(project.detail(run), "step").get(label),
            lambda task: task is not None and task.state == state,
        )

    until("failed", "n=1")
    until("running", "n=0")
    (tmp_path / "place" / "busy").rmdir()
    runs.retry_elements(ADA, run, "step")
    runs.cancel_element(ADA, run, elements(project.detail(run), "step")["n=0"].node)
    detail = project.end(run)
    assert detail.run.state == "succeeded"
    ends = {label: task.state for label, task in elements(detail, "step").items()}
    assert ends == dict.fromkeys(("n=1", "n=2", "n=3"), "succeeded") | {"n=0": "cancelled"}
    tries = [len(task.attempts) for task in elements(detail, "step").values()]
    assert tries == [2, 1, 1, 1]


def search(**more: Any) -> dict[str, Any]:
    space = {"n": {"low": 0, "high": 9}}
    return {"kind": "search", "space": space, "by": "optuna", "goal": "score", **more}


def test_an_optimiser_stops_hopeless_elements(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are skipped, with all that follows them, and their map succeeds."""

    def suggest(_: OptunaSearch, __: object, trials: list[object], count: int) -> list[Any]:
        return [{"n": len(trials) + place} for place in range(count)]

    monkeypatch.setattr(OptunaSearch, "suggest", suggest)
    project.node("learn", map={"each": search(count=8, prune=True), "at_most": 2})
    project.node("double")
    project.connect("learn", "score", "double", "score")
    detail = project.run()
    assert detail.run.state == "succeeded"
    own = elements(detail, "learn")
    assert [own[f"n={n}"].state for n in range(8)] == ["succeeded"] * 6 + ["cancelled"] * 2
    assert [own[f"n={n}"].reason for n in (6, 7)] == [because("pruned", goal="score")] * 2
    for node in ("learn", "double"):
        reason = tasks(detail)[node].reason
        assert reason and reason.code == "map-ended"
        assert (reason.params["total"], reason.params["skipped"]) == (8, 2)


def test_a_search_without_its_metric_fails(project: Project) -> None:
    project.node("square", map={"each": search(count=8), "at_most": 1})
    detail = project.run()
    failure = tasks(detail)["square"].failure
    assert failure and failure.reason.code == "map-goal-missing"
    assert len(elements(detail, "square")) == 1


def test_a_retried_search_reuses_its_elements(project: Project) -> None:
    project.node("learn", map={"each": search(count=4) | {"space": {"n": [1, 2, 3, 4]}}})
    project.node("square", map={"each": search(count=1, goal="square") | {"space": {"n": [13]}}})
    first = project.run()
    again = project.end(project.yard.services.runs.retry(ADA, first.run.id).id)
    assert first.run.state == again.run.state == "failed"
    before, after = (
        {task.node: task.cached for task in detail.tasks if task.node.startswith("learn.")}
        for detail in (first, again)
    )
    assert after == dict.fromkeys(before, True) and len(after) == 4


def test_the_bundle_of_mapped_functions_has_their_results(project: Project) -> None:
    """Functions need nbyard, and the script that gets the files of all elements does not."""
    chain(project, 2)
    detail = project.run()
    bundle = project.yard.services.runs.bundle(ADA, detail.run.id)
    members = {member.filename: member for member in bundle.members}
    collected = {each.name: each.digest for each in tasks(detail)["double"].artifacts}
    assert members["nodes/double/outputs/more/more"].digest == collected["more"]
    assert members["nodes/double/outputs/@all/elements.jsonl"].digest == collected[ALL]
    assert b"../../double/outputs/more/more" in (members["repeat.sh"].content or b"")
