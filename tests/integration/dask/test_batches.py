"""A model predicts a dataset on a cluster: pieces on all workers, predictions in order."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pandas
import psutil
import pytest

from nbyard.domain.runs.structs import RunDetail
from nbyard.testing.conformance.runtimes import wait_until

from ..test_runs import ADA, Project
from .ground import Ground
from .test_workflows import cluster, project

__all__ = ["cluster", "project"]
pytestmark = pytest.mark.leaves_running  # processes of the ground are ended by the fixture
ROWS = 65_536 * 6
LIMITS = {"timeout": {"timeout_seconds": 20}}
MODEL = """
name: Doubling
deployment: {mode: batch}
src: src
interface: {model_module: model, model_class: Doubling}
input_schema: [{name: n, type: int}]
output_schema: [{name: n, type: int}, {name: twice, type: int}]
"""
CODE = """
import os
import time
from pathlib import Path
from src.near import FACTOR

WITNESS = Path(%r)


class Doubling:
    def __init__(self):
        print("loaded in", os.getpid())
        (WITNESS / f"{os.getppid()}-{os.getpid()}").touch()

    def predict(self, frame):
        if (frame["n"] == 222_222).any() and (WITNESS / "bad").exists():
            raise ValueError("no such number")
        while (WITNESS / "wait").exists():
            time.sleep(0.02)
        if (WITNESS / "slow").exists():
            time.sleep(1)
            with open(WITNESS / "predicted", "a") as file:
                file.write(f"{len(frame)}\\n")
        return frame.assign(twice=frame["n"] * FACTOR)
"""


@pytest.fixture
def wide(cluster: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Provide two workers with files of their own."""
    for _ in range(2):
        cluster.start_worker(hidden=tmp_path_factory.getbasetemp())
    cluster.wait_for_workers()
    yield cluster


def witnessed(wide: Ground, word: str) -> Path:
    """Create a folder that workers see, and name it to the model."""
    witness = wide.folder / "witness"
    witness.mkdir()
    (witness / word).touch()
    return witness


def doubling(project: Project, witness: Path, **limits: Any) -> str:
    """Create the run of a model over many rows."""
    (project.root / "src").mkdir(exist_ok=True)
    (project.root / "src/model.py").write_text(CODE % str(witness))
    (project.root / "src/near.py").write_text("FACTOR = 2\n")
    (project.root / "nervosum.yaml").write_text(MODEL)
    pandas.DataFrame({"n": numpy.arange(ROWS)}).to_parquet(project.root / "n.parquet")
    data = {"type": "dataset", "path": "n.parquet"}
    model = {"type": "executable", "path": "nervosum.yaml", **limits}
    project.nodes = {"data": data, "model": model}
    project.arrow("data", "model", "data", "data")
    return project.start(runtime="dask")


def begun(witness: Path) -> dict[int, list[int]]:
    """Return the processes that loaded the model, by the processes of their workers."""
    found: dict[int, list[int]] = {}
    for path in witness.glob("*-*"):
        worker, own = map(int, path.name.split("-"))
        found.setdefault(worker, []).append(own)
    return found


def check(project: Project, detail: RunDetail) -> None:
    assert detail.run.state == "succeeded", project.log(detail.run.id, "model")
    told = project.bytes_of(detail, "model", "predictions")
    answers = pandas.read_csv(io.BytesIO(told))
    assert answers["n"].tolist() == list(range(ROWS))
    assert (answers["twice"] == 2 * answers["n"]).all()


def gone(witness: Path) -> bool:
    return not any(psutil.pid_exists(one) for own in begun(witness).values() for one in own)


@pytest.mark.timeout(200)
def test_pieces_are_predicted_by_all_workers_in_order(project: Project, wide: Ground) -> None:
    """The worker that waits for the pieces predicts as well. No file remains."""
    witness = witnessed(wide, "wait")
    run = doubling(project, witness)
    project.dispatching.until(lambda: begun(witness), lambda found: len(found) == 2, 100)
    (witness / "wait").unlink()
    check(project, project.end(run))
    for own in begun(witness).values():
        assert all(f"loaded in {pid}\n" in project.log(run, "model") for pid in own)
    wait_until(lambda: gone(witness))
    wait_until(lambda: not wide.made("model-"))


