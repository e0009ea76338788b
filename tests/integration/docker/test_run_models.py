"""A model of a run is built, deployed and called through the proxy.

It predicts as it did in the notebook."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pytest
from tests.support.jupyter_server import TOKEN, JupyterServer

from nbyard.dockerd import Engine
from nbyard.domain.callers import Caller
from nbyard.domain.deployments.deployment_status import WAITS_FOR_BUILD
from nbyard.domain.deployments.structs import NewDeployment
from nbyard.domain.models.structs import NewModel
from nbyard.domain.runs.structs import NewRun
from nbyard.rest.identity import local_name

from .deploying import Yards, opened
from .imaging import remove_images

pytestmark = [pytest.mark.long, pytest.mark.timeout(400), pytest.mark.leaves_running]
ME = Caller(local_name())
EXAMPLE = Path(__file__).parents[3] / "examples/penguins/train.ipynb"
FEATURES = ["bill_length", "bill_depth", "flipper", "mass"]
MEANS = {"Adelie": (39, 18.3, 190, 3700), "Gentoo": (47.5, 15, 217, 5076)}
BUILD_SECONDS = 300
REMOVAL_SECONDS = 120  # of all files of large images


@pytest.fixture
def yards(tmp_path: Path, docker_engine: Engine, docker_variables: None) -> Iterator[Yards]:
    with opened(tmp_path, docker_engine, "", caller=ME) as (found, _):
        yield found
    patient = Engine(docker_engine.url, timeout=REMOVAL_SECONDS)
    remove_images(patient, found.yard.store.id)
    patient.close()


@pytest.fixture
def server(tmp_path: Path, yards: Yards, docker_engine: Engine) -> Iterator[JupyterServer]:
    """Provide a server on the same store."""
    made = JupyterServer(tmp_path, "/lab/", docker_host=docker_engine.url).start()
    assert made.send("GET", "/deployments").status == 200
    yield made
    made.stop()


def penguins(path: Path) -> pd.DataFrame:
    rows = [
        [f"island {number % 3}", species, *(mean * (1 + (number % 7 - 3) / 100) for mean in means)]
        for species, means in MEANS.items()
        for number in range(30)
    ]
    frame = pd.DataFrame(rows, columns=["island", "species", *FEATURES]).round(2)
    frame["flipper"] = frame["flipper"].astype(int)
    frame.to_csv(path, index=False)
    return frame


def test_model_of_a_run_predicts_as_in_the_notebook(yards, server, tmp_path):
    root, services = tmp_path / "root", yards.yard.services
    shutil.copy(EXAMPLE, root / "train.ipynb")
    frame = penguins(root / "clean.csv")
    body = NewRun(path="train.ipynb", texts={"input_csv": "clean.csv"})
    run = services.runs.create(ME, body)
    with yards.dispatching() as running:
        detail = running.until(
            lambda: services.runs.get(ME, run.id), lambda d: d.run.finished_at, 120
        )
        assert detail.run.state == "succeeded", [task.reason for task in detail.tasks]
        (model,) = (one for one in detail.tasks[0].artifacts if one.format == "joblib")
    package = services.models.build(ME, NewModel(run=run.id, output="model"))
    assert (model.name, package.name) == ("output_model", "train model")
    assert [(one.name, one.type) for one in package.model.inputs] == [
        *(("bill_length", "float"), ("bill_depth", "float")),
        *(("flipper", "int"), ("mass", "float")),
    ]
    assert [(one.name, one.type) for one in package.model.outputs] == [("species", "str")]
    found = services.deployments.create(ME, NewDeployment(package.id, name="penguins"))
    with yards.dispatching() as running:
        waits = running.until(lambda: yards.get("penguins"), lambda one: one.reason)
        assert (waits.state, waits.reason.code) == ("queued", WAITS_FOR_BUILD)
        found = yards.until(running, "running", "failed", name="penguins", seconds=BUILD_SECONDS)
        assert found.state == "running", found.reason
        services.runs.delete(ME, run.id)
        assert found.model.id == package.id and found.model.source.run_id == run.id
        path = f"/{found.links[0].path}"
        own = joblib.load(yards.yard.context.blobs.path(model.digest))
        rows = frame[FEATURES].iloc[[0, 30, 59]]
        records = json.loads(rows.to_json(orient="records"))
        answers = ask(server, f"{path}predict", [package.model.sample, *records])
        assert [one["species"] for one in answers["predictions"]] == [
            *own.predict(pd.DataFrame([package.model.sample])),
            *own.predict(rows),
        ]
        schema = ask(server, f"{path}schema")
        assert schema["sample"] == package.model.sample


SORTER = """
import pandas as pd
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression


class Sorter:
    input_schema = {"length": float, "width": float}
    output_schema = {"kind": int}

    def __init__(self):
        found = load_iris()
        self.model = LogisticRegression(max_iter=500).fit(found.data[:, 2:4], found.target)

    def predict(self, frame):
        return pd.DataFrame({"kind": self.model.predict(frame.to_numpy())})
"""


def test_model_class_becomes_an_endpoint(yards, server, tmp_path):
    """The user writes only the class."""
    (tmp_path / "root/sorter.py").write_text(SORTER)
    package = yards.yard.services.models.build(ME, NewModel("sorter.py"))
    found = yards.yard.services.deployments.create(ME, NewDeployment(package.reference))
    with yards.dispatching() as running:
        found = yards.until(running, "running", "failed", name=found.name, seconds=BUILD_SECONDS)
        assert found.state == "running", found.reason
        answer = ask(server, f"/{found.links[0].path}predict", {"length": 5.1, "width": 1.8})
        assert answer == {"prediction": {"kind": 2}}


HANGS = """
import time


class Sorter:
    input_schema = {"length": float}
    output_schema = {"kind": int}

    def predict(self, frame):
        while frame["length"].max() > 9:
            time.sleep(600)
        return frame["length"].astype(int)
"""


def test_hanging_model_is_restarted(yards, server, tmp_path):
    """The restarted model predicts again."""
    (tmp_path / "root/sorter.py").write_text(HANGS)
    package = yards.yard.services.models.build(ME, NewModel("sorter.py"))
    wish = NewDeployment(package.reference, environment={"NBYARD_CALL_SECONDS": "2"})
    deployments = yards.yard.services.deployments
    found = deployments.create(ME, wish)
    with yards.dispatching() as running:
        found = yards.until(running, "running", "failed", name=found.name, seconds=BUILD_SECONDS)
        assert found.state == "running", found.reason
        path = f"/{found.links[0].path}predict"
        headers = {"Authorization": f"token {TOKEN}"}
        hung = server.request("POST", path, json.dumps({"length": 10}).encode(), headers)
        assert hung.status == 504, hung.content
        running.until(
            lambda: deployments.revisions(ME, found.name).items[0],
            lambda one: one.restarts == 1 and one.ready_at,
        )
        running.until(lambda: deployments.get(ME, found.name), lambda one: one.links[0].answers)
        assert ask(server, path, {"length": 5.1}) == {"prediction": {"kind": 5}}
    assert "back within 6 s" in yards.log(found.name)


def ask(server: JupyterServer, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"token {TOKEN}"}
    told = None if body is None else json.dumps(body).encode()
    answer = server.request("GET" if body is None else "POST", path, told, headers)
    assert answer.status == 200, answer.content
    return answer.json
