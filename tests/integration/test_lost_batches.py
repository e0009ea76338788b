"""A row is predicted once: an attempt after a lost one, and a run after a failed or cancelled
one, resume after the predicted rows."""

import os
import re
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from nbyard.attempts import folders
from nbyard.domain.runs.structs import RunDetail

from .test_runs import ADA, Project, project

__all__ = ["project"]
pytestmark = [pytest.mark.timeout(200), pytest.mark.leaves_running]
ROWS = 40_000
MODEL = """
name: Doubling
deployment: {mode: batch}
src: src
interface: {model_module: model, model_class: Doubling}
input_schema: [{name: n, type: int}, {name: text, type: str}]
output_schema: [{name: n, type: int}, {name: twice, type: int}]
"""
# Each piece takes a while, so that parts are kept between them.
CODE = """
import os
import time
from pathlib import Path

WITNESS = Path(%r)


class Doubling:
    pieces = 0

    def predict(self, frame):
        if (WITNESS / "bad").exists() and (frame["n"] > 30_000).any():
            raise ValueError("no such number")
        self.pieces += 1
        # behind the first part; after a slow one, the next is kept much later
        while (WITNESS / "wait").exists() and self.pieces > 10:
            time.sleep(0.01)
        time.sleep(0.1)
        with open(WITNESS / f"{os.getpid()}.rows", "a") as file:
            file.write(f"{len(frame)}\\n")
        return frame[["n"]].assign(twice=frame["n"] * 2)
"""


class Batch:
    """The run of a model over many rows, and the witness files that the model writes."""

    def __init__(self, project: Project, witness: Path):
        self.project = project
        self.witness = witness
        witness.mkdir()
        (project.root / "src").mkdir()
        (project.root / "src/model.py").write_text(CODE % str(witness))
        (project.root / "model.yaml").write_text(MODEL)
        self.write_data("x")
        self.data = {"type": "dataset", "path": "n.csv"}
        project.arrow("data", "model", "data", "data")

    def write_data(self, letter: str) -> None:
        with open(self.project.root / "n.csv", "w") as file:
            file.write("n,text\n")
            file.writelines(f"{n},{letter * 1000}\n" for n in range(ROWS))

    def start(self, **wish: Any) -> str:
        model = {"type": "executable", "path": "model.yaml", **wish.pop("node", {})}
        self.project.nodes = {"data": self.data, "model": model}
        return self.project.start(**wish)

    def folder(self, run: str) -> Path:
        """Return the folder of the newest attempt."""
        store = self.project.yard.store.folder
        return folders.attempt_folder_of(store, self.project.task(run, "model").attempts[-1].id)

    def until_kept(self, run: str, attempt: int, parts: int = 1) -> int:
        """Wait until so many parts of the result are kept; return their number.

        While the model waits, each attempt adds at least one."""

        def made() -> int:
            task = self.project.task(run, "model")
            if task.state != "running" or task.attempts[-1].number != attempt:
                return 0
            return len(list(self.folder(run).glob("outputs/*/*.parts/*.arrow")))

        return self.project.dispatching.until(made, lambda many: many >= parts)

    def predicted(self) -> list[int]:
        """Return the rows that each process predicted."""
        return [
            sum(map(int, path.read_text().split())) for path in sorted(self.witness.glob("*.rows"))
        ]

    def forget(self) -> None:
        for path in self.witness.iterdir():
            path.unlink()

    def went_on(self, detail: RunDetail) -> int:
        """Return after how many rows the newest attempt resumed, from its reason and its log."""
        task = next(task for task in detail.tasks if task.node == "model")
        found = re.search(r"; continues after (\d+) finished rows", task.why)
        if found is None:
            assert "already" not in self.project.log(detail.run.id, "model")
            return 0
        assert f"{found[1]} rows are already predicted" in self.project.log(detail.run.id, "model")
        return int(found[1])

    def result(self, detail: RunDetail) -> bytes:
        assert detail.run.state == "succeeded", self.project.log(detail.run.id, "model")
        return self.project.bytes_of(detail, "model", "predictions")

    def fail(self) -> RunDetail:
        """Create a run that fails at a bad row and keeps the rows predicted before."""
        (self.witness / "bad").touch()
        found = self.project.end(self.start())
        assert found.run.state == "failed"
        self.project.dispatching.until(self.left, bool)
        self.forget()
        return found

    def left(self) -> list[str]:
        return folders.all_unfinished(self.project.yard.store.folder)


