"""Where a model is loaded: on this machine only if a process of this machine wrote it."""

import json
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import update

from nbyard.attempts.folders import attempt_folder_of
from nbyard.domain.attempts.structs import Image
from nbyard.domain.models.model_probes import ModelProbe, ProbeAnswer
from nbyard.domain.models.structs import ModelColumn, NewModel
from nbyard.domain.runs.structs import RunDetail
from nbyard.errors import Invalid, Unavailable
from nbyard.reasons.structs import text_reason
from nbyard.services.models import packages_from_runs
from nbyard.services.models.packages_from_runs import NO_IMAGE, UNKNOWN
from nbyard.store.schema.tables import attempts, tasks
from nbyard.yard import Yard

from ..training import TRAIN, describe

EVIL = """
import pathlib, pickle, sys
import near

class Evil:
    def __reduce__(self):
        return (pathlib.Path({canary!r}).touch, ())

pathlib.Path(sys.argv[2]).write_bytes(pickle.dumps(Evil()))
"""
SAID = """{"inputs": [{"name": "length", "type": "float"}], "outputs": [{"name": "prediction",
"type": "str"}], "sample": {"length": 1.5}, "table": 0, "classes": ["a", "b"],
"requirements": ["joblib==9"], "elsewhere": [], "unknown": [], "files": ["near.py", "/etc/passwd"]}
"""
PROBLEM = json.dumps({"problem": msgspec.to_builtins(text_reason("it is a dict"))})


@pytest.fixture
def no_engine(yard: Yard, tmp_path: Path) -> Yard:
    yard.settings.docker_host = f"unix://{tmp_path}/none.sock"
    return yard


def in_a_container(yard: Yard, detail: RunDetail, runtime: str = "docker") -> NewModel:
    """Return the output of that run, with records as if a container had created it."""
    (one,) = detail.tasks[0].attempts
    with yard.store.write() as c:
        c.execute(update(attempts).where(attempts.c.id == one.id).values(runtime=runtime))
    image = msgspec.json.encode(Image("cows:1", "sha256:cows"))
    (attempt_folder_of(yard.store.folder, one.id) / "image.json").write_bytes(image)
    return NewModel(run=detail.run.id, output="model")


def evil_of(yard: Yard) -> bytes:
    """Return the bytes of the only model in the store."""
    with yard.store.read() as c:
        (digest,) = yard.store.artifacts.digests(c)
    with yard.context.blobs.open(digest) as content:
        return content.read()


def test_output_of_a_container_is_never_loaded_on_the_host(
    no_engine, models, ann, trained, tmp_path
):
    """Without an engine the build is refused with a hint. A process of the user may be loaded."""
    canary = tmp_path / "canary"
    detail = trained(EVIL.format(canary=str(canary)))
    body = in_a_container(no_engine, detail)
    with pytest.raises(Unavailable, match="Docker cannot be reached") as caught:
        models.build(ann, body)
    assert caught.value.message.startswith("A model that was")
    assert "nbyard doctor" in caught.value.hint and "write a model file" in caught.value.hint
    assert not canary.exists()
    with no_engine.store.read() as c:
        assert no_engine.store.model_probes.open(c) == []
    with pytest.raises(Invalid):
        models.build(ann, in_a_container(no_engine, detail, "process"))
    assert canary.exists(), "so a load would have been seen"


@pytest.mark.parametrize(("table", "column"), [(0, "kind"), (1, "prediction"), (-1, "prediction")])
def test_answer_of_the_probe_becomes_the_package(
    yard, models, ann, trained, monkeypatch, table: int, column: str
):
    asked: list[ModelProbe] = []

    def answered(parts, probe):
        asked.append(probe)
        return ProbeAnswer(text=SAID.replace('"table": 0', f'"table": {table}'))

    monkeypatch.setattr(packages_from_runs, "_wait_for_answer", answered)
    made = models.build(ann, in_a_container(yard, trained()))
    (probe,) = asked
    assert (probe.runtime, probe.image, probe.image_name) == ("docker", "sha256:cows", "cows:1")
    assert probe.filename == "model.joblib" and {"near.py", "train.py"} <= probe.code.keys()
    assert [one.filename for one in probe.tables] == ["flowers.csv"]
    assert made.model.inputs == [ModelColumn("length", "float")]
    assert made.model.outputs == [ModelColumn(column, "str")]
    tree = {one.path for one in yard.context.blobs.tree(made.bundle_digest).files}
    assert tree == {"model.joblib", "near.py"}


