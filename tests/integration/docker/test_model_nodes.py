"""A model class as a node, in a container with the packages of its file."""

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun, Task
from nbyard.rest.identity import local_name
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

from .imaging import yard

__all__ = ["yard"]

pytestmark = [pytest.mark.first, pytest.mark.timeout(400)]
ANN = Caller(local_name())
BUILD_SECONDS = 300
FILE = """
name: Sorter
deployment: {mode: http}
interface: {model_module: model, model_class: Sorter}
requirements: packages.txt
input_schema: [{name: length, type: float}]
output_schema: {name: long, type: bool}
"""
CODE = """
import joblib


class Sorter:
    def predict(self, frame):
        return (frame["length"] > 2.5).to_frame("long")
"""


def predict(yard: Yard) -> Task:
    told = NewRun(path="model.yaml", parameters={"data": "d.csv"}, runtime="docker")
    run = yard.services.runs.create(ANN, told).id
    with Dispatching(yard.settings) as running:
        found = running.until(
            lambda: yard.services.runs.get(ANN, run),
            lambda one: one.run.finished_at is not None,
            BUILD_SECONDS,
        )
    (task,) = found.tasks
    assert task.state == "succeeded", (task.why, task.failure)
    return task


def test_requirements_are_installed_and_their_change_reruns_the_node(yard):
    root = yard.context.files.root
    (root / "model.yaml").write_text(FILE)
    (root / "model.py").write_text(CODE)
    (root / "packages.txt").write_text("joblib\n")
    (root / "d.csv").write_text("length\n1.4\n5.1\n")
    task = predict(yard)
    read = yard.context.blobs.path(task.artifacts[0].digest).read_text().split()
    assert [line.lower() for line in read[1:]] == ["false", "true"]
    assert predict(yard).cached
    (root / "packages.txt").write_text("joblib>=1\n")
    again = predict(yard)
    assert not again.cached and "its requirements changed" in again.why
