"""A forecast is correct for the run after it: the same nodes are cached."""

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from nbyard.dispatch.cache import forecasts
from nbyard.dispatch.cache.files_outside_code import OutsideFiles
from nbyard.domain.runs.previews.estimates import ForecastRequest, RunForecast
from nbyard.domain.runs.structs import RunDetail
from nbyard.reasons.structs import Reason, because, reason_text

from ...test_runs import ADA, OUT, Project, option, project, states

__all__ = ["project"]
pytestmark = pytest.mark.timeout(600)
SOURCE = option("source", role="input") | {"reach": {"kind": "variable", "variable": "SOURCE"}}
MADE = OUT | {"reach": {"kind": "variable", "variable": "OUT"}}
COPY = 'cat "$SOURCE" > "$OUT"\n'
ALPHA = option("alpha", type="float", default=0.5)
IS_LONG = os.environ.get("NBYARD_TEST_PROFILE") == "long"


@pytest.fixture
def data() -> Iterator[Path]:
    """Create a folder outside the project; its path contains no name that a program uses."""
    with TemporaryDirectory(prefix="data-") as folder:
        Path(folder, "a.csv").write_text("x\n1\n")
        yield Path(folder)


@pytest.fixture
def flow(project: Project, data: Path) -> Project:
    """Write two branches, one with a node whose cache is off, and a node that reads outside
    files."""
    (project.root / "beside.txt").write_text("b")
    (project.root / "unread.txt").write_text("u")
    project.script("first", 'cat beside.txt > "$OUT"; echo $2 >> "$OUT"\n', ALPHA, MADE)
    project.nodes["first"]["arguments"] = {"alpha": {"parameter": "alpha"}}
    project.parameters = {"alpha": {"type": "float", "default": 0.5}}
    project.script("left", COPY, SOURCE, MADE)
    project.script("right", COPY, SOURCE, MADE, cache=False)
    project.script("last", COPY, SOURCE, MADE)
    project.script("far", f'cat {data}/a.csv > "$OUT"\n', MADE)
    project.script("alone", 'echo alone > "$OUT"\n', MADE)
    for source, target in (("first", "left"), ("first", "right"), ("left", "last")):
        project.arrow(source, target)
    return project


def forecast(project: Project, **wish: Any) -> RunForecast:
    project.write()
    service = project.yard.services.runs
    return service.forecast(ADA, ForecastRequest(path="flow.nbflow", **wish))


def stored(project: Project) -> tuple[set[str], int]:
    """Return the stored blobs and the newest event, which every written row adds."""
    blobs = {one.digest for one in project.yard.context.blobs.stored()}
    with project.yard.store.read() as c:
        return blobs, project.yard.store.events.newest_id(c)


def check(project: Project, done: object = "", /, **wish: Any) -> tuple[RunForecast, RunDetail]:
    """Forecast, run and compare: cached nodes were forecast as cached, and the others ran for the
    forecast reason. A failure message contains `done`."""
    before = stored(project)
    found = forecast(project, **wish)
    assert stored(project) == before, "a forecast writes nothing"
    detail = project.run(**wish)
    assert set(states(detail).values()) == {"succeeded"}
    told = {one.node: one for one in found.nodes}
    assert [*told] == [task.node for task in detail.tasks]
    for task in detail.tasks:
        one = told[task.node]
        assert one.state in ("cached", "stale")
        after_others = one.reason is not None and one.reason.code == "after-node"
        if one.state == "cached":
            assert task.cached, (done, task.node, task.why)
            assert one.reason == task.reason
        elif not after_others:  # a node after others may find equal inputs
            assert not task.cached, (done, task.node, task.why)
            is_first = one.reason == because("no-earlier-result")
            why = because("runs", cause=one.reason)
            assert task.reason == (because("runs-without-earlier-result") if is_first else why)
    assert found.cached + found.to_run == len(detail.tasks)
    return found, detail


def reasons(found: RunForecast) -> dict[str, str]:
    return {one.node: reason_text(one.reason) for one in found.nodes if one.state != "cached"}


Edit = Callable[[Project, Path], dict[str, Any]]


def _write(name: str) -> Edit:
    def edit(project: Project, _: Path) -> dict[str, Any]:
        (project.root / name).write_text(str(random.random()))
        return {}

    return edit


def _outside(_: Project, data: Path) -> dict[str, Any]:
    (data / "a.csv").write_text(f"x\n{random.random()}\n")
    return {}


def _code(project: Project, _: Path) -> dict[str, Any]:
    (project.root / "left.sh").write_text(f"{COPY}# {random.random()}\n")
    return {}