def test_copied_output_of_a_container_is_not_loaded_on_the_host(
    no_engine, models, ann, trained, finished, root, tmp_path
):
    """The bytes decide, not the task that has them."""
    canary = tmp_path / "canary"
    in_a_container(no_engine, trained(EVIL.format(canary=str(canary))))
    (root / "data.csv").write_bytes(evil_of(no_engine))
    (root / "copy.py").write_text("import shutil, sys\nshutil.copy(*sys.argv[1:3])")
    describe(root, "copy.py", "joblib")
    detail = finished(path="copy.py", texts={"data": "data.csv"})
    assert [one.runtime for one in detail.tasks[0].attempts] == ["process"]
    with pytest.raises(Unavailable, match="created in a container"):
        models.build(ann, NewModel(run=detail.run.id, output="model"))
    assert not canary.exists()


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ProbeAnswer(problem=text_reason("it has no predict")), "it has no predict"),
        (ProbeAnswer(text=PROBLEM), "it is a dict"),
        (ProbeAnswer(text="[" * 100_000), "result of inspecting the model cannot be read"),
        (ProbeAnswer(text='{"inputs": 3}'), "result of inspecting the model cannot be read"),
    ],
)
def test_answer_of_a_container_is_treated_as_data(
    yard, models, ann, trained, monkeypatch, answer: ProbeAnswer, words: str
):
    monkeypatch.setattr(packages_from_runs, "_wait_for_answer", lambda parts, probe: answer)
    with pytest.raises(Invalid, match=words):
        models.build(ann, in_a_container(yard, trained()))


def test_output_of_a_cluster_task_is_probed_on_the_cluster(yard, models, ann, trained, monkeypatch):
    asked: list[ModelProbe] = []

    def answered(parts, probe):
        asked.append(probe)
        return ProbeAnswer(problem=text_reason("enough"))

    monkeypatch.setattr(packages_from_runs, "_wait_for_answer", answered)
    with pytest.raises(Invalid, match="enough"):
        models.build(ann, in_a_container(yard, trained(), "dask"))
    assert asked[0].runtime == "dask"


def test_output_of_unknown_origin_is_never_loaded(yard, models, ann, trained, tmp_path):
    canary = tmp_path / "canary"
    detail = trained(EVIL.format(canary=str(canary)))
    body = in_a_container(yard, detail)
    (one,) = detail.tasks[0].attempts
    (attempt_folder_of(yard.store.folder, one.id) / "image.json").unlink()
    with pytest.raises(Invalid, match=str(NO_IMAGE)):
        models.build(ann, body)
    with yard.store.write() as c:
        known = yard.store.tasks.of_node(c, detail.run.id, detail.tasks[0].node)
        plan = msgspec.structs.replace(known.plan, pinned=1)
        c.execute(attempts.delete().where(attempts.c.id == one.id))
        changed = update(tasks).where(tasks.c.id == known.id)
        c.execute(changed.values(plan=msgspec.to_builtins(plan)))
    with pytest.raises(Invalid, match=str(UNKNOWN)):
        models.build(ann, body)
    assert not canary.exists()


@pytest.mark.long
def test_dispatcher_that_does_not_respond_is_reported(yard, ann, models, trained, monkeypatch):
    body = in_a_container(yard, trained(TRAIN))
    monkeypatch.setattr(packages_from_runs, "SECONDS", -packages_from_runs.MORE_SECONDS)
    with pytest.raises(Unavailable, match="dispatcher does not respond"):
        models.build(ann, body)
    with yard.store.read() as c:
        assert yard.store.model_probes.open(c) == []
