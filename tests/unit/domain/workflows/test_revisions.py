"""Versions of a workflow are compared and merged by node and field."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.ids import new_id
from nbyard.domain.workflows.revisions import Change, copy_of, differences, merge, restored
from nbyard.domain.workflows.structs import (
    Binding,
    Comment,
    Document,
    Edge,
    Group,
    Meta,
    Node,
    read_document,
)

CASES = json.loads((Path(__file__).parents[3] / "cases/merges.json").read_text())
EDGE = {"source": "a", "output": "o", "target": "b", "input": "i"}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text(max_size=2),
    lambda children: st.dictionaries(st.sampled_from("xyz"), children, max_size=3),
    max_leaves=6,
)
BLOCKS = st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES, max_size=3)


@pytest.mark.parametrize("case", CASES, ids=[case["what"] for case in CASES])
def test_merges_as_the_browser_does(case):
    versions = [{"nodes": case[side]} for side in ("base", "mine", "theirs")]
    assert merge(*versions) == ({"nodes": case["merged"]}, case["clashes"])


@given(BLOCKS, BLOCKS)
def test_a_change_of_one_side_is_kept_and_never_clashes(base, changed):
    for mine, theirs in ((changed, base), (base, changed), (changed, changed)):
        merged, clashes = merge({"nodes": base}, {"nodes": mine}, {"nodes": theirs})
        assert json.dumps(merged["nodes"], sort_keys=True) == json.dumps(changed, sort_keys=True)
        assert clashes == []


@given(BLOCKS, BLOCKS, BLOCKS)
def test_both_orders_clash_at_the_same_places(base, one, other):
    _, clashes = merge({"nodes": base}, {"nodes": one}, {"nodes": other})
    _, reverse = merge({"nodes": base}, {"nodes": other}, {"nodes": one})
    assert sorted(clashes) == sorted(reverse)


def test_a_connection_goes_with_its_node():
    base = {"nodes": {"a": {}, "b": {}}, "edges": {"e": EDGE}}
    merged, clashes = merge(base, {"nodes": {"a": {}}, "edges": {}}, base)
    assert (merged, clashes) == ({"nodes": {"a": {}}, "edges": {}}, [])
    added = {"nodes": {"a": {}, "b": {}}, "edges": {"e": EDGE, "f": EDGE | {"input": "j"}}}
    merged, _ = merge(base, {"nodes": {"a": {}}, "edges": {}}, added)
    assert merged["edges"] == {}


def test_groups_are_merged_by_field_and_are_no_difference():
    base, mine, theirs = (
        {"version": 1, "groups": {"@1": {"title": title, "folded": folded}}}
        for title, folded in (("A", False), ("B", False), ("A", True))
    )
    merged, clashes = merge(base, mine, theirs)
    assert (merged["groups"], clashes) == ({"@1": {"title": "B", "folded": True}}, [])
    old, new = (msgspec.convert(each, Document) for each in (base, merged))
    assert differences(old, new) == []


def test_differences_name_nodes_connections_and_fields_but_no_positions():
    old = Document(
        1,
        nodes={
            "a": Node("executable", path="a.py", arguments={"lr": Binding(value=1)}),
            "b": Node("executable", path="b.py"),
        },
        edges={"e": Edge("a", "o", "b", "i")},
        positions={"a": (0, 0)},
    )
    new = Document(
        1,
        nodes={
            "a": Node("executable", path="a.py", cpu=2.0, arguments={"lr": Binding(value=True)}),
            "c": Node("dataset", path="c.csv"),
        },
        positions={"a": (300, 0)},
    )
    assert differences(old, old) == []
    changes = differences(old, new)
    assert [(change.kind, ".".join(change.place)) for change in changes] == [
        ("removed", "edges.e"),
        ("changed", "nodes.a.arguments.lr.value"),
        ("added", "nodes.a.cpu"),
        ("removed", "nodes.b"),
        ("added", "nodes.c"),
    ]
    assert changes[1] == Change("changed", ["nodes", "a", "arguments", "lr", "value"], 1, True)


def test_a_restored_version_keeps_the_id_places_and_comments_of_the_file():
    old = Document(
        1,
        Meta("first", "Old"),
        nodes={"a": Node("executable", path="a.py"), "b": Node("executable", path="b.py")},
        positions={"a": (1, 1), "b": (2, 2), "#1": (3, 3)},
        comments={"#1": Comment("old")},
        groups={"@1": Group("old", nodes=("a",)), "@2": Group("gone", nodes=("b",))},
    )
    present = {
        "meta": {"id": "own", "environment": "e", "theirs": 1},
        "nodes": {"a": {"type": "executable", "path": "a.py", "cpu": 2}, "c": {}},
        "positions": {"a": [5, 5], "c": [6, 6], "#2": [7, 7]},
        "comments": {"#2": {"text": "new"}},
        "groups": {"@1": {"title": "new", "nodes": ["a"]}},
    }
    made = restored(present, old)
    assert made["meta"] == {"id": "own", "title": "Old", "theirs": 1}
    document = read_document(json.dumps(made))
    assert (document.nodes, document.edges) == (old.nodes, old.edges)
    assert document.positions == {"a": (5, 5), "b": (2, 2), "#1": (3, 3), "#2": (7, 7)}
    assert document.comments == {"#1": Comment("old"), "#2": Comment("new")}
    assert document.groups == {
        "@1": Group("new", nodes=("a",)),
        "@2": Group("gone", nodes=("b",)),
    }
    assert not {"comments", "groups"} & restored({}, Document(1)).keys()


def test_a_copy_names_the_owner_of_what_has_a_name():
    known = new_id()
    keys = ("wine", "bob/wine", known, "", "env@2", f"{known}@2")
    nodes = {f"n{i}": Node("dataset", dataset=key) for i, key in enumerate(keys)}
    made = copy_of(Document(1, Meta("first", environment="env@2"), nodes=nodes), "ann")
    named = [node.dataset for node in made.nodes.values()]
    assert named == ["ann/wine", "bob/wine", known, "", "ann/env@2", f"{known}@2"]
    assert made.meta.environment == "ann/env@2" and made.meta.id != "first"
