"""Real runs are compared, and each kind of change is found as the cause."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.comparison.structs import Cause
from nbyard.domain.datasets.structs import FileSource, NewDataset
from nbyard.domain.runs.structs import RunDetail
from nbyard.errors import Invalid, NotFound
from nbyard.reasons.structs import because
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

from .....notebooks import notebook
from ....test_used_environments import ADA, Ground, ground

__all__ = ["ground"]

CLEAN = (
    "source_csv = 'd.csv'\ndrop = 0\noutput_csv = 'c.csv'",
    "lines = open(source_csv).read().splitlines()",
    "open(output_csv, 'w').write('\\n'.join(lines[: len(lines) - drop]))",
)
TRAIN = (
    "cleaned_csv = 'c.csv'\nscale = 1.0\noutput_txt = 'm.txt'",
    "import nbyard\ntotal = sum(float(one) for one in open(cleaned_csv).read().split()[1:])",
    "nbyard.log_metric('total', total * scale)\nopen(output_txt, 'w').write(str(total * scale))",
)
PARAMETERS = [["parameters"]]
Finished = Callable[..., RunDetail]


class Lab:
    """A workflow of a dataset and two notebooks, which can be changed and run."""

    def __init__(self, yard: Yard, caller: Caller, root: Path, finished: Finished) -> None:
        self.runs = yard.services.runs
        self.caller = caller
        self.root = root
        self._finished = finished
        self.clean(*CLEAN)
        self.train(*TRAIN)
        document = {
            "version": 1,
            "meta": {"id": "w", "parameters": {"scale": {"type": "float", "default": 1.0}}},
            "nodes": {
                "data": {"type": "dataset", "dataset": "numbers"},
                "clean": {"type": "executable", "path": "clean.ipynb"},
                "train": {
                    "type": "executable",
                    "path": "train.ipynb",
                    "arguments": {"scale": {"parameter": "scale"}},
                },
            },
            "edges": {
                "a": {"source": "data", "output": "data", "target": "clean", "input": "source_csv"},
                "b": {
                    "source": "clean",
                    "output": "output_csv",
                    "target": "train",
                    "input": "cleaned_csv",
                },
            },
        }
        (root / "lab.nbflow").write_text(json.dumps(document))

    def clean(self, *cells: str) -> None:
        (self.root / "clean.ipynb").write_text(notebook(*cells, tags=PARAMETERS))

    def train(self, *cells: str) -> None:
        (self.root / "train.ipynb").write_text(notebook(*cells, tags=PARAMETERS))

    def run(self, **body: Any) -> str:
        found = self._finished(path="lab.nbflow", **body)
        assert found.run.state == "succeeded", [task.failure for task in found.tasks]
        return found.run.id

    def causes(self, old: str, new: str, **of: str) -> list[Cause]:
        return self.runs.why(self.caller, new, old, **of).causes


def told(causes: list[Cause]) -> list[tuple[str, str, str, int]]:
    return [(one.kind, one.node, one.name, one.distance) for one in causes]


@pytest.fixture
def numbers(yard: Yard, ann: Caller, root: Path, dispatcher: Dispatching) -> Callable[[str], None]:
    """Add a version to the dataset."""

    def add(text: str) -> None:
        (root / "numbers.csv").write_text(text)
        datasets = yard.services.datasets
        made = NewDataset(FileSource("numbers.csv"), name="numbers", replace=True)
        datasets.create(ann, made)
        dispatcher.until(
            lambda: datasets.get(ann, "numbers"), lambda found: found.current.state == "ready"
        )

    return add


@pytest.fixture
def lab(
    yard: Yard, ann: Caller, root: Path, finished: Finished, numbers: Callable[[str], None]
) -> Lab:
    numbers("x\n1\n2\n3\n")
    return Lab(yard, ann, root, finished)


@pytest.fixture
def outside() -> Iterator[Path]:
    """Create a folder; its path contains no name that a program uses."""
    with TemporaryDirectory(prefix="data-") as folder:
        yield Path(folder)


def test_a_parameter_explains_a_metric(lab: Lab) -> None:
    first, second = lab.run(), lab.run(parameters={"scale": 2.5})
    found = lab.runs.why(lab.caller, second, first, "train", "total")
    assert [(one.name, one.before, one.after) for one in found.results] == [("total", "6", "15")]
    assert told(found.causes) == [("parameter", "train", "scale", 0)]
    assert found.causes[0].reason == because("value-changed", name="scale", old="1.0", new="2.5")
    compared = lab.runs.compare(lab.caller, first, second)
    assert [(one.node, one.name, one.values) for one in compared.parameters] == [
        ("", "scale", ["1.0", "2.5"]),
        ("train", "scale", ["1.0", "2.5"]),
    ]
    assert [(one.node, one.values) for one in compared.metrics] == [("train", [6.0, 15.0])]
    assert [(one.node, one.name, one.kind) for one in compared.outputs] == [
        ("train", "output_txt", "text")
    ]
    assert (compared.code, compared.environment) == ([], [])
    assert compared.equal.outputs == 1
    # the shown times are those of attempts, and the first node was cached
    assert [(one.node, one.cached) for one in compared.timing if one.node == "clean"] == [
        ("clean", [False, True])
    ]


def test_dataset_version_explains_a_metric_downstream(
    lab: Lab, numbers: Callable[[str], None]
) -> None:
    first = lab.run()
    numbers("x\n1\n2\n4\n")
    second = lab.run()
    causes = lab.causes(first, second, node="train", metric="total")
    assert told(causes) == [("data", "clean", "source_csv", 1)]
    link = causes[0].dataset
    assert link is not None and (link.name, link.old, link.new) == ("numbers", 1, 2)
    assert causes[0].reason == because(
        "data-changed", name="source_csv", old="numbers v1", new="numbers v2"
    )


def test_changed_data_file_is_named_with_its_columns(lab: Lab) -> None:
    document = json.loads((lab.root / "lab.nbflow").read_text())
    document["nodes"]["data"] = {"type": "dataset", "path": "sales.csv"}
    (lab.root / "lab.nbflow").write_text(json.dumps(document))
    (lab.root / "sales.csv").write_text("price\n1.5\n295\n")
    first = lab.run()
    (lab.root / "sales.csv").write_text("price\n1.5\n80250\n")
    second = lab.run()
    (cause,) = lab.causes(first, second, node="train", metric="total")
    assert (cause.kind, cause.node, cause.name) == ("data", "clean", "source_csv")
    assert "price max 295 →" in str(cause.reason)
    compared = lab.runs.compare(lab.caller, first, second)
    assert [(one.node, one.name, one.kind) for one in compared.inputs] == [
        ("clean", "source_csv", "table")
    ]
    assert compared.code == [], "nothing but the input changed"
    found = lab.runs.compare_input(lab.caller, first, "clean", "source_csv", second)
    assert [(one.name, "max" in one.differs) for one in found.columns] == [("price", True)]
    with pytest.raises(NotFound):
        lab.runs.compare_input(lab.caller, first, "train", "cleaned_csv", second)


def test_changed_cell_explains_a_metric_and_the_nearest_is_first(lab: Lab) -> None:
    first = lab.run()
    lab.clean(CLEAN[0], CLEAN[1].replace("read()", "read().replace('3', '30')"), CLEAN[2])
    lab.train(*TRAIN, "print('one more')")
    second = lab.run(parameters={"scale": 3.0})
    causes = lab.causes(first, second)
    assert told(causes) == [
        ("parameter", "train", "scale", 0),
        ("code", "train", "train.ipynb", 0),
        ("code", "clean", "clean.ipynb", 1),
    ]
    assert [(one.cell, str(one.reason)) for one in causes[1:]] == [
        (4, "cell 4 is new"),
        (2, "cell 2 changed"),
    ]
    assert causes[2].before == CLEAN[1]
    diff = lab.runs.compare_code(lab.caller, first, "clean", second)
    assert [one.text for one in diff.lines if one.kind == "removed"] == [CLEAN[1]]
    compared = lab.runs.compare(lab.caller, first, second)
    assert [one.node for one in compared.code] == ["clean", "train"]
    table = lab.runs.compare_output(lab.caller, first, "clean", "output_csv", second)
    assert [(one.name, "max" in one.differs) for one in table.columns] == [("x", True)]
    text = lab.runs.compare_output(lab.caller, first, "train", "output_txt", second)
    assert [(one.kind, one.text) for one in text.lines if one.kind != "place"] == [
        ("removed", "6.0"),
        ("added", "99.0"),
    ]


def test_outside_file_explains_a_metric(lab: Lab, outside: Path) -> None:
    (outside / "offset.txt").write_text("1")
    lab.train(
        TRAIN[0],
        TRAIN[1] + f"\ntotal += float(open('{outside}/offset.txt').read())",
        TRAIN[2],
    )
    first = lab.run()
    (outside / "offset.txt").write_text("10")
    second = lab.run()
    causes = lab.causes(first, second, node="train", metric="total")
    assert told(causes) == [("outside", "train", f"{outside}/offset.txt", 0)]


def test_random_numbers_have_no_recorded_cause(lab: Lab) -> None:
    lab.train(TRAIN[0], TRAIN[1] + "\nimport random\ntotal += random.random()", TRAIN[2])
    first, second = lab.run(), lab.run(force=True)
    causes = lab.causes(first, second, node="train", metric="total")
    assert told(causes) == [("nondeterministic", "train", "train", 0)]
    assert lab.causes(first, first) == []


def assert_wrong_requests_are_refused(lab: Lab, run: str) -> None:
    runs, caller = lab.runs, lab.caller
    for others in ("", ",".join(["1"] * 10)):
        with pytest.raises(Invalid):
            runs.compare(caller, run, others)
    with pytest.raises(NotFound):
        runs.compare(caller, run, "404")
    with pytest.raises(NotFound):
        runs.compare(Caller("bob"), run, run)
    for wrong in (
        {"node": "fog"},
        {"node": "train", "metric": "fog"},
        {"node": "train", "output": "fog"},
    ):
        with pytest.raises(NotFound):
            runs.why(caller, run, run, **wrong)
    with pytest.raises(NotFound):
        runs.compare_output(caller, run, "train", "fog", run)
    with pytest.raises(NotFound):
        runs.compare_code(caller, run, "fog", run)


def test_metrics_are_listed_over_runs(lab: Lab) -> None:
    """Runs that cannot be compared are refused."""
    for scale in (1.0, 2.0, 3.0):
        run = lab.run(parameters={"scale": scale})
    assert_wrong_requests_are_refused(lab, run)
    found = lab.runs.metric_history(lab.caller, workflow="lab.nbflow")
    assert [run.number for run in found.runs] == [1, 2, 3]
    assert [(one.node, one.name, one.values) for one in found.series] == [
        ("train", "total", [6.0, 12.0, 18.0])
    ]
    newest = lab.runs.metric_history(lab.caller, workflow="lab.nbflow", limit=1)
    assert [one.values for one in newest.series] == [[18.0]]
    listed = lab.runs.list(lab.caller, details=True).items
    assert [run.metrics["train"] for run in listed] == [{"total": t} for t in (18.0, 12.0, 6.0)]
    assert [run.changed for run in listed] == [["scale"], ["scale"], []]
    assert [run.metrics for run in lab.runs.list(lab.caller).items] == [{}] * 3


def test_the_pictures_of_notebooks_are_compared(lab: Lab) -> None:
    """The bytes of a notebook differ in each run. Numbers stored with `glue` are metrics."""
    draw = (
        "from IPython.display import Image, display\nfrom io import BytesIO\n"
        "from PIL import Image as Pixels\nmade = BytesIO()\n"
        "Pixels.new('RGB', (40, 20), 'red' if scale < 2 else 'blue').save(made, 'PNG')\n"
        "display(Image(made.getvalue()))"
    )
    # As `scrapbook.glue("side", 20 * scale)` displays it.
    glue = (
        "scrap = {'name': 'side', 'data': 20 * scale, 'encoder': 'json', 'version': 1}\n"
        "display({'application/scrapbook.scrap.json+json': scrap}, raw=True)"
    )
    lab.train(*TRAIN, draw, glue)
    first, again, other = lab.run(), lab.run(force=True), lab.run(parameters={"scale": 2.0})
    assert lab.runs.why(lab.caller, again, first).results == []
    compared = lab.runs.compare(lab.caller, first, f"{again},{other}")
    row = next(one for one in compared.outputs if one.name == "executed.ipynb")
    assert row.kind == "picture"
    glued = next(one for one in compared.metrics if one.name == "side")
    assert glued.values == [20.0, 20.0, 40.0]
    pictures = [file.picture for file in row.files if file]
    assert pictures[0] == pictures[1] != pictures[2]
    shown = lab.runs.picture(lab.caller, first, row.files[0].digest if row.files[0] else "")
    assert shown[1:4] == b"PNG"


@pytest.mark.long
def test_package_version_explains_a_metric(ground: Ground) -> None:
    """Two versions of a package are really installed."""
    ground.notebook("import nbyard, cow\nnbyard.log_metric('version', float(cow.version))")
    first = ground.run(path="n.ipynb", environment="cows")
    ground.change("cow==2.0")
    second = ground.run(path="n.ipynb", environment="cows")
    runs = ground.yard.services.runs
    node = second.tasks[0].node
    found = runs.why(ADA, second.run.id, first.run.id, node, "version")
    assert [(one.kind, one.name, one.before, one.after) for one in found.causes] == [
        ("package", "cow", "1.0", "2.0")
    ]
    compared = runs.compare(ADA, first.run.id, second.run.id)
    assert [one.names for one in compared.environment] == [["cows version 1", "cows version 2"]]
    assert [(one.name, one.versions) for one in compared.environment[0].packages] == [
        ("cow", ["1.0", "2.0"])
    ]
