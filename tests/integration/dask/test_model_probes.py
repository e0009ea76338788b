"""A model that a task on a cluster wrote is loaded on a worker, and not on this machine."""

import pytest

from nbyard.domain.models.structs import ModelColumn, NewModel
from nbyard.errors import Invalid

from ..test_runs import ADA, Project
from .ground import Ground
from .test_workflows import cluster, project

__all__ = ["cluster", "project"]
pytestmark = pytest.mark.leaves_running  # processes of the ground are ended by the fixture

TRAIN = """
import os, pathlib, pickle
import pandas
from sklearn.linear_model import LinearRegression

frame = pandas.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, 0.0, 2.0]})
pathlib.Path(output_model).write_bytes(pickle.dumps(LinearRegression().fit(frame, [1, 2, 3])))
"""
EVIL = """
import pathlib, pickle

class Evil:
    def __reduce__(self):
        text = "import os; raise RuntimeError(os.environ.get('NBYARD_DASK_WORKER', 'here'))"
        return exec, (text,)

pathlib.Path(output_model).write_bytes(pickle.dumps(Evil()))
"""


@pytest.mark.long
@pytest.mark.timeout(200)
def test_model_of_a_cluster_task_is_loaded_on_a_worker(
    project: Project, cluster: Ground, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cluster.start_worker(hidden=tmp_path_factory.getbasetemp())
    for name, text in (("train", TRAIN), ("evil", EVIL)):
        project.notebook(name, "output_model = 'model.pkl'", text)
    detail = project.run(runtime="dask")
    assert detail.run.state == "succeeded", [task.reason for task in detail.tasks]
    models = project.yard.services.models
    made = models.build(ADA, NewModel(run=detail.run.id, output="train.model"))
    assert made.model.inputs == [ModelColumn("a", "float"), ModelColumn("b", "float")]
    with pytest.raises(Invalid, match="RuntimeError: tcp://"):
        models.build(ADA, NewModel(run=detail.run.id, output="evil.model"))
