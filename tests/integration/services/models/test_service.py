"""Models as nodes: a run predicts a dataset with them."""

import pytest

from ....unit.services.models.test_service import FILE, write


def test_model_node_predicts_a_dataset(ann, root, yard, finished):
    """The model runs as a process, with the installed packages."""
    write(root)
    (root / "job/src/model.py").write_text(
        "class MyModel:\n    def predict(self, frame):\n"
        "        return (frame * 2).rename(columns={'x': 'y'}).astype(int)\n"
    )
    (root / "data.csv").write_text("x\n1.5\n2\n")
    detail = finished(path="job/nervosum.yaml", texts={"data": "data.csv"})
    assert detail.run.state == "succeeded", [task.reason for task in detail.tasks]
    assert detail.run.title == "job"
    (made,) = detail.tasks[0].artifacts
    assert (made.name, made.filename) == ("predictions", "predictions.csv")
    with yard.context.blobs.open(made.digest) as content:
        assert content.read().decode().splitlines()[1:] == ["3", "4"]


def test_model_runs_without_listed_package_but_names_missing_module(ann, root, yard, finished):
    """The lists name distributions, and another distribution may provide the module."""
    write(root, "requirements: [no-such-cow]\n")
    code = (
        "class MyModel:\n    def predict(self, frame):\n"
        "        return frame.rename(columns={'x': 'y'}).astype(int)\n"
    )
    (root / "data.csv").write_text("x\n2\n")
    for before, state in (("", "succeeded"), ("import no_such_cow\n", "failed")):
        (root / "job/src/model.py").write_text(before + code)
        detail = finished(path="job/nervosum.yaml", texts={"data": "data.csv"})
        assert detail.run.state == state
    missing = detail.tasks[0].missing
    assert missing.packages == ["pandas", "pyarrow", "no_such_cow"]


@pytest.mark.long
def test_a_model_with_thousands_of_columns_is_a_node(ann, root, yard, finished):
    columns = ", ".join(f"{{name: column{n}, type: float, nullable: true}}" for n in range(3000))
    write(root, text=FILE.replace("[{name: x, type: float}]", f"[{columns}]"))
    (root / "job/src/model.py").write_text(
        "class MyModel:\n    def predict(self, frame):\n"
        "        return frame[['column0']].rename(columns={'column0': 'y'}).astype(int)\n"
    )
    (root / "data.csv").write_text("column0\n1\n2\n")
    detail = finished(path="job/nervosum.yaml", texts={"data": "data.csv"})
    assert detail.run.state == "succeeded", [task.reason for task in detail.tasks]
