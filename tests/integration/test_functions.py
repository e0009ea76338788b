"""Functions of Python files as nodes, with real processes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from nbyard.domain.executables.structs import Inspect, NewExecutable
from nbyard.domain.runs.structs import NewRun, RunDetail, Task
from nbyard.domain.workflows.structs import CheckWorkflow
from nbyard.errors import Invalid, NotFound
from nbyard.testing.dispatcher_thread import Dispatching

from .projects import ADA, RunningProject

STEPS = """
import json, os, sys, time
from pathlib import Path

import nbyard

print("imported")

@nbyard.executable(outputs={"table": "csv", "count": "json"})
def make(rows: int = 3):
    print("makes", rows)
    return "x\\n" + "".join(f"{n}\\n" for n in range(rows)), rows

def total(table: Path, factor: float = 1.0) -> dict:
    numbers = [int(line) for line in table.read_text().split()[1:]]
    return {"total": sum(numbers) * factor}

@nbyard.executable(outputs={"out": "txt"})
def note(text: str, out: Path):
    out.write_text(text)

def noop(n: int = 0) -> None:
    pass

def breaks():
    here = "so deep"
    raise ValueError(here)

def leaves() -> None:
    sys.exit(3)

def dies() -> None:
    os._exit(4)

def wrong() -> str:
    return {"not": "text"}

def process(n: int) -> int:
    return os.getpid()

def wait(n: int, place: str) -> None:
    # a call with an absolute path has a process of its own
    Path("/", place, str(n)).touch()
    for _ in range(6000):
        if Path("/", place, "go").exists():
            return
        time.sleep(0.01)
