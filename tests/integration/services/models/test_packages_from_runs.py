"""The output of a run becomes a model package with its lineage.

Probes: test_model_probes.py."""

import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import joblib
import pytest
from sqlalchemy import update

from nbyard.attempts.folders import attempt_folder_of
from nbyard.domain.callers import Caller
from nbyard.domain.deployments.structs import NewDeployment
from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.models.structs import ModelColumn, NewModel
from nbyard.domain.runs.structs import RunDetail
from nbyard.errors import Invalid, NotFound
from nbyard.services.models.packages_from_runs import _interpreter_of_task
from nbyard.store.schema.tables import tasks

from ..training import ARGUMENTS, DATA, NEAR, TRAIN, describe


def test_a_pickle_becomes_a_package_with_columns_sample_and_lineage(
    models, ann, trained, yard, root
):
    detail = trained(name="first try")
    task, number = detail.tasks[0], str(detail.run.number)
    made = models.build(ann, NewModel(run=number, output="model"))
    assert (made.name, made.mode, made.tag, made.number) == ("train model", "http", "", 1)
    model = made.model
    assert (model.flavour, model.file, model.module) == ("pickle", "model.joblib", "")
    assert model.inputs == [ModelColumn("length", "float", True), ModelColumn("width", "int")]
    assert model.outputs == [ModelColumn("kind", "str")]
    assert model.sample == {"length": 1.5, "width": 2}
    assert models.schema(ann, made.id).sample == model.sample
    tree = {one.path: one.digest for one in yard.context.blobs.tree(made.bundle_digest).files}
    assert set(tree) == {"model.joblib", "near.py"}
    source = made.source
    assert (source.run_id, source.run_title) == (detail.run.id, "first try")
    assert (source.task_id, source.node, source.output) == (task.id, task.node, "model")
    assert source.digest == tree["model.joblib"]
    assert models.build(ann, NewModel(run="first try", output=f"{task.node}.model")).number == 2
    yard.services.runs.delete(ann, detail.run.id)
    assert models.get(ann, made.id).source == source, "the package outlives the run"
    with yard.store.read() as c:
        assert made.bundle_digest in yard.store.digests(c)


@pytest.mark.parametrize("cached", [False, pytest.param(True, marks=pytest.mark.long)])
def test_package_requires_the_versions_that_the_task_used(models, ann, trained, yard, cached):
    """The versions that are installed now do not count, also for a cached result."""
    packed = TRAIN.replace("argv[2])", "argv[2], compress=3)")
    done = trained(packed).tasks[0]
    folder = attempt_folder_of(yard.store.folder, done.attempts[-1].id)
    recorded = folder / "surroundings.json"
    told = json.loads(recorded.read_text())
    for one in told["lock"]["packages"]:
        one["version"] = "1.2.3+cpu" if one["name"] == "joblib" else one["version"]
    recorded.write_text(json.dumps(told))
    later = trained(packed) if cached else None
    assert later is None or later.tasks[0].cached
    number = later.run.number if later else 1
    made = models.build(ann, NewModel(run=str(number), output="model"))
    assert "joblib==1.2.3" in made.model.requirements
    recorded.unlink()
    made = models.build(ann, NewModel(run=str(number), output="model"))
    assert f"joblib=={joblib.__version__}" in made.model.requirements


@pytest.mark.parametrize("is_recorded", [True, False])
def test_sample_comes_from_the_table_that_the_code_opens(
    models, ann, root, finished, yard, is_recorded
):
    """Other tables of the project do not get into the package, even with the same name."""
    text = TRAIN.replace("sys.argv[1]", "'train/data.csv'").replace("argv[2]", "argv[1]")
    never_read = "length,width,kind,grade\n7.5,8,a,a\n"
    for name, content in [
        ("train.py", text),
        ("near.py", NEAR),
        ("data.csv", never_read),
        ("a/data.csv", never_read),
        ("train/data.csv", DATA),
    ]:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(content)
    reach = {"kind": "positional", "position": 0}
    output = {**ARGUMENTS[1], "format": "joblib", "reach": reach}
    (root / "train.py.nbexec").write_text(json.dumps({"version": 1, "arguments": [output]}))
    detail = finished(path="train.py")
    if not is_recorded:
        with yard.store.write() as c:
            c.execute(update(tasks).where(tasks.c.run_id == detail.run.id).values(observed=None))
    made = models.build(ann, NewModel(run=detail.run.id, output="model"))
    assert made.model.sample == ({"length": 1.5, "width": 2} if is_recorded else {})
    assert [one.name for one in made.model.outputs] == ["kind" if is_recorded else "prediction"]


