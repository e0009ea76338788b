"""The working folder of its own that a command may ask for."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from tests.support.fake_runtime_bench import Bench

from nbyard.dispatch import command_workdir
from nbyard.dispatch.attempts import input_staging
from nbyard.dispatch.cache.keys import Code, key_parts
from nbyard.domain.arguments.bindings import Bound, Handed, Referenced
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.attempts.structs import CommandWork
from nbyard.domain.commands.invocations import Invocation, PlacedFile
from nbyard.domain.datasets.table_descriptions import BrokenTable, TableInfo
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.domain.executables.structs import ExecutableVersion, Resources
from nbyard.domain.runs.structs import BytesOf, TaskPlan
from nbyard.errors import Invalid
from nbyard.runner.handoff.text_tables import TOLD
from nbyard.tabular import TableFile


@pytest.fixture
def inputs(bench: Bench, tmp_path) -> dict[str, BytesOf]:
    source = tmp_path / "source"
    (source / "tree/sub").mkdir(parents=True)
    (source / "tree/sub/b").write_text("b")
    (source / "tree/sub/empty").mkdir()
    (source / "a.csv").write_text("a")
    file = bench.context.blobs.put_file(source / "a.csv")
    tree = bench.context.blobs.put_folder(source / "tree")
    return {"data": BytesOf(file.digest, "a.csv", ""), "tree": BytesOf(tree.digest, "tree", "")}


def version_of(arguments: list[Argument], invocation: Invocation) -> ExecutableVersion:
    texts: dict[str, Any] = dict.fromkeys(
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


def test_tools_without_inputs_get_their_resources(tmp_path):
    found = command_workdir.reference_facts(
        tmp_path, version_of([], Invocation(apart=True)), {}, PLAN
    )
    assert found.cores == 2


def test_the_listing_of_a_folder_is_bounded(tmp_path, monkeypatch):
    (tmp_path / "in/sub").mkdir(parents=True)
    (tmp_path / "in/sub/b").write_text("bb")
    (tmp_path / "in/a").write_text("a")
    tree = Argument("tree", "input", format="folder", reach=Referenced())
    word = Bound(text="$(inputs.tree.listing[0].path)")
    version = version_of([tree], Invocation(words=(word,)))
    assert command_workdir.reference_facts(tmp_path, version, {"tree": "in"}, PLAN).listings == {
        "tree": {"a": 1, "sub": {"b": 2}}
    }
    unasked = version_of([tree], Invocation(apart=True))
    assert not command_workdir.reference_facts(tmp_path, unasked, {"tree": "in"}, PLAN).listings
    monkeypatch.setattr(command_workdir, "MAX_LISTED", 2)
    with pytest.raises(Invalid, match=r"inputs.tree: .* 2 entries"):
        command_workdir.reference_facts(tmp_path, version, {"tree": "in"}, PLAN)


def test_files_are_placed_in_an_empty_folder(bench, inputs, tmp_path):
    folder = tmp_path / "attempt"
    placed = [
        PlacedFile("x.csv", "{attempt}/inputs/data/a.csv", "", True),
        PlacedFile("all", "{attempt}/inputs/tree/tree", "", False),
        PlacedFile("b", "{attempt}/inputs/tree/tree/sub/b", "", False),
        PlacedFile("part", "{attempt}/inputs/tree/tree/sub", "", True),
        PlacedFile("one.csv", "{attempt}/inputs/list/a.csv/a.csv", "", False),
        PlacedFile("deep/n.cfg", "", "n = 1\n", False),
    ]
    work = CommandWork(["x"], stdout="outputs/.work/log/out", files=placed)
    places = {"data": "inputs/data/a.csv", "tree": "inputs/tree/tree", "list": "inputs/list/a.csv"}
    command_workdir.create_workdir(
        bench.context, folder, work, inputs | {"list": inputs["data"]}, places
    )
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


def test_slow_type_inference_runs_once_and_changes_the_key(bench, inputs, tmp_path, monkeypatch):
    """A mapped node must not wait for the same table in each of its attempts."""
    found, asked = msgspec.structs.replace(inputs["data"], typed=True), []

    def slow(table: TableFile, *, count: bool, quick: bool) -> TableInfo:
        asked.append(table.key)
        raise Invalid("reading this table took too long")

    monkeypatch.setattr(bench.context.tables, "info", slow)
    hands = version_of([Argument("data", "input", reach=Handed())], Invocation())
    takes_path = version_of([Argument("data", "input")], Invocation())

    def key(version: ExecutableVersion) -> str:
        code, environment = Code(version, {}, ""), EnvironmentRef()
        given = {"data": found}
        return key_parts(PLAN, code, given, environment, bench.context.untyped).inputs["data"]

    assert key(hands) == found.cache_key == f"{found.digest} typed"
    for _ in range(3):
        command_workdir.write_table_types(bench.context, found, str(tmp_path), hands, "data")
    assert asked == [found.digest] and not (tmp_path / TOLD).exists()
    assert key(hands) == found.digest, "what it made is not what types would have made"
    assert key(takes_path) == found.cache_key

    attempt = tmp_path / "attempt"
    (attempt / "inputs/data").mkdir(parents=True)
    places = {"data": "inputs/data/a.csv"}
    input_staging.stage_inputs(bench.context, attempt, hands, {"data": found}, places)
    assert input_staging.untyped_of(attempt) == [found.digest], "for a dispatcher that starts later"
    assert input_staging.untyped_of(tmp_path) == []


def test_a_broken_table_has_a_stable_key(bench, inputs, tmp_path, monkeypatch):
    def broken(table: TableFile, *, count: bool, quick: bool) -> TableInfo:
        raise BrokenTable("no table")

    monkeypatch.setattr(bench.context.tables, "info", broken)
    found = msgspec.structs.replace(inputs["data"], typed=True)
    hands = version_of([Argument("data", "input", reach=Handed())], Invocation())
    command_workdir.write_table_types(bench.context, found, str(tmp_path), hands, "data")
    assert not bench.context.untyped