def _connection(project: Project, _: Path) -> dict[str, Any]:
    source = random.choice(["left", "right", "alone"])
    project.edges = {key: edge for key, edge in project.edges.items() if edge["target"] != "last"}
    project.arrow(source, "last")
    return {}


def _pin(project: Project, _: Path) -> dict[str, Any]:
    node = random.choice(["left", "right", "first"])
    runs = project.yard.services.runs.list(ADA, node=node).items
    return {"pins": {node: random.choice(runs).id}}


EDITS: dict[str, Edit] = {
    "nothing": lambda *_: {},
    "a file that is read": _write("beside.txt"),
    "a file that nobody reads": _write("unread.txt"),
    "an outside file": _outside,
    "code": _code,
    "a parameter": lambda *_: {"parameters": {"alpha": random.choice([0.1, 0.2, 0.5])}},
    "a connection": _connection,
    "without the cache": lambda *_: {"force": True},
    "a pinned node": _pin,
    "some nodes": lambda *_: {"scope": "to", "nodes": [random.choice(["last", "right"])]},
}


@pytest.mark.parametrize("rounds", [8, pytest.param(200, marks=pytest.mark.long)])
def test_nodes_forecast_as_cached_are_cached(flow: Project, data: Path, rounds: int) -> None:
    """After edits in any order.

    A node that is forecast to run does so, unless its inputs are equal."""
    random.seed(random.randrange(2**32) if IS_LONG else 1)
    done: list[str] = []
    check(flow, done)
    for edit in [*EDITS, *random.choices(list(EDITS), k=rounds)]:
        done.append(edit)
        check(flow, done, **EDITS[edit](flow, data))


def test_forecast_has_the_reasons_of_the_run_and_totals(flow: Project, data: Path) -> None:
    """Before the first run, no node has a duration."""
    found, _ = check(flow)
    assert (found.cached, found.to_run, found.seconds, found.without_estimate) == (0, 6, None, 6)
    never = "it has no earlier result"
    assert reasons(found) == {
        **dict.fromkeys(("first", "far", "alone"), never),
        **{"left": "first.sh must run first", "right": "first.sh must run first"},
        "last": "left.sh must run first",
    }
    found, _ = check(flow)
    assert reasons(found) == {"right": "its cache is off"}
    assert found.seconds is not None and found.without_estimate == 0
    (data / "a.csv").write_text("x\n2\n")
    (flow.root / "beside.txt").write_text("c")
    found, _ = check(flow)
    told = reasons(found)
    assert told["far"] == f"the file {data}/a.csv changed"
    assert told["first"] == "the file beside.txt changed"
    assert told["last"] == "left.sh must run first"
    pinned, _ = check(flow, pins={"first": "1"}, force=True)
    assert (pinned.cached, pinned.nodes[0].state) == (1, "cached")


def test_hanging_disk_makes_its_node_unknown_without_delay(
    flow: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later forecasts do not wait for that disk again."""
    flow.nodes = {"far": flow.nodes["far"], "alone": flow.nodes["alone"]}
    flow.edges, flow.parameters = {}, {}
    check(flow)
    may_end, begun, changes = threading.Event(), [], OutsideFiles.changes

    def hang(files: OutsideFiles, *of: Any) -> Iterator[Reason]:
        begun.append("")
        may_end.wait()
        yield from changes(files, *of)

    monkeypatch.setattr(OutsideFiles, "changes", hang)
    begin = time.monotonic()
    for seconds in (0.1, 60.0):
        monkeypatch.setattr(forecasts, "OUTSIDE_SECONDS", seconds)
        found = {one.node: one for one in forecast(flow).nodes}
        assert {name: one.state for name, one in found.items()} == {
            "far": "unknown",
            "alone": "cached",
        }
        assert found["far"].reason == because("forecast-late")
    assert len(begun) == 1
    assert time.monotonic() - begin < 60
    (thread,) = [one for one in threading.enumerate() if one.name == "nbyard-forecast-outside"]
    may_end.set()
    monkeypatch.undo()
    thread.join(10)
    assert forecast(flow).cached == 2


def test_forecast_of_a_notebook(project: Project) -> None:
    project.notebook("clean", "print(1)")
    found, _ = check(project)
    assert reasons(found) == {"clean": str(because("no-earlier-result"))}
    found, _ = check(project)
    assert found.cached == 1
    project.notebook("clean", "print(2)")
    found, _ = check(project)
    assert reasons(found) == {"clean": "its code changed"}