def test_unknown_run_or_output_is_refused_with_the_existing_ones(models, ann, trained):
    detail = trained()
    key = detail.run.id
    for body, words in [
        (NewModel(run="99", output="model"), "There is no run '99'"),
        (NewModel(output="model"), "A run is needed"),
        (NewModel(run=key, output="modle"), f"there are: {detail.tasks[0].node}.model"),
    ]:
        with pytest.raises(NotFound, match=words):
            models.build(ann, body)
    with pytest.raises(NotFound):
        models.build(Caller("bob"), NewModel(run=key, output="model"))


def test_output_without_a_model_is_refused_with_a_way_out(models, ann, trained):
    text = TRAIN.replace("joblib.dump(fitted(data), sys.argv[2])", "data.to_csv(sys.argv[2])")
    detail = trained(text)
    with pytest.raises(Invalid, match=r"model\.joblib is neither") as caught:
        models.build(ann, NewModel(run=detail.run.id, output="model"))
    assert caught.value.details[0].path == "output"
    assert "write a model file" in caught.value.hint
    assert models.list(ann).items == []


MLFLOW = """
import pathlib, sys
folder = pathlib.Path(sys.argv[2])
folder.mkdir(exist_ok=True)
(folder / "requirements.txt").write_text("mlflow==2.19\\n")
columns = '[{"type": "double", "name": "length"}]'
(folder / "MLmodel").write_text(
    "flavors: {python_function: {loader_module: x}}\\n"
    f"signature: {{inputs: '{columns}', outputs: '{columns}'}}\\n"
)
"""


def test_mlflow_folder_is_built_from_the_store(models, ann, trained):
    detail = trained(MLFLOW, file_format="folder")
    made = models.build(ann, NewModel(run=detail.run.id, output="model"))
    assert (made.name, made.model.flavour) == ("train model", "mlflow")
    assert made.bundle_digest == detail.tasks[0].artifacts[0].digest == made.source.digest
    assert made.model.requirements == ["mlflow==2.19"]
    assert made.model.sample == {"length": 1.5}


def flow(root: Path, title: str = "Both / of them", steps: Sequence[str] = ("one", "two")) -> str:
    """Write a workflow whose nodes have an output of the same name."""
    node = {"type": "executable", "path": "train.py"}
    document: dict[str, Any] = {
        "version": 1,
        "meta": {"id": "w", "title": title},
        "nodes": {
            "data": {"type": "dataset", "path": "flowers.csv"},
            **dict.fromkeys(steps, node),
        },
        "edges": {
            name: {"source": "data", "output": "data", "target": name, "input": "data"}
            for name in steps
        },
    }
    (root / "flow.nbflow").write_text(json.dumps(document))
    return "flow.nbflow"


@pytest.mark.long
def test_output_of_several_nodes_needs_the_node_name(models, ann, trained, root, finished):
    trained()
    detail = finished(path=flow(root))
    with pytest.raises(Invalid, match=r"outputs: one\.model, two\.model"):
        models.build(ann, NewModel(run=detail.run.id, output="model"))
    made = models.build(ann, NewModel(run=detail.run.id, output="two.model"))
    assert made.source.node == "two"
    assert made.name == "Both of them train model"


@pytest.mark.long
def test_model_of_an_untitled_workflow_is_named_after_its_node(
    models, ann, trained, root, finished
):
    trained()
    detail = finished(path=flow(root, "untitled1", ["one"]))
    body = NewModel(run=detail.run.id, output="model")
    assert models.deployed(ann, body).title == models.build(ann, body).name == "train model"


PASSING = "import shutil, sys\nshutil.copy(*sys.argv[1:])\n"


@pytest.mark.long
def test_columns_come_from_the_output_of_an_upstream_node(models, ann, trained, root, finished):
    trained()
    (root / "passing.py").write_text(PASSING)
    describe(root, "passing.py", "csv")
    document = json.loads((root / flow(root)).read_text())
    document["nodes"]["one"]["path"] = "passing.py"
    document["edges"]["two"] |= {"source": "one", "output": "model"}
    (root / "flow.nbflow").write_text(json.dumps(document))
    detail = finished(path="flow.nbflow")
    assert detail.run.state == "succeeded", [task.reason for task in detail.tasks]
    made = models.build(ann, NewModel(run=detail.run.id, output="two.model"))
    assert [one.type for one in made.model.inputs] == ["float", "int"]
    assert made.model.outputs == [ModelColumn("kind", "str")]
    assert made.model.sample == {"length": 1.5, "width": 2}


