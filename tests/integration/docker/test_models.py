"""Models built by the dispatcher on a real engine, and served by their images."""

import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pyarrow import parquet

from nbyard.attempts import folders
from nbyard.dockerd import STORE, Engine
from nbyard.domain.callers import Caller
from nbyard.domain.deployments.structs import SECRET_HEADER, DeploymentChange, NewDeployment
from nbyard.domain.models.structs import ModelPackage, NewModel
from nbyard.domain.runs.structs import NewRun, Task
from nbyard.rest.identity import local_name
from nbyard.runtimes.docker import DockerRuntime
from nbyard.runtimes.docker.attempt_container_spec import container_name
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

from .deploying import shown
from .far import free_port
from .imaging import remove_images, yard

__all__ = ["yard"]

pytestmark = pytest.mark.timeout(400)
ANN = Caller(local_name())
BUILD_SECONDS = 300
FLOWER = b'{"length": 1.4, "width": 0.2}'
NERVOSUM = """
name: Iris Sorter
deployment:
  mode: http
{platform}
{tag}
src: src/
interface:
  model_module: model
  model_class: Sorter
{requirements}
input_schema:
  - {{name: length, type: float}}
  - {{name: width, type: float}}
output_schema: {{name: kind, type: int}}
"""
LEARNT = """
import pandas as pd
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression


class Sorter:
    def __init__(self):
        found = load_iris()
        self.model = LogisticRegression(max_iter=500).fit(found.data[:, 2:4], found.target)

    def predict(self, frame):
        return pd.DataFrame({"kind": self.model.predict(frame.to_numpy())})
"""
# Gives the same answers, and is built in seconds.
LIGHT = """
import joblib


class Sorter:
    def predict(self, frame):
        kinds = (frame["length"] > 2.5).astype(int) + (frame["length"] > 4.9).astype(int)
        return kinds.to_frame("kind")
"""
FULL = {"platform": "  platform_tag: cluster-1", "tag": "tag: v0.0.1", "file": True}
VARIANTS = [
    pytest.param(FULL, LIGHT, id="all-said"),
    pytest.param(FULL, LEARNT, id="all-said-learnt", marks=pytest.mark.long),
    pytest.param(
        {"platform": "", "tag": "", "listed": True},
        LEARNT,
        id="little-said-learnt",
        marks=pytest.mark.long,
    ),
]


@pytest.fixture
def built(yard: Yard, docker_engine: Engine) -> Iterator[Callable[..., ModelPackage]]:
    """Build a folder to its end; afterwards, all images of this store are removed."""

    def build(path: str, file: str = "") -> ModelPackage:
        made = yard.services.models.build(ANN, NewModel(path, file))
        with Dispatching(yard.settings) as dispatcher:
            return dispatcher.until(
                lambda: yard.services.models.get(ANN, made.id),
                lambda found: found.state in ("ready", "failed"),
                BUILD_SECONDS,
            )

    yield build
    remove_images(docker_engine, yard.store.id)


def write(yard: Yard, variant: dict[str, Any], code: str = LIGHT) -> str:
    folder = yard.context.files.root / "Iris project"
    (folder / "src").mkdir(parents=True)
    (folder / "src/model.py").write_text(code)
    package, lines = "joblib" if code == LIGHT else "scikit-learn", ""
    if variant.get("file"):
        (folder / "requirements.txt").write_text(f"{package}\n")
        lines = "requirements: requirements.txt"
    elif variant.get("listed"):
        lines = f"requirements:\n  - {package}"
    told = {name: variant.get(name, "") for name in ("platform", "tag")}
    (folder / "nervosum.yaml").write_text(NERVOSUM.format(requirements=lines, **told))
    return "Iris project"


