"""What can be deployed: outputs of runs that may be models, and classes with `predict`."""

import json

import pytest

from nbyard.domain.models.structs import ModelClass
from nbyard.domain.workflows.structs import Document
from nbyard.errors import Invalid
from nbyard.store.runs import past_results

from ...store.rows import Rows

CLASS = "class {name}:\n    def predict(self, data):\n        return data\n"


@pytest.fixture
def trainer(root) -> str:
    """A workflow whose node writes a model and a table."""
    (root / "train.py").write_text(
        "import sys\nfor name in sys.argv[1:]:\n    open(name, 'w').write('x')\n"
    )
    outputs = [("model", "joblib"), ("table", "csv")]
    arguments = [
        {
            "name": name,
            "role": "output",
            "format": kind,
            "reach": {"kind": "positional", "position": at},
        }
        for at, (name, kind) in enumerate(outputs)
    ]
    (root / "train.py.nbexec").write_text(json.dumps({"version": 1, "arguments": arguments}))
    nodes = {"train": {"type": "executable", "path": "train.py"}}
    document = {"version": 1, "meta": {"title": "Train"}, "nodes": nodes}
    (root / "train.nbflow").write_text(json.dumps(document))
    return "train.nbflow"


def test_the_newest_possible_model_of_each_output_is_listed(yard, ann, trainer, finished):
    for seed in range(2):
        finished(path=trainer, force=bool(seed))
    found = yard.services.models.sources(ann).outputs
    assert [(one.run_number, one.run_title, one.output, one.label) for one in found] == [
        (2, "Train", "train.model", "train.py")
    ]
    assert yard.services.models.sources(type(ann)("bob")).outputs == []


def test_equal_results_of_workflows_with_one_title_are_listed_once(yard, ann):
    model = {"name": "model", "filename": "m.pkl", "format": "pickle", "size_bytes": 1}
    made = [("a", "Penguins", "1"), ("b", "Penguins", "1"), ("c", "Penguins", "2")]
    made += [("d", "Copy", "2"), ("e", "Birds", "1"), ("f", "Birds", "1"), ("f", "Birds", "2")]
    with yard.store.write() as c:
        rows = Rows(yard.store, c)
        for name, title, digest in made:
            workflow = yard.store.workflows.create_or_update(
                c, "ann", f"/{name}.nbflow", Document(1)
            )
            run = rows.run(owner="ann", workflow_id=workflow.id, title=title)
            row = {**model, "digest": f"sha256:{digest}", "type": None}
            yard.store.artifacts.insert_all(c, [(rows.task(run, state="succeeded"), [row])])
    found = yard.services.models.sources(ann).outputs
    # the older model of f is not listed, so the same bytes of e are
    assert [output.run_number for output in found] == [7, 5, 4, 3, 2]


def test_a_workflow_that_ran_often_hides_no_models_of_others(yard, ann, monkeypatch):
    model = {"name": "model", "filename": "m.pkl", "format": "pickle"}
    row = {**model, "size_bytes": 1, "type": None}
    with yard.store.write() as c:
        rows = Rows(yard.store, c)
        old, often = (
            yard.store.workflows.create_or_update(c, "ann", f"/{name}.nbflow", Document(1)).id
            for name in ("old", "often")
        )
        for workflow in (old, *[often] * 12):
            task = rows.task(rows.run(owner="ann", workflow_id=workflow), state="succeeded")
            made = {**row, "digest": f"sha256:{workflow}"}
            yard.store.artifacts.insert_all(c, [(task, [made])])
    monkeypatch.setattr(past_results, "RUNS_OF_GROUP", 4)
    found = yard.services.models.sources(ann, limit=2)
    assert ([one.run_number for one in found.outputs], found.cut) == ([13, 1], False)
    found = yard.services.models.sources(ann, limit=1)
    assert ([one.run_number for one in found.outputs], found.cut) == ([13], True)
    monkeypatch.setattr(past_results, "MOST_RUNS", 1)
    found = yard.services.models.sources(ann, limit=2)
    assert [one.run_number for one in found.outputs] == [13, 1]


def test_classes_with_predict_are_found_in_files(yard, ann, root):
    (root / "sub").mkdir()
    (root / "sub/birds.py").write_text(CLASS.format(name="Birds") + "class Other:\n    pass\n")
    (root / "broken.py").write_text("def predict(:\n")
    (root / "plain.py").write_text("def predict(data):\n    return data\n")
    (root / "link.py").symlink_to(root / "sub/birds.py")
    listed = yard.services.models.sources
    assert listed(ann).classes == [ModelClass("sub/birds.py", "Birds")]
    (root / "more.py").write_text(CLASS.format(name="A") + CLASS.format(name="B"))
    assert len(listed(ann, limit=2).classes) == 2
    assert [listed(ann, limit=limit).cut for limit in (2, 3)] == [True, False]
    with pytest.raises(Invalid):
        listed(ann, limit=0)
