"""The working folder of its own that a command may ask for."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from nbyard.dispatch import working
from nbyard.domain.arguments import Argument
from nbyard.domain.attempts import CommandWork
from nbyard.domain.executables import ExecutableVersion, Resources
from nbyard.domain.invocations import Invocation, Placed
from nbyard.domain.reaches import Bound, Referenced
from nbyard.domain.runs import BytesOf, TaskPlan
from nbyard.errors import Invalid
from nbyard.testing.bench import Bench


@pytest.fixture
def inputs(bench: Bench, tmp_path: Path) -> dict[str, BytesOf]:
    source = tmp_path / "source"
    (source / "tree/sub").mkdir(parents=True)
    (source / "tree/sub/b").write_text("b")
    (source / "tree/sub/empty").mkdir()
    (source / "a.csv").write_text("a")
    file = bench.room.blobs.put_file(source / "a.csv")
    tree = bench.room.blobs.put_folder(source / "tree")
    return {"data": BytesOf(file.digest, "a.csv", ""), "tree": BytesOf(tree.digest, "tree", "")}


def version_of(arguments: list[Argument], invocation: Invocation) -> ExecutableVersion:
    texts = dict.fromkeys(
        ("id", "executable_id", "kind", "language", "kernel", "file", "content_digest"), ""
    )
    return ExecutableVersion(
        **texts,
        number=1,
        code_digest="",
        bundle_digest="",
        arguments=arguments,
        command=["x"],
        resources=Resources(),
        created_at=datetime.now(UTC),
        invocation=invocation,
    )


PLAN = TaskPlan("main", "main", "", "", [], {}, "process", cpu=1.5)


def test_what_the_work_may_use_is_told_to_tools_without_inputs(tmp_path: Path) -> None:
    found = working.facts(tmp_path, version_of([], Invocation(apart=True)), {}, PLAN)
    assert found.cores == 2


def test_the_listing_of_a_folder_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in/sub").mkdir(parents=True)
    (tmp_path / "in/sub/b").write_text("bb")
    (tmp_path / "in/a").write_text("a")
    tree = Argument("tree", "input", format="folder", reach=Referenced())
    word = Bound(text="$(inputs.tree.listing[0].path)")
    version = version_of([tree], Invocation(words=(word,)))
    assert working.facts(tmp_path, version, {"tree": "in"}, PLAN).listings == {
        "tree": {"a": 1, "sub": {"b": 2}}
    }
    unasked = version_of([tree], Invocation(apart=True))
    assert not working.facts(tmp_path, unasked, {"tree": "in"}, PLAN).listings
    monkeypatch.setattr(working, "MAX_LISTED", 2)
    with pytest.raises(Invalid, match=r"inputs.tree: its listing has more than 2 entries"):
        working.facts(tmp_path, version, {"tree": "in"}, PLAN)


def test_files_are_put_into_an_empty_folder(
    bench: Bench, inputs: dict[str, BytesOf], tmp_path: Path
) -> None:
    folder = tmp_path / "attempt"
    placed = [
        Placed("x.csv", "{attempt}/inputs/data/a.csv", "", True),
        Placed("all", "{attempt}/inputs/tree/tree", "", False),
        Placed("b", "{attempt}/inputs/tree/tree/sub/b", "", False),
        Placed("part", "{attempt}/inputs/tree/tree/sub", "", True),
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
        "part/b": "b",
        "one.csv": "a",
        "deep/n.cfg": "n = 1\n",
    }
    assert (made / "part/empty").is_dir()
    (made / "x.csv").write_text("mine")  # a copy of its own
    assert (made / "log").is_dir() and (folder / "outputs/.tmp").is_dir()