@contextmanager
def served(engine: Engine, image: str) -> Iterator[Callable[..., tuple[int, Any]]]:
    """Start a hardened container of it, on a port of this machine."""
    port = free_port()
    docker = ["docker", "--host", engine.url]
    hardened = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"]
    network = ["--network", "host", "--env", f"NBYARD_PORT={port}"]
    words = [*docker, "run", "--detach", *hardened, *network, image]
    key = subprocess.run(words, capture_output=True, check=True, text=True).stdout.strip()

    def ask(path: str, body: Any = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        try:
            url = f"http://127.0.0.1:{port}{path}"
            with urllib.request.urlopen(url, data, timeout=20) as found:
                return found.status, json.load(found)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    try:
        _wait(ask, [*docker, "logs", key])
        yield ask
        subprocess.run([*docker, "stop", "--time", "10", key], check=True, capture_output=True)
        state = [*docker, "inspect", "--format", "{{.State.ExitCode}}", key]
        said = subprocess.run(state, check=True, capture_output=True, text=True)
        assert said.stdout.strip() == "0", "it ends by itself"
    finally:
        subprocess.run([*docker, "rm", "--force", key], check=True, capture_output=True)


def _wait(ask: Callable[..., tuple[int, Any]], logs: list[str]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if ask("/v2/health/ready")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError(subprocess.run(logs, capture_output=True, check=True, text=True).stderr)


@pytest.mark.parametrize(("variant", "code"), VARIANTS)
def test_nervosum_project_is_built_and_predicts(yard, built, docker_engine, variant, code):
    made = built(write(yard, variant, code))
    assert made.state == "ready", made.reason
    found = docker_engine.image(made.image_id)
    assert found is not None
    assert made.reference in found.names
    assert found.labels["name"] == "Iris Sorter"
    assert (found.labels["mode"], found.labels["owner"]) == ("http", ANN.name)
    assert found.labels.get("platform_tag") == ("cluster-1" if variant["platform"] else None)
    assert found.labels.get("tag") == ("v0.0.1" if variant["tag"] else None)
    with served(docker_engine, made.reference) as ask:
        assert ask("/predict", {"length": 1.4, "width": 0.2}) == (200, {"prediction": {"kind": 0}})
        assert ask("/schema")[1]["output_schema"] == [{"name": "kind", "type": "int"}]
        status, said = ask("/predict", [{"length": 1.4}])
        assert (status, said["details"][0]["field"]) == (422, "width")
        tensor = {"shape": [1], "datatype": "FP32", "data": [5.1]}
        inputs = [{"name": "length", **tensor}, {"name": "width", **tensor, "data": [1.8]}]
        status, said = ask("/v2/models/Iris%20Sorter/infer", {"inputs": inputs})
        assert (status, said["outputs"][0]["data"]) == (200, [2])


@pytest.mark.long
def test_batch_model_predicts_a_dataset_in_its_image(yard, built, monkeypatch, shell):
    """The newest matching image, in a container by default, named by its folder; one result
    for each file of a folder."""
    monkeypatch.setattr(yard.settings, "default_runtime", "process")
    folder = write(yard, {"listed": True, "platform": "  platform_tag: big"})
    path = yard.context.files.root / folder / "nervosum.yaml"
    path.write_text(path.read_text().replace("mode: http", "mode: batch"))
    made = built(folder)
    assert (made.state, made.mode, made.platform_tag) == ("ready", "batch", "big"), made.reason
    data = yard.context.files.root / "flowers.csv"
    data.write_text("length,width\n1.4,0.2\n5.1,1.8\n")
    months = yard.context.files.root / "months"
    months.mkdir()
    for name in ("may.csv", "june.csv"):
        shutil.copy(data, months / name)
    table, packed = months.with_name("kinds.parquet"), months.with_name("kinds.zip")
    with Dispatching(yard.settings):
        for source, target in (("flowers.csv", table), ("months", packed)):
            words = ["-n", "iris", "--input", source, "--output", str(target)]
            said = shell("models", "run", *words)
            assert said.code == 0, said.err
        said = shell("models", "run", "-n", "iris", "--input", "flowers.csv")
        assert said.code == 0, said.err
    assert parquet.read_table(table)["kind"].to_pylist() == [0, 2]
    with zipfile.ZipFile(packed) as archive:
        read = {name: archive.read(name).split() for name in archive.namelist()}
    assert read == {name: [b'"kind"', b"0", b"2"] for name in ("may.csv", "june.csv")}


LONG = """
name: Long
deployment: {mode: batch}
src: src
interface: {model_module: model, model_class: Long}
input_schema: [{name: n, type: int}, {name: text, type: str}]
output_schema: [{name: n, type: int}, {name: twice, type: int}]
"""
# A part is kept after the first piece, and after later ones unless the disk is slow.
LONG_CODE = """
import time


class Long:
    def predict(self, frame):
        print("piece", len(frame), flush=True)
        time.sleep(0.6)
        return frame[["n"]].assign(twice=2 * frame["n"])
"""
LONG_ROWS = 9000


def long(yard: Yard, built: Callable[..., ModelPackage]) -> str:
    """Create the executable of a model in its image, and its data."""
    root = yard.context.files.root
    (root / "src").mkdir()
    (root / "src/model.py").write_text(LONG_CODE)
    (root / "nervosum.yaml").write_text(LONG)
    with open(root / "long.csv", "w") as file:
        file.write("n,text\n")
        file.writelines(f"{n},{'x' * 1000}\n" for n in range(LONG_ROWS))
    made = built(".")
    assert made.state == "ready", made.reason
    return yard.services.models.register(ANN, made.id).id


def pieces(yard: Yard, run: str, attempt: int) -> list[int]:
    """Return the numbers of rows of the pieces that an attempt has reached."""
    (task,) = yard.services.runs.get(ANN, run).tasks
    if len(task.attempts) < attempt:
        return []
    text = yard.services.runs.log(ANN, run, task.node, attempt=attempt).text
    return [int(count) for count in re.findall(r"^piece (\d+)$", text, re.MULTILINE)]


def predicted(yard: Yard, executable: str, killing: Engine | None = None) -> tuple[Task, bytes]:
    """Run a task whose container is killed at its fourth piece."""
    runs = yard.services.runs
    told = NewRun(executable=executable, parameters={"data": "long.csv"}, force=True)
    with Dispatching(yard.settings) as running:
        run = runs.create(ANN, told).id
        if killing:
            running.until(lambda: pieces(yard, run, 1), lambda found: len(found) > 3)
            killing.signal(container_name(runs.get(ANN, run).tasks[0].attempts[0].id), "SIGKILL")
        found = running.until(lambda: runs.get(ANN, run), lambda one: one.run.finished_at)
    (task,) = found.tasks
    assert task.state == "succeeded", task.reason
    return task, yard.context.blobs.path(task.artifacts[0].digest).read_bytes()


@pytest.mark.long
def test_batch_resumes_after_its_container_is_killed(yard, built, docker_engine, monkeypatch):
    """To the same bytes, also if the engine does not see nbyard's files."""
    executable = long(yard, built)
    _, undisturbed = predicted(yard, executable)
    for staging in ("bind", "volume"):
        monkeypatch.setattr(DockerRuntime, "_staging", lambda *_, to=staging: to)
        task, found = predicted(yard, executable, docker_engine)
        first, second = (pieces(yard, task.run_id, number) for number in (1, 2))
        rows = LONG_ROWS - sum(second)
        words = (
            f"was lost: its container was killed (signal 9); continues after {rows} finished rows"
        )
        assert words in task.why
        assert first[0] <= rows <= sum(first)
        assert found == undisturbed
    assert folders.all_unfinished(yard.store.folder) == []


@pytest.mark.long
def test_equal_model_is_built_once_and_a_failed_build_names_its_line(yard, built):
    folder = write(yard, {"listed": True})
    first, second = built(folder), built(folder)
    assert (first.number, second.number) == (1, 2)
    assert first.image_id == second.image_id
    assert yard.services.images.get(ANN, second.image).cached
    path = yard.context.files.root / folder / "nervosum.yaml"
    path.write_text(path.read_text().replace("- joblib", "- no-such-package==9"))
    failed = built(folder)
    assert failed.state == "failed"
    assert "no-such-package" in str(failed.reason)
    yard.services.models.delete(ANN, first.id)
    assert [one.id for one in yard.services.models.list(ANN).items] == [failed.id, second.id]


def asked(port: int, secret: dict[str, str]) -> Any:
    """Return the prediction of a container's port, which refuses a missing or wrong secret."""
    url = f"http://127.0.0.1:{port}/predict"
    for headers in ({}, {SECRET_HEADER: "guessed"}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(url, FLOWER, headers))
        with refused.value as error:
            assert error.code == 401 and json.load(error)["error"]
    with urllib.request.urlopen(urllib.request.Request(url, FLOWER, secret)) as answer:
        return json.load(answer)["prediction"]


def inspected(engine: Engine, yard: Yard) -> str:
    """Return what the engine shows of the containers of a store."""
    owned = engine.owned_objects(STORE, yard.store.id)
    names = [one.name for one in owned if one.kind == "container"]
    return repr([engine.client().inspect_container(name) for name in names])


@pytest.mark.long
def test_model_is_deployed_and_replaced_by_another(yard, built, docker_engine):
    """Its name gives it an address. Only the proxy may send requests."""
    made = built(write(yard, FULL))
    secrets = set[str]()
    assert made.state == "ready", made.reason
    deployments = yard.services.deployments
    try:
        with Dispatching(yard.settings) as dispatcher:

            def serving(number: int) -> dict[str, Any]:
                dispatcher.until(
                    lambda: deployments.get(ANN, "sorter"),
                    lambda one: one.state == "failed" or one.serving == number,
                    60,
                )
                with yard.store.read() as c:
                    row = yard.store.deployments.serving(c, ANN.name, "sorter")
                assert row is not None, deployments.log(ANN, "sorter").text
                (place,) = row.places
                secrets.add(shown(yard, row)[SECRET_HEADER])
                return asked(place.port, shown(yard, row))

            first = deployments.create(ANN, NewDeployment("Iris Sorter", name="sorter"))
            assert (first.title, first.spec.image) == ("Iris Sorter", made.reference)
            assert first.spec.ports[0].path == "/v2/health/ready"
            assert serving(1) == {"kind": 0}
            deployments.edit(ANN, "sorter", DeploymentChange(image="Iris Sorter:v0.0.1", cpu=1))
            assert serving(2) == {"kind": 0}
            assert len(secrets) == 2, "each revision has its own"
            told = inspected(docker_engine, yard) + deployments.log(ANN, "sorter").text
            assert "NBYARD_SECRET_FILE" in told
            assert not any(secret in told for secret in secrets)
    finally:
        for one in deployments.list(ANN).items:
            deployments.delete(ANN, one.id)
        with Dispatching(yard.settings) as dispatcher:
            dispatcher.until(lambda: deployments.list(ANN).items, lambda left: not left, 60)
