"""What can be deployed: outputs of runs that may be models, and classes with `predict`."""

import json

import pytest

from nbyard.domain.models.structs import ModelClass
from nbyard.errors import Invalid

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


def test_the_newest_result_of_each_output_that_may_be_a_model(yard, ann, trainer, finished):
    for seed in range(2):
        finished(path=trainer, force=bool(seed))
    found = yard.services.models.sources(ann).outputs
    assert [(one.run_number, one.run_title, one.output) for one in found] == [
        (2, "Train", "train.model")
    ]
    assert yard.services.models.sources(type(ann)("bob")).outputs == []


def test_classes_with_predict_are_found_in_files(yard, ann, root):
    (root / "sub").mkdir()
    (root / "sub/birds.py").write_text(CLASS.format(name="Birds") + "class Other:\n    pass\n")
    (root / "broken.py").write_text("def predict(:\n")
    (root / "plain.py").write_text("def predict(data):\n    return data\n")
    (root / "link.py").symlink_to(root / "sub/birds.py")
    sources = yard.services.models.sources
    assert sources(ann).classes == [ModelClass("sub/birds.py", "Birds")]
    (root / "more.py").write_text(CLASS.format(name="A") + CLASS.format(name="B"))
    assert len(sources(ann, limit=2).classes) == 2
    with pytest.raises(Invalid):
        sources(ann, limit=0)
