"""Where the parts of a node are in a bundle."""

from .bundles import recorded


def test_places():
    node = recorded("train", "train.ipynb", [], {}, outputs={"model": "m.joblib"})
    assert node.folder == "nodes/train"
    assert node.place_of("model") == "nodes/train/outputs/model/m.joblib"
