"""Pieces that are sent to workers of a cluster, and the work beside a worker."""

import io
import json
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas
import psutil
import pyarrow
import pytest

from nbyard.serving.batch import dask_prediction, dask_worker_functions
from nbyard.serving.batch.dask_prediction import (
    ClusterPrediction,
    arrow_bytes,
    pack_model,
    predict_on_cluster,
    read_arrow,
)
from nbyard.serving.batch.table_files import CannotRead
from nbyard.serving.codec import BadAnswer, ValueRefused
from nbyard.serving.dask_worker_code import EXPRESSION, SCHEDULER, WORKER
from nbyard.serving.models import ModelFailed, Spec, read_spec
from nbyard.testing.conformance.runtimes import wait_until

from ...unit.serving.models import SPEC

CODE = """
import os
from .near import FACTOR


class Doubling:
    def __init__(self):
        print("loaded")

    def predict(self, frame):
        if (frame["n"] == 7).any():
            raise ValueError("seven")
        if (frame["n"] == 8).any():
            os._exit(3)
        if (frame["n"] == 9).any():
            return frame["n"] / 2
        return frame["n"] * FACTOR
"""


class Worker:
    """A worker with one endless task; its state is the state of that task."""

    def __init__(self, folder: Path):
        self.local_directory = str(folder)
        self.task = SimpleNamespace(state="executing")
        self.state = SimpleNamespace(tasks={"piece": self.task})

    def get_current_task(self) -> str:
        return "piece"


class Done:
    """A future of a task that was done at once."""

    def __init__(self, found: Any):
        self._found = found

    def result(self) -> Any:
        return self._found

    def done(self) -> bool:
        return True


def plain(word: Any) -> Any:
    """Return what a worker receives in place of futures, at any depth."""
    if isinstance(word, dict):
        return {name: plain(one) for name, one in word.items()}
    if isinstance(word, tuple):
        return tuple(map(plain, word))
    return word.result() if isinstance(word, Done) else word


class Near:
    """A cluster of two threads in this process."""

    def submit(self, function: Any, *words: Any, **told: Any) -> Done:
        return Done(function(*map(plain, words)))

    def run(self, function: Any, *words: Any, **told: Any) -> None:
        function(*words)

    def nthreads(self) -> dict[str, int]:
        return {"tcp://a": 1, "tcp://b": 1}


@pytest.fixture
def spec(tmp_path: Path) -> Spec:
    root = tmp_path / "model"
    (root / "src/__pycache__").mkdir(parents=True)
    (root / "src/model.py").write_text(CODE)
    (root / "src/near.py").write_text("FACTOR = 2\n")
    column = [{"name": "n", "type": "int"}]
    told = {**SPEC, "class": "Doubling", "input_schema": column, "output_schema": column}
    return read_spec(json.dumps(told), str(root))


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Worker:
    made = Worker(tmp_path / "scratch")
    monkeypatch.setattr("distributed.get_worker", lambda: made)
    return made


@pytest.fixture
def scratch(worker: Worker) -> Path:
    folder = Path(worker.local_directory)
    folder.mkdir()
    return folder


@pytest.fixture
def predict(spec: Spec, scratch: Path) -> Iterator[Any]:
    others = set(threading.enumerate())
    with ClusterPrediction(Near(), spec) as made:
        yield made.predict
    assert list(scratch.iterdir()) == [], "nothing stays"
    assert set(threading.enumerate()) <= others


def batch(*numbers: int) -> Any:
    return pyarrow.RecordBatch.from_pandas(pandas.DataFrame({"n": [*numbers]}))


def test_archive_contains_the_model_and_the_serving_code(spec: Spec) -> None:
    with tarfile.open(fileobj=io.BytesIO(pack_model(spec))) as archive:
        names = archive.getnames()
    assert {"model.json", "model/src/model.py", "lib/nbyard/serving/batch/child_process.py"} <= {
        *names
    }
    assert not [name for name in names if "__pycache__" in name]


def test_predictions_arrive_in_order_with_printed_text(predict: Any, capfd: Any) -> None:
    pieces = [(0, batch(1, 2)), (2, batch(3)), (3, batch(4, 5))]
    found = [one.column(0).to_pylist() for one in predict(iter(pieces))]
    assert found == [[2, 4], [6], [8, 10]]
    assert capfd.readouterr().out == "loaded\n", "one process for all of them"


@pytest.mark.parametrize(
    ("number", "error", "words"),
    [
        (7, ModelFailed, "rows 2 to 2: the model raised ValueError: seven"),
        (8, ModelFailed, r"the process that predicts from row 2 on died \(exit code 3\)"),
        (9, BadAnswer, r"row 2, field 'n': a whole number .* not 4\.5"),
    ],
)
def test_errors_on_workers_are_raised_by_the_caller(
    predict: Any, number: int, error: Any, words: str
) -> None:
    answers = predict(iter([(0, batch(1, 2)), (2, batch(number))]))
    assert next(answers).num_rows == 2
    with pytest.raises(error, match=words):
        next(answers)


