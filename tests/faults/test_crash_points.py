"""kill -9 of the dispatcher at every crash point, in three graphs, on both databases.

The next dispatcher completes the run as if nothing had happened."""

import os
import time
import uuid
from collections import Counter
from collections.abc import Callable

import psutil
import pytest

from nbyard.runtimes.process import NEWBORN_SECONDS

from .flows import GRAPHS
from .place import Place, until

POINTS = {
    "recorded": "CP4",
    "folder-written": "CP4",
    "started": "CP5",
    "starting": "CP6",
    "finished": "CP8",
    "outputs-taken": "CP9",
    "cache-kept": "CP18",
    "published": "CP10",
    "tidied": "CP10",
    "before-run-end": "CP11",
}
NODES_TOUCHED = {"before-run-end": 1}
BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
EVERY_GRAPH = pytest.mark.parametrize("graph", list(GRAPHS))


@pytest.mark.sample(4)
@BOTH
@EVERY_GRAPH
@pytest.mark.parametrize("point", [pytest.param(p, id=f"{cp}-{p}") for p, cp in POINTS.items()])
def test_dispatcher_dies_at_a_crash_point(place: Place, graph: str, point: str, seed) -> None:
    """No node is executed twice."""
    place.settings["NBYARD_PREPARED_PARENT"] = str(graph == "fan-out")
    run = place.submit(place.flow(GRAPHS[graph]))
    node = seed.randint(1, NODES_TOUCHED.get(point, len(GRAPHS[graph])))
    place.dispatcher_dies(f"{point}:{node}")
    place.finish()
    assert place.states() == {run: "succeeded"}
    place.check(at_most=1)


ORPHANS = 3


def orphaned_folders(place: Place) -> Callable[[], int]:
    """Create folders of unknown attempts; return a counter of those that are left."""
    made = [place.store / "attempts" / str(uuid.uuid4()) for _ in range(ORPHANS)]
    for folder in made:
        (folder / "out").mkdir(parents=True)
        (folder / "out" / "file").write_text("half")
    return lambda: sum(folder.exists() for folder in made)


def orphaned_processes(place: Place) -> Callable[[], int]:
    """Start processes of unknown attempts, old enough for the sweep; return a counter as well."""
    of_store = {"NBYARD_STORE": place.checker.store_id, "NBYARD_MARK": "2" * 32}
    marks = os.environ | of_store | {"NBYARD_ATTEMPT_ID": str(uuid.uuid4())}
    made = [psutil.Popen(["sleep", "infinity"], env=marks) for _ in range(ORPHANS)]
    until(lambda: time.time() > made[-1].create_time() + NEWBORN_SECONDS + 1, "their age")
    return lambda: sum(one.poll() is None for one in made)


@pytest.mark.sample(1)
@BOTH
@pytest.mark.parametrize("orphans", [orphaned_folders, orphaned_processes])
def test_dispatcher_dies_during_a_sweep(
    place: Place, orphans: Callable[[Place], Callable[[], int]]
) -> None:
    """The next one removes the rest, and nothing else."""
    left = orphans(place)
    run = place.submit(place.flow(GRAPHS["chain"]))
    place.dispatcher_dies("swept:2")
    until(lambda: left() == ORPHANS - 2, "the end of two of them")
    place.finish()
    assert not left()
    assert place.states() == {run: "succeeded"}
    place.check(at_most=1)


OF_WORKERS = {"folder-written": "CP4", "told": "CP4", "started": "CP5"}
OF_CALLS = {
    name: POINTS[name]
    for name in ("recorded", "starting", "finished", "outputs-taken", "published")
}


@pytest.mark.sample(2)
@BOTH
@EVERY_GRAPH
@pytest.mark.parametrize(
    "point", [pytest.param(p, id=f"{cp}-{p}") for p, cp in (OF_WORKERS | OF_CALLS).items()]
)
def test_dispatcher_dies_while_functions_run(place: Place, graph: str, point: str, seed) -> None:
    """A worker receives no call twice, and executes none twice."""
    run = place.submit(place.flow(GRAPHS[graph], functions=True))
    most = len(GRAPHS[graph]) if point in OF_CALLS else 1
    place.dispatcher_dies(f"{point}:{seed.randint(1, most)}")
    place.finish()
    assert place.states() == {run: "succeeded"}
    place.check(at_most=1)


@pytest.mark.sample(1)
@BOTH
@EVERY_GRAPH
def test_dispatcher_dies_while_it_reuses_a_cached_result(place: Place, graph: str, seed) -> None:
    """Linked once, never executed again."""
    path = place.flow(GRAPHS[graph])
    place.submit(path)
    place.finish()
    place.submit(path)
    place.dispatcher_dies(f"cache-linked:{seed.randint(1, len(GRAPHS[graph]))}")
    place.finish()
    assert set(place.states().values()) == {"succeeded"}
    place.check(at_most=1)
    rows = place.checker.rows()
    assert Counter(task["cached"] for task in rows.tasks)[True] == len(GRAPHS[graph])
    assert len(place.checker.executions()) == len(GRAPHS[graph])


@pytest.mark.sample(1)
@BOTH
@pytest.mark.parametrize("point", ["finished", "outputs-taken", "published"])
def test_dispatcher_dies_while_it_stores_undeclared_files(place: Place, point: str) -> None:
    """All written files are listed at once, and only once."""
    run = place.submit(place.flow({"a": []}, body="echo one > one; echo two > two"))
    place.dispatcher_dies(point)
    runs = place.yard.services.runs
    known = [one.path for one in runs.files(place.caller, run, "a").files]
    assert known == (["one", "two"] if point == "published" else [])
    place.finish()
    assert [one.path for one in runs.files(place.caller, run, "a").files] == ["one", "two"]
    place.check(at_most=1)