@pytest.mark.long
def test_deployment_names_its_model_and_run(models, ann, trained, yard):
    """One field leads from a deployment to its run."""
    detail = trained()
    made = models.build(ann, NewModel(run=detail.run.id, output="model"))
    found = yard.services.deployments.create(ann, NewDeployment(made.id))
    assert found.model.id == made.id and found.model.source == made.source
    assert yard.services.deployments.list(ann).items[0].model == found.model
    plain = yard.services.deployments.create(ann, NewDeployment("cows:1", name="cows"))
    assert plain.model is None


def deployed(models, ann, detail, output: str) -> list[str]:
    body = NewModel(run=detail.run.id, output=output)
    return [one.name for one in models.deployed(ann, body).items]


@pytest.mark.long
def test_deployments_of_an_output_are_listed(models, ann, trained, yard, root, finished):
    """For each run that produced it, also after the run was deleted."""
    alone = trained()
    flows = [finished(path=flow(root)) for _ in range(2)]

    def deploy(detail: RunDetail, output: str, name: str) -> None:
        made = models.build(ann, NewModel(run=detail.run.id, output=output))
        yard.services.deployments.create(ann, NewDeployment(made.id, name=name))

    deploy(flows[0], "one.model", "one")
    deploy(alone, "model", "alone")
    for detail in flows:
        assert deployed(models, ann, detail, "one.model") == ["one"]
        assert deployed(models, ann, detail, "two.model") == []
    assert deployed(models, ann, trained(force=True), "model") == ["alone"]
    again = models.build(ann, NewModel(run=flows[0].run.id, output="one.model"))
    yard.services.runs.delete(ann, flows[0].run.id)
    assert deployed(models, ann, flows[1], "one.model") == ["one"]
    assert [one.name for one in models.deployments(ann, again.id).items] == ["one"]
    later = models.build(ann, NewModel(run=flows[1].run.id, output="one.model"))
    assert [one.name for one in models.deployments(ann, later.id).items] == ["one"]
    other = root / "other.nbflow"
    other.write_text((root / "flow.nbflow").read_text().replace("Both / of", "None of"))
    assert deployed(models, ann, finished(path="other.nbflow"), "one.model") == []
    with pytest.raises(NotFound):
        deployed(models, Caller("bob"), flows[1], "one.model")


@pytest.mark.long
def test_deployment_of_an_older_output_names_its_run(models, ann, trained, yard, root):
    before = trained()
    made = models.build(ann, NewModel(run=before.run.id, output="model"))
    yard.services.deployments.create(ann, NewDeployment(made.id, name="old"))

    def other_runs(detail: RunDetail) -> list[int | None]:
        body = NewModel(run=detail.run.id, output="model")
        return [deployment.other_run for deployment in models.deployed(ann, body).items]

    assert other_runs(before) == [None]
    changed = TRAIN.replace("joblib.dump(fitted(data)", "joblib.dump(fitted(data[2:])")
    assert other_runs(trained(changed)) == [before.run.number]


def used(place: str) -> Any:
    """Return the records of a store with one installed version of an environment."""
    version = SimpleNamespace(place=place)
    environments = SimpleNamespace(version=lambda c, key: version if key == "v" else None)
    return SimpleNamespace(store=SimpleNamespace(read=nullcontext, environments=environments))


def output(environment: Any = None, kind: str = "command", kernel: str = "") -> Any:
    plan = SimpleNamespace(environment=environment, runtime="process", kernel="")
    version = SimpleNamespace(kind=kind, kernel=kernel, language="python")
    return SimpleNamespace(task=SimpleNamespace(plan=plan), version=version)


@pytest.mark.long
def test_model_is_probed_with_the_interpreter_of_its_task(tmp_path):
    """The interpreter of the environment, of the kernel, or of nbyard if that is gone."""
    python = tmp_path / "bin/python"
    python.parent.mkdir()
    python.touch()
    library = UsedEnvironment("e", "cows", "v", 1, "sha256:1")
    found = _interpreter_of_task(used(str(tmp_path)), output(library))
    assert found == (str(python), {"PYTHONNOUSERSITE": "1"})
    gone = UsedEnvironment("e", "cows", "gone", 1, "sha256:1")
    for one in (output(), output(gone), output(kind="notebook", kernel="no-such-kernel")):
        assert _interpreter_of_task(used(""), one)[0] == sys.executable
    mine = _interpreter_of_task(used(""), output(kind="notebook", kernel="python3"))[0]
    assert Path(mine).is_file()
