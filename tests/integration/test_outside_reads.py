"""What work opens outside of its code counts: datasets by their folder, and files by literal
absolute paths."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from nbyard.domain.datasets import FileSource, NewDataset
from nbyard.domain.runs import RunDetail

from .test_runs import ADA, Project, project, states

__all__ = ["project"]
OUT = "output_txt = 'o.txt'"
READ = "open(output_txt, 'w').write(str(found))"


def _told(detail: RunDetail) -> dict[str, str]:
    assert set(states(detail).values()) == {"succeeded"}, [t.reason for t in detail.tasks]
    return {task.node: f"{task.cached} {task.reason}" for task in detail.tasks}


def _found(project: Project, detail: RunDetail) -> dict[str, str]:
    return {name: project.bytes_of(detail, name, "output_txt").decode() for name in project.nodes}


@pytest.fixture
def data() -> Iterator[Path]:
    """A folder whose path says "popen" nowhere, as pytest's own do: code that runs programs may
    read anything."""
    with TemporaryDirectory(prefix="data-") as folder:
        yield Path(folder)


def test_a_dataset_that_is_opened_by_its_path(project: Project) -> None:
    """X1, D4: as *New Notebook* writes it, and by a folder that another module names."""
    datasets = project.yard.services.datasets
    for name in ("birds", "fish"):
        (project.root / f"{name}.csv").write_text("x\n1\n")
        datasets.create(ADA, NewDataset(FileSource(f"{name}.csv"), name))
    project.dispatching.until(
        lambda: [datasets.get(ADA, name).current.state for name in ("birds", "fish")],
        lambda found: set(found) == {"ready"},
    )
    birds = datasets.get(ADA, "birds").id
    (project.root / "places.py").write_text(
        "import os\nROOT = os.environ['NBYARD_RESOURCES']\ndef of(name):\n"
        "    return os.path.join(ROOT, name, os.listdir(os.path.join(ROOT, name))[0])"
    )
    opens = "import os, polars\nfrom pathlib import Path\n"
    opens += f"path = Path(os.environ['NBYARD_RESOURCES'], '{birds}', 'birds.csv')\n"
    project.notebook("by_id", OUT, f"{opens}found = polars.read_csv(path)['x'][0]", READ)
    first_one = "places.of(min(set(os.listdir(places.ROOT)) - {'.folders', '.versions'}))"
    opens = f"import os, places\nfound = open({first_one}).read()"
    project.notebook("any", OUT, opens, READ)
    project.notebook("none", OUT, "found = 1", READ)
    first = project.run()
    assert _told(first) and _found(project, first)["by_id"] == "1"
    assert all(told.startswith("True") for told in _told(project.run()).values())
    (project.root / "birds.csv").write_text("x\n2\n")
    datasets.create(ADA, NewDataset(FileSource("birds.csv"), "birds", replace=True))
    project.dispatching.until(
        lambda: datasets.get(ADA, "birds").current, lambda v: v.number == 2 and v.state == "ready"
    )
    second = project.run()
    assert _found(project, second)["by_id"] == "2"
    told = _told(second)
    assert "the dataset birds changed" in told["by_id"]
    assert "the dataset birds changed" in told["any"]
    assert told["none"].startswith("True")


def test_a_file_outside_of_the_code(project: Project, data: Path) -> None:
    """X1: by a path in the code, in a module, in a value, and in the folder of the notebook."""
    more = project.root / "more.csv"
    files = [*(data / f"{name}.csv" for name in ("a", "b", "c")), more]
    for path in files:
        path.write_text("x\n1\n")
    (project.root / "setting.py").write_text(f"B = '{data}/b.csv'")
    read = "import pandas\nfound = pandas.read_csv({}).x[0]"
    project.notebook("here", OUT, read.format(f"'{data}/a.csv'"), READ)
    project.notebook("module", OUT, "from setting import B\n" + read.format("B"), READ)
    project.notebook("value", f"{OUT}\nplace = '{data}/c.csv'", read.format("place"), READ)
    project.notebook("own", OUT, read.format(f"'{more}'"), READ)
    project.notebook("there", OUT, f"import os\nfound = os.path.exists('{data}/new.csv')", READ)
    project.notebook("writes", OUT, f"found = open('{data}/out.csv', 'w').write('1')", READ)
    project.notebook("none", OUT, "found = 1", READ)
    _told(project.run())
    told = _told(project.run())
    assert all(one.startswith("True") for one in told.values()), told
    assert all(one.startswith("True") for one in _told(project.run()).values())
    for path in files:
        path.write_text("x\n2\n")
    (data / "new.csv").write_text("")
    last = project.run()
    found, told = _found(project, last), _told(last)
    assert found | dict.fromkeys(("here", "module", "value", "own"), "2") == found
    assert found["there"] == "True"
    for node, words in {"here": "a.csv changed", "module": "b.csv changed"}.items():
        assert f"the file {data}/{words}" in told[node]
    assert f"the file {data}/new.csv is new" in told["there"]
    assert told["none"].startswith("True") and told["writes"].startswith("True")