@pytest.fixture
def batch(project: Project, tmp_path: Path) -> Batch:
    return Batch(project, tmp_path / "witness")


def kill(attempt_id: str) -> None:
    """Kill all processes of the attempt at once."""
    for process in psutil.process_iter():
        try:
            if process.environ().get("NBYARD_ATTEMPT_ID") == attempt_id:
                os.kill(process.pid, signal.SIGKILL)
        except (psutil.Error, ProcessLookupError):
            continue


@pytest.mark.parametrize("losses", [1, pytest.param(2, marks=pytest.mark.long)])
def test_batch_lost_at_any_moment_resumes_without_repeating_rows(
    batch: Batch, project: Project, losses: int
) -> None:
    """The result is equal to the byte, and no partial file remains."""
    (batch.witness / "wait").touch()  # no attempt reaches its end before it is killed
    run, kept = batch.start(), 0
    for attempt in range(1, losses + 1):
        kept = batch.until_kept(run, attempt, parts=kept + 1)
        kill(project.task(run, "model").attempts[-1].id)
    (batch.witness / "wait").unlink()
    found = project.end(run)
    task = project.task(run, "model")
    assert [one.state for one in task.attempts] == [*["lost"] * losses, "succeeded"]
    before = f"runs again: attempt {losses} was lost: its supervisor was killed; continues"
    assert task.why.startswith(before)
    done, predicted = batch.went_on(found), batch.predicted()
    assert 0 < done < ROWS
    assert len(predicted) == losses + 1 and ROWS - done in predicted
    assert batch.left() == []
    batch.forget()
    again = batch.start(force=True)
    undisturbed = project.end(again)
    assert batch.predicted() == [ROWS]
    assert batch.went_on(undisturbed) == 0
    assert batch.result(undisturbed) == batch.result(found)


@pytest.mark.long
def test_retry_resumes_where_the_failed_run_stopped(batch: Batch, project: Project) -> None:
    """*Retry From Failure* with the same code and data.

    Another model starts at the first row."""
    first = batch.fail()
    (kept,) = batch.left()
    again = project.end(project.yard.services.runs.retry(ADA, first.run.id).id)
    done = batch.went_on(again)
    assert 0 < done <= 30_000
    assert batch.predicted() == [ROWS - done]
    assert batch.result(again).count(b"\n") == ROWS + 1
    assert kept == first.tasks[0].attempts[-1].id and batch.left() == []


@pytest.mark.long
@pytest.mark.parametrize("changed", ["model", "data", "cache", "force"])
def test_changed_model_or_data_starts_at_the_first_row(
    batch: Batch, project: Project, changed: str
) -> None:
    """This also holds for a changed file of the same size, written within the same second."""
    batch.fail()
    wish: dict[str, Any] = {}
    if changed == "model":
        code = project.root / "src/model.py"
        code.write_text(code.read_text().replace("* 2", "* 3"))
    elif changed == "data":
        when = (project.root / "n.csv").stat()
        batch.write_data("y")
        os.utime(project.root / "n.csv", ns=(when.st_atime_ns, when.st_mtime_ns))
    elif changed == "cache":
        wish = {"node": {"cache": "off"}}
    else:
        wish = {"force": True}
    found = project.end(batch.start(**wish))
    assert batch.went_on(found) == 0
    assert batch.predicted() == [ROWS]
    last = (ROWS - 1) * (3 if changed == "model" else 2)
    assert batch.result(found).endswith(f"{ROWS - 1},{last}\n".encode())


@pytest.mark.long
def test_partial_results_of_a_cancelled_run_are_deleted_with_it(
    batch: Batch, project: Project
) -> None:
    """Until then, a later run can resume from them."""
    (batch.witness / "wait").touch()
    run = batch.start()
    batch.until_kept(run, 1)
    project.yard.services.runs.cancel(ADA, run)
    assert project.end(run).run.state == "cancelled"
    project.dispatching.until(batch.left, bool)
    project.yard.services.runs.delete(ADA, run)
    assert batch.left() == []