def test_model_that_cannot_be_loaded_gives_the_reason(spec: Spec, scratch: Path) -> None:
    Path(spec.root, "src/near.py").write_text("import no_such_package\n")
    with (
        ClusterPrediction(Near(), spec) as made,
        pytest.raises(ModelFailed, match="no_such_package"),
    ):
        list(made.predict(iter([(0, batch(1))])))


@pytest.mark.parametrize("error", [CannotRead("no table"), ValueRefused("no number", 2, "n")])
def test_pieces_before_an_unreadable_one_are_predicted_first(
    predict: Any, error: Exception
) -> None:
    def pieces() -> Iterator[tuple[int, Any]]:
        yield 0, batch(1)
        raise error

    answers = predict(pieces())
    assert next(answers).num_rows == 1
    with pytest.raises(type(error)):
        next(answers)


def test_large_pieces_are_sent_in_parts(predict: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_prediction, "PIECE_BYTES", 80)
    found = [one.column(0).to_pylist() for one in predict(iter([(0, batch(*range(10, 40)))]))]
    assert max(map(len, found)) == 10
    assert sum(found, []) == [2 * n for n in range(10, 40)]  # noqa: RUF017


def test_model_process_that_exited_while_idle_is_replaced(
    predict: Any, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = [(0, batch(1)), (1, batch(2))]

    def slowly() -> Iterator[tuple[int, Any]]:
        yield pieces[0]
        children = [child for found in there().idle_children.values() for child in found]
        for child in children:
            child.process.stdin.close()
            child.process.wait()
        yield pieces[1]

    assert [one.column(0).to_pylist() for one in predict(slowly())] == [[2], [4]]


@pytest.mark.parametrize("slow", ['print("loaded")', 'raise ValueError("seven")'])
@pytest.mark.parametrize("how", ["cancelled", "forgotten"])
def test_abandoned_prediction_is_stopped_at_once(
    spec: Spec, scratch: Path, worker: Worker, slow: str, how: str
) -> None:
    """While the model loads or predicts, with the processes that it started."""
    begun = scratch.parent / "begun"
    words = ["sh", "-c", f"echo $$ > {begun}; exec sleep 600"]
    text = CODE.replace(slow, f"__import__('subprocess').run({words})")
    Path(spec.root, "src/model.py").write_text(text)

    def leave() -> None:
        wait_until(lambda: begun.exists() and begun.read_text().endswith("\n"))
        if how == "cancelled":
            worker.task.state = "cancelled"
        else:
            worker.state.tasks.clear()

    leaving = threading.Thread(target=leave)
    leaving.start()
    with ClusterPrediction(Near(), spec) as made, pytest.raises(there_named("UnwantedPiece")):
        list(made.predict(iter([(0, batch(*range(20_000)))])))
    leaving.join()
    assert list(scratch.iterdir()) == []
    wait_until(lambda: not is_alive(int(begun.read_text())))


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def there_named(name: str) -> Any:
    """Return the exception as a worker has it, where the code is a module."""
    eval(EXPRESSION, dask_prediction.CODE.call("end", "none"))
    return getattr(there(), name)


def there() -> Any:
    return sys.modules[dask_prediction.CODE.name]


def test_serialized_batch_can_be_read() -> None:
    assert read_arrow(arrow_bytes(batch(1, 2, 3))).equals(batch(1, 2, 3))


def test_only_work_on_a_worker_uses_the_cluster(
    spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process of this machine that knows the cluster's address predicts by itself."""
    monkeypatch.setenv(SCHEDULER, "tcp://127.0.0.1:1")
    with predict_on_cluster(spec) as over:
        assert over is None


def test_unreachable_cluster_is_not_used(
    spec: Spec, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(SCHEDULER, "tcp://127.0.0.1:1")
    monkeypatch.setenv(WORKER, "tcp://127.0.0.1:2")
    monkeypatch.setattr(dask_prediction, "CONNECT_SECONDS", 0.2)
    with predict_on_cluster(spec) as over:
        assert over is None
    assert "cluster is not used" in caplog.text


def test_worker_functions_import_no_nbyard_module() -> None:
    assert eval(EXPRESSION, dask_prediction.CODE.call("end", "none")) is None
    assert "nbyard" not in {line.split()[1] for line in import_lines(dask_worker_functions)}


def import_lines(module: Any) -> list[str]:
    text = Path(module.__file__).read_text().splitlines()
    return [line for line in text if line.startswith(("import ", "from "))]