@pytest.mark.long
@pytest.mark.timeout(200)
def test_pieces_of_a_dead_worker_are_predicted_by_another(project: Project, wide: Ground) -> None:
    """The process of the model ends with its worker."""
    witness = witnessed(wide, "wait")
    run = doubling(project, witness)
    project.dispatching.until(lambda: begun(witness), lambda seen: len(seen) == 2, 100)
    (sighting,) = project.yard.settings.store_path.glob("attempts/*/dask.json")
    held = json.loads(sighting.read_text())["place"]
    other = next(one for one in wide.workers if f"scratch-{wide.processes.index(one)}/" not in held)
    wide.kill(other)
    (witness / "wait").unlink()
    detail = project.end(run)
    check(project, detail)
    assert [len(task.attempts) for task in detail.tasks if task.node == "model"] == [1]
    wait_until(lambda: gone(witness))


@pytest.mark.long
@pytest.mark.timeout(200)
def test_batch_resumes_after_the_pieces_of_a_dead_worker(project: Project, cluster: Ground) -> None:
    """On another worker, if the dead one saw nbyard's files."""
    workers = [cluster.start_worker() for _ in range(2)]
    witness = witnessed(cluster, "slow")
    run = doubling(project, witness)
    store = project.yard.settings.store_path
    kept = "attempts/*/outputs/*/*.parts/*.arrow"
    project.dispatching.until(lambda: list(store.glob(kept)), bool, 100)
    (sighting,) = store.glob("attempts/*/dask.json")
    held = json.loads(sighting.read_text())["place"]
    cluster.kill(next(one for one in workers if f"scratch-{cluster.processes.index(one)}/" in held))
    before = predicted(witness)
    detail = project.end(run)
    check(project, detail)
    (task,) = (one for one in detail.tasks if one.node == "model")
    rows = re.search(r"; continues after (\d+) finished rows", task.why)
    assert rows and 0 < int(rows[1]) <= before, task.reason
    assert f"{rows[1]} rows are already predicted" in project.log(run, "model")


def predicted(witness: Path) -> int:
    return sum(map(int, (witness / "predicted").read_text().split()))


@pytest.mark.long
@pytest.mark.timeout(200)
@pytest.mark.parametrize("how", ["cancel", "timeout"])
def test_cancelled_or_late_batch_leaves_no_process_on_workers(
    project: Project, wide: Ground, how: str
) -> None:
    """Although the model never returns. The resource usage of its node is recorded."""
    witness = witnessed(wide, "wait")
    run = doubling(project, witness, **LIMITS.get(how, {}))
    if how == "cancel":
        project.dispatching.until(lambda: begun(witness), lambda seen: len(seen) == 2, 100)
        project.yard.services.runs.cancel(ADA, run)
    detail = project.end(run)
    (task,) = (one for one in detail.tasks if one.node == "model")
    if how == "cancel":
        assert task.state == "cancelled", task.reason
    else:
        assert task.failure is not None and task.failure.kind == "timeout", task.reason
    wait_until(lambda: gone(witness))
    wait_until(lambda: not wide.made("model-"))
    used = project.yard.services.runs.usage(ADA, run, "model")
    assert max(used.memory_bytes) > 0


@pytest.mark.long
def test_error_of_a_model_on_a_worker_names_the_rows(project: Project, wide: Ground) -> None:
    """Row numbers are those of the whole dataset."""
    witness = witnessed(wide, "bad")
    run = doubling(project, witness)
    assert project.end(run).run.state == "failed"
    words = "rows 196608 to 262143: the model raised ValueError: no such number"
    assert words in project.log(run, "model")
