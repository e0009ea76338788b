"""The preview of a node, from those of its files."""

from nbyard.domain.attempts.metric_series import Point
from nbyard.domain.datasets.previews import FilePreview, ShownMetric, ShownModel, TableHead
from nbyard.domain.models.structs import ModelColumn, ModelFile
from nbyard.domain.runs.previews.node_results import (
    NodePreview,
    StoredFile,
    files_for_part,
    last_metrics,
    preview_of,
)

DIGEST = "sha256:1"


def file(filename: str, digest: str = DIGEST) -> StoredFile:
    return StoredFile("out", filename, digest)


def test_preferred_formats_come_first():
    files = [file(name) for name in ("b.png", "c.json", "a.csv", "executed.ipynb", "d.bin")]
    assert [one.filename for one in files_for_part(files, "picture")] == ["executed.ipynb", "b.png"]
    assert [one.filename for one in files_for_part(files, "table")] == ["a.csv", "c.json"]
    assert files_for_part(files, "model") == []
    assert files_for_part([file("folder.csv", "tree:1")], "table") == []


def test_the_figure_of_a_notebook_has_no_caption():
    shown = {"picture": (file("executed.ipynb"), FilePreview(picture=True))}
    assert preview_of("a", shown) == NodePreview("a", picture=DIGEST)
    shown = {"picture": (file("p" * 90 + ".png"), FilePreview(picture=True))}
    assert preview_of("a", shown).caption == "p" * 39 + "…"


def test_text_comes_last():
    text = (file("a.txt"), FilePreview(text="hello"))
    table = (file("a.csv"), FilePreview(table=TableHead([], [], 0, 0)))
    assert preview_of("a", {"text": text}).text == "hello"
    assert preview_of("a", {"text": text, "table": table}).text == ""
    assert preview_of("a", {"text": text}, [ShownMetric("m", 1.0)]).text == ""
    assert preview_of("a", {}) == NodePreview("a")


def test_the_class_of_a_package_wins_over_that_of_the_file():
    column = ModelColumn("x", "int")
    names = ("m", "http", ".", "")
    known = {"model": (file("a.pkl"), FilePreview(model=ShownModel("SVC", 4)))}
    plain = ModelFile(*names, "", [column], [])
    assert preview_of("a", known, packages=[plain]).model == ShownModel("SVC", 1)
    assert preview_of("a", {}, packages=[plain]).model == ShownModel("", 1)
    named = ModelFile(*names, "Mine", [], [])
    assert preview_of("a", known, packages=[named]).model == ShownModel("Mine", 4)


def test_the_newest_value_of_each_metric():
    points = [Point(float(n), f"m{n % 8}", float(n)) for n in range(20)]
    points.append(Point(30.0, "m1", "-inf"))
    assert last_metrics(points) == [
        ShownMetric("m0", 16.0),
        ShownMetric("m1", "-Infinity"),
        ShownMetric("m2", 18.0),
        ShownMetric("m3", 19.0),
        ShownMetric("m4", 12.0),
        ShownMetric("m5", 13.0),
    ]
