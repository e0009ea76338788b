"""Data frames and metrics by name on a cluster whose workers do not see nbyard's files."""

from collections.abc import Iterator

import pytest

from nbyard.domain.runs.structs import Artifact, RunDetail

from ..test_runs import ADA, Project
from .ground import Ground
from .test_workflows import cluster, project

__all__ = ["cluster", "project"]
pytestmark = pytest.mark.leaves_running  # processes of the ground are ended by the fixture

MAKE = """
import os, time
import nbyard, pandas
for step in range(3):
    nbyard.log_metric("loss", 1 / (step + 1), step=step)
while not os.path.exists({gate!r}):
    time.sleep(0.05)
table = pandas.DataFrame({{"n": [1, 2], "when": pandas.to_datetime(["2020-01-01", None])}})
table["kind"] = pandas.Categorical(["b", None], ["a", "b"])
nbyard.output("table", table)
"""
SHOW = """
import nbyard
table = nbyard.input("table")
assert list(table["kind"].dtype.categories) == ["a", "b"], table.dtypes
nbyard.log_metric("rows", len(table))
nbyard.output("total", int(table["n"].sum()))
"""
STEPS = """
import nbyard, pandas

def more(table: pandas.DataFrame) -> pandas.DataFrame:
    nbyard.log_metric("rows", len(table))
    return table.assign(n=table["n"] * 2)
"""


@pytest.fixture
def wide(cluster: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Provide two workers with files of their own."""
    for _ in range(2):
        cluster.start_worker(hidden=tmp_path_factory.getbasetemp())
    cluster.wait_for_workers()
    yield cluster


def artifact(detail: RunDetail, node: str, name: str) -> Artifact:
    (task,) = [task for task in detail.tasks if task.node == node]
    return next(one for one in task.artifacts if one.name == name)


def numbers(project: Project, run: str, node: str) -> dict[str, list[float | str]]:
    found = project.yard.services.runs.metrics(ADA, run, node)
    return {one.name: one.values for one in found.metrics}


@pytest.mark.timeout(200)
def test_data_frames_pass_between_workers(project: Project, wide: Ground) -> None:
    """A notebook, a function and a script exchange them; metrics arrive during the work."""
    gate = wide.folder / "gate"
    project.notebook("make", "seed = 1", MAKE.format(gate=str(gate)))
    (project.root / "steps.py").write_text(STEPS)
    (project.root / "show.py").write_text(SHOW)
    project.nodes["more"] = {"type": "executable", "path": "steps.py::more"}
    project.nodes["show"] = {"type": "executable", "path": "show.py"}
    project.arrow("make", "more", "table", "table")
    project.arrow("more", "show", "result", "table")
    run = project.start(runtime="dask")
    project.dispatching.until(
        lambda: numbers(project, run, "make"), lambda found: len(found.get("loss", ())) == 3
    )
    assert project.task(run, "make").state == "running"
    gate.touch()
    detail = project.end(run)
    assert detail.run.state == "succeeded", [project.log(run, one) for one in project.nodes]
    table = artifact(detail, "make", "table")
    assert (table.filename, table.format) == ("table.parquet", "parquet")
    assert table.type is not None and table.type.rows == 2
    assert table.type.columns[0] == ("n", "int64")
    assert project.bytes_of(detail, "show", "total") == b"6"
    assert numbers(project, run, "more") == numbers(project, run, "show") == {"rows": [2]}
    assert {task.attempts[0].runtime for task in detail.tasks} == {"dask"}
