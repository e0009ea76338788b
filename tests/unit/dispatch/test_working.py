"""The working folder of its own that a command may ask for."""

from pathlib import Path

import pytest

from nbyard.dispatch import working
from nbyard.domain.attempts import CommandWork
from nbyard.domain.invocations import Placed
from nbyard.domain.runs import BytesOf
from nbyard.testing.bench import Bench


@pytest.fixture
def inputs(bench: Bench, tmp_path: Path) -> dict[str, BytesOf]:
    source = tmp_path / "source"
    (source / "tree/sub").mkdir(parents=True)
    (source / "tree/sub/b").write_text("b")
    (source / "a.csv").write_text("a")
    file = bench.room.blobs.put_file(source / "a.csv")
    tree = bench.room.blobs.put_folder(source / "tree")
    return {"data": BytesOf(file.digest, "a.csv", ""), "tree": BytesOf(tree.digest, "tree", "")}


def test_files_are_put_into_an_empty_folder(
    bench: Bench, inputs: dict[str, BytesOf], tmp_path: Path
) -> None:
    folder = tmp_path / "attempt"
    placed = [
        Placed("x.csv", "{attempt}/inputs/data/a.csv", "", True),
        Placed("all", "{attempt}/inputs/tree/tree", "", False),
        Placed("b", "{attempt}/inputs/tree/tree/sub/b", "", False),
        Placed("one.csv", "{attempt}/inputs/list/a.csv/a.csv", "", False),
        Placed("deep/n.cfg", "", "n = 1\n", False),
    ]
    work = CommandWork(["x"], stdout="outputs/.work/log/out", files=placed)
    places = {"data": "inputs/data/a.csv", "tree": "inputs/tree/tree", "list": "inputs/list/a.csv"}
    working.make(bench.room, folder, work, inputs | {"list": inputs["data"]}, places)
    made = folder / "outputs/.work"
    found = {str(p.relative_to(made)): p.read_text() for p in made.rglob("*") if p.is_file()}
    assert found == {
        "x.csv": "a",
        "all/sub/b": "b",
        "b": "b",
        "one.csv": "a",
        "deep/n.cfg": "n = 1\n",
    }
    (made / "x.csv").write_text("mine")  # a copy of its own
    assert (made / "log").is_dir() and (folder / "outputs/.tmp").is_dir()