"""


class Project(RunningProject):
    """A folder with steps.py and a workflow of its functions."""

    def node(self, name: str, function: str, **more: Any) -> None:
        values = {k: {"value": v} for k, v in more.pop("arguments", {}).items()}
        path = f"pkg/steps.py::{function}"
        self.nodes[name] = {"type": "executable", "path": path, "arguments": values, **more}

    def arrow(self, source: str, output: str, target: str, name: str) -> None:
        edge = {"source": source, "output": output, "target": target, "input": name}
        self.edges[f"{source}.{output}->{target}.{name}"] = edge

    def document(self) -> str:
        whole = {"version": 1, "nodes": self.nodes, "edges": self.edges, "positions": {}}
        return json.dumps(whole)

    def start(self, **wish: Any) -> str:
        (self.root / "flow.nbflow").write_text(self.document())
        wish = wish or {"path": "flow.nbflow"}
        return self.yard.services.runs.create(ADA, NewRun(**wish)).id

    def bytes_of(self, task: Task, name: str) -> bytes:
        digest = next(one.digest for one in task.artifacts if one.name == name)
        return self.yard.context.blobs.path(digest).read_bytes()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.opened(tmp_path, slots=2) as made:
        (made.root / "pkg").mkdir()
        (made.root / "pkg" / "steps.py").write_text(STEPS)
        yield made


def tasks(detail: RunDetail) -> dict[str, Task]:
    return {task.node: task for task in detail.tasks}


def test_functions_pass_on_their_return_values(project: Project) -> None:
    """A workflow of functions of one file; the second run uses the cache only."""
    project.node("make", "make", arguments={"rows": 4})
    project.node("total", "total", arguments={"factor": 2.0})
    project.node("note", "note", arguments={"text": "hello"})
    project.arrow("make", "table", "total", "table")
    detail = project.run()
    found = tasks(detail)
    assert {name: task.state for name, task in found.items()} == dict.fromkeys(found, "succeeded")
    assert project.bytes_of(found["make"], "table") == b"x\n0\n1\n2\n3\n"
    assert project.bytes_of(found["make"], "count") == b"4"
    assert json.loads(project.bytes_of(found["total"], "result")) == {"total": 12.0}
    assert project.bytes_of(found["note"], "out") == b"hello"
    assert {one.format for one in found["make"].artifacts} == {"csv", "json"}
    assert "makes 4" in project.log(detail.run.id, "make")
    assert "makes" not in project.log(detail.run.id, "total")
    again = tasks(project.run())
    assert all(task.cached for task in again.values())


def test_cache_distinguishes_functions_of_one_file(project: Project) -> None:
    """Equal bytes of an input also end recomputation early."""
    project.node("make", "make")
    project.node("total", "total")
    project.arrow("make", "table", "total", "table")
    project.run()
    steps = project.root / "pkg" / "steps.py"
    steps.write_text(STEPS.replace("makes", "has made"))
    again = tasks(project.run())
    assert (again["make"].cached, again["total"].cached) == (False, False)  # one file, both changed
    project.nodes.pop("total")
    project.edges.clear()
    project.nodes["make"]["path"] = "pkg/steps.py::noop"
    assert not tasks(project.run())["make"].cached


def test_errors_of_functions_are_reported(project: Project) -> None:
    for name in ("breaks", "leaves", "dies", "wrong", "noop"):
        project.node(name, name)
    detail = project.run()
    found = tasks(detail)
    assert detail.run.state == "failed" and found["noop"].state == "succeeded"
    failures = {name: task.failure for name, task in found.items() if task.failure}
    assert failures["breaks"].message == "ValueError: so deep"
    assert 'steps.py", line ' in failures["breaks"].traceback
    assert (
        "in breaks" in failures["breaks"].traceback and "runner" not in failures["breaks"].traceback
    )
    assert failures["breaks"].traceback in project.log(detail.run.id, "breaks")
    assert (failures["leaves"].kind, failures["leaves"].exit_code) == ("exit-code", 3)
    assert (failures["dies"].kind, failures["dies"].exit_code) == ("exit-code", 4)
    assert failures["wrong"].kind == "contract"
    assert "be written as txt" in failures["wrong"].message


def test_single_function_runs_from_shell_and_rest(project: Project) -> None:
    """`nbyard run pkg/steps.py::total -p table=FILE`, and the same over REST."""
    (project.root / "numbers.csv").write_text("x\n5\n")
    path = "pkg/steps.py::total"
    detail = project.run(path=path, parameters={"table": "numbers.csv"}, texts={"factor": "3"})
    assert detail.run.state == "succeeded" and detail.run.title == "total"
    (task,) = detail.tasks
    assert json.loads(project.bytes_of(task, "result")) == {"total": 15.0}
    with pytest.raises(Invalid, match=r"'nothing'; .*: make, total"):
        project.start(path="pkg/steps.py::nothing")
    with pytest.raises(NotFound, match="no file pkg/other"):
        project.start(path="pkg/other.py::total")


def test_function_can_be_described_and_registered(project: Project) -> None:
    """The canvas reads a function; a registered function follows its file."""
    executables = project.yard.services.executables
    seen = executables.inspect(ADA, Inspect(path="pkg/steps.py::make"))
    assert (seen.name, seen.kind, seen.language) == ("make", "function", "python")
    assert [argument.name for argument in seen.arguments] == ["rows", "table", "count"]
    made = executables.create(ADA, NewExecutable(path="pkg/steps.py::make"))
    executables.create(ADA, NewExecutable(path="pkg/steps.py::total"))
    assert (made.name, made.hints, made.changed) == ("make", [], False)
    assert made.path.endswith("pkg/steps.py::make") and made.current.file.endswith("steps.py::make")
    detail = project.run(executable="make")
    assert detail.run.state == "succeeded"
    (project.root / "pkg" / "steps.py").write_text(STEPS + "\n")
    assert executables.get(ADA, "make").changed
    project.node("again", "make")
    check = project.yard.services.workflows.check(
        ADA, CheckWorkflow(path="flow.nbflow", document=project.document())
    )
    view = check.nodes["again"]
    assert (view.name, view.kind, view.problem) == ("make", "function", None)


@pytest.mark.long
def test_thousand_functions_share_a_few_processes(project: Project) -> None:
    """Each has one attempt, and calls without output write no file."""
    for n in range(1000):
        project.node(f"n{n}", "noop", arguments={"n": n})
    detail = project.run()
    assert detail.run.state == "succeeded" and len(detail.tasks) == 1000
    workers = {attempt.worker for task in detail.tasks for attempt in task.attempts}
    assert all(len(task.attempts) == 1 for task in detail.tasks)
    assert len(workers) < 10 and "" not in workers
    attempts = project.yard.store.folder / "attempts"
    assert {path.name for path in attempts.iterdir()} == workers
    for worker in workers:
        code = attempts / worker / "code"
        project.dispatching.until(code.exists, lambda there: not there)
        assert not (attempts / worker / "calls").exists()
        assert (attempts / worker / "results.jsonl").exists()


def test_runs_do_not_share_processes(project: Project) -> None:
    """Data that a call leaves in memory reaches no other run and no other version of the code."""
    for n in range(3):
        project.node(f"n{n}", "process", arguments={"n": n})
    pids = []
    for _ in range(2):
        found = tasks(project.run(path="flow.nbflow", force=True)).values()
        pids.append({project.bytes_of(task, "result") for task in found})
    assert not pids[0] & pids[1]


def test_calls_behind_a_call_that_exits_run_elsewhere(project: Project) -> None:
    """Another process executes the calls that were waiting."""
    for name in ("a", "b", "c", "d", "e"):
        project.node(name, "dies" if name in "bd" else "process", arguments={"n": 1})
    for name in ("b", "d"):
        del project.nodes[name]["arguments"]
    found = tasks(project.run())
    states = {name: task.state for name, task in found.items()}
    assert states == dict(zip("abcde", ["succeeded", "failed"] * 2 + ["succeeded"], strict=True))
    assert all(len(task.attempts) == 1 for task in found.values())


def test_killed_worker_process_loses_only_its_current_call(
    project: Project, tmp_path: Path
) -> None:
    """The current call is retried; the others continue in another process."""
    place = tmp_path / "place"
    place.mkdir()
    for n in range(4):
        project.node(f"n{n}", "wait", arguments={"n": n, "place": str(place)[1:]})
    run = project.start()
    project.dispatching.until(lambda: list(place.iterdir()), lambda begun: len(begun) == 2)
    for process in psutil.process_iter():
        if _is_worker(process, project):
            process.kill()
    (place / "go").touch()
    detail = project.end(run)
    assert detail.run.state == "succeeded"
    tries = sorted(len(task.attempts) for task in detail.tasks)
    assert tries == [1, 1, 2, 2]
    lost = [task.attempts[0] for task in detail.tasks if len(task.attempts) == 2]
    assert {attempt.state for attempt in lost} == {"lost"}


def _is_worker(process: psutil.Process, project: Project) -> bool:
    try:
        is_owned = process.environ().get("NBYARD_STORE") == project.yard.store.id
        return is_owned and "--calls" in process.cmdline()
    except psutil.Error:
        return False


def test_time_limit_fails_one_call_and_cancel_stops_all(project: Project, tmp_path: Path) -> None:
    """A cancelled run leaves no process."""
    place = tmp_path / "place"
    place.mkdir()
    slow = {"n": 0, "place": str(place)[1:]}
    project.node("slow", "wait", arguments=slow, timeout_seconds=0.3)
    project.node("quick", "process", arguments={"n": 1}, timeout_seconds=60.0)
    found = tasks(project.run())
    assert (found["slow"].state, found["quick"].state) == ("failed", "succeeded")
    assert found["slow"].failure is not None and found["slow"].failure.kind == "timeout"
    for n in range(6):
        project.node(f"n{n}", "wait", arguments={"n": n + 1, "place": str(place)[1:]})
    del project.nodes["slow"]
    run = project.start()
    project.dispatching.until(lambda: list(place.iterdir()), lambda begun: len(begun) > 1)
    project.yard.services.runs.cancel(ADA, run)
    assert project.end(run).run.state == "cancelled"
    project.dispatching.until(project.alive, lambda left: not left)


@pytest.mark.long
@pytest.mark.leaves_running
def test_next_dispatcher_continues_running_functions(project: Project, tmp_path: Path) -> None:
    """Running calls continue undisturbed, and none is repeated."""
    place = tmp_path / "place"
    place.mkdir()
    for n in range(6):
        project.node(f"n{n}", "wait", arguments={"n": n, "place": str(place)[1:]})
    run = project.start()
    project.dispatching.until(lambda: list(place.iterdir()), lambda begun: len(begun) == 2)
    project.dispatching.__exit__()
    (place / "go").touch()
    with Dispatching(project.dispatching.settings) as after:
        project.dispatching = after
        detail = project.end(run)
        assert detail.run.state == "succeeded"
        assert all(len(task.attempts) == 1 for task in detail.tasks)
        after.until(project.alive, lambda left: not left)
