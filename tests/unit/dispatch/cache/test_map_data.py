"""Elements are read from data, and their results are collected."""

import json
from typing import Any

import pytest
from tests.support.fake_runtime_bench import Bench

from nbyard.blobs import Tree, TreeEntry
from nbyard.dispatch.cache.map_data import ElementResult, collect, read_elements
from nbyard.domain.maps.structs import ALL, EACH, Element, Files, Grid, Items, Rows, Source
from nbyard.domain.runs.structs import Binding, BytesOf, TaskPlan, ValueOf, bytes_of
from nbyard.domain.state_machines import TaskState
from nbyard.errors import Invalid
from nbyard.store.runs.tasks import TaskRecord


def stored(bench: Bench, filename: str, text: str) -> BytesOf:
    return bytes_of(bench.context.blobs.put_bytes(text.encode()).digest, filename)


def read(bench: Bench, source: Source, data: BytesOf | None = None) -> list[dict[str, Any]]:
    inputs = {EACH: data} if data else {}
    return [dict(each) for each in read_elements(bench.context, source, inputs)]


def test_a_grid_has_all_combinations(bench):
    grid = Grid({"lr": [0.1, 0.2], "n": [1, 2]})
    expected = [{"lr": lr, "n": n} for lr in (0.1, 0.2) for n in (1, 2)]
    assert read(bench, grid) == expected
    assert read(bench, Grid({"lr": [], "n": [1]})) == []
    assert len(read(bench, Grid({name: [*range(1000)] for name in "abc"}))) == 10_001


def test_rows_of_tables(bench):
    table = stored(bench, "t.csv", "n,name,other\n1,x,\n2,,\n")
    assert read(bench, Rows(("name", "n")), table) == [
        {"name": "x", "n": 1, EACH: ""},
        {"name": None, "n": 2, EACH: ""},
    ]
    with pytest.raises(Invalid):
        read(bench, Rows(("missing",)), table)


def test_all_pages_of_a_table(bench):
    lines = "\n".join(map(str, range(2500)))
    rows = read(bench, Rows(("n",)), stored(bench, "t.csv", f"n\n{lines}\n"))
    assert [row["n"] for row in rows] == [*range(2500)]


def test_a_long_text_is_not_cut(bench):
    with pytest.raises(Invalid):
        read(bench, Rows(("text",)), stored(bench, "t.csv", f"text,n\n{'x' * 1500},1\n"))


def test_a_table_without_rows(bench):
    assert read(bench, Rows(("n",)), stored(bench, "t.csv", "n\n")) == []


def test_files_of_folders(bench):
    digest = bench.context.blobs.put_bytes(b"1").digest
    paths = ("b.csv", "sub/a.txt")
    tree = bench.context.blobs.put_tree(Tree([TreeEntry(path, digest, 1) for path in paths]))
    folder = BytesOf(tree.digest, "folder", source="dataset:1")
    first, second = (each["one"] for each in read(bench, Files("one"), folder))
    assert first == BytesOf(digest, "b.csv", "b.csv", True, "dataset:1")
    assert (second.filename, second.origin, second.typed) == ("a.txt", "sub/a.txt", False)
    assert read(bench, Files("one"), first) == [{"one": first, EACH: "b.csv"}]


@pytest.mark.parametrize("text", ["", "{}", "[1", "nothing"])
def test_what_is_no_list_is_refused(bench, text):
    with pytest.raises(Invalid):
        read(bench, Items("n"), stored(bench, "l.json", text))


def test_items_of_lists(bench):
    made = stored(bench, "l.json", '[1, "x"]')
    assert read(bench, Items("n"), made) == [{"n": 1, EACH: ""}, {"n": "x", EACH: ""}]


def test_items_of_several_lists_name_their_files(bench):
    digest = bench.context.blobs.put_bytes(b"[1]").digest
    paths = ("00002-l.json", "00004-l.json")
    tree = bench.context.blobs.put_tree(Tree([TreeEntry(path, digest, 3) for path in paths]))
    made = read(bench, Items("n"), BytesOf(tree.digest, "folder"))
    assert made == [{"n": 1, EACH: path} for path in paths]


def ended(place: int, state: TaskState, **results: BytesOf) -> ElementResult:
    element = Element("a", f"k{place}", f"n={place}", place)
    bound: dict[str, Binding] = {"n": ValueOf(place)}
    plan = TaskPlan(f"a.k{place}", "A", "e", "v", [], bound, "fake", element=element)
    return ElementResult(TaskRecord(f"id{place}", "run", "ada", plan.node, state, plan), results)


def lines(bench: Bench, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    (row,) = (row for row in rows if row["name"] == ALL)
    with bench.context.blobs.open(row["digest"]) as handle:
        return [json.loads(line) for line in handle.read().splitlines()]


def test_results_are_collected_in_order(bench):
    scores = [stored(bench, "out.json", f'{{"score": {number}}}') for number in (5, 6)]
    broken = stored(bench, "out.json", "no JSON")
    elements = [
        ended(0, "succeeded", out=scores[0]),
        ended(1, "failed"),
        ended(2, "succeeded", out=scores[1]),
        ended(3, "succeeded", out=broken),
    ]
    rows = collect(bench.context, ["out", "more"], elements)
    table = lines(bench, rows)
    assert table[0] == {
        "key": "k0",
        "label": "n=0",
        "parameters": {"n": 0},
        "state": "succeeded",
        "metrics": {"score": 5.0},
        "outputs": {"out": "00001-out.json"},
    }
    assert [row["state"] for row in table] == ["succeeded", "failed", "succeeded", "succeeded"]
    assert table[1]["outputs"] == table[3]["metrics"] == {}
    trees = {
        row["name"]: bench.context.blobs.tree(row["digest"])
        for row in rows
        if row["format"] == "folder"
    }
    paths = [entry.path for entry in trees["out"].files]
    assert paths == ["00001-out.json", "00003-out.json", "00004-out.json"]
    assert trees["more"].files == []


def test_folders_are_collected(bench):
    digest = stored(bench, "y.txt", "1").digest
    tree = bench.context.blobs.put_tree(Tree([TreeEntry("x/y.txt", digest, 1)]))
    rows = collect(
        bench.context, ["out"], [ended(0, "succeeded", out=BytesOf(tree.digest, "plots"))]
    )
    (folder,) = (row for row in rows if row["name"] == "out")
    entries = bench.context.blobs.tree(folder["digest"]).files
    assert [entry.path for entry in entries] == ["00001-plots/x/y.txt"]


def test_an_empty_map_has_an_empty_table(bench):
    rows = collect(bench.context, ["out"], [])
    assert lines(bench, rows) == []
