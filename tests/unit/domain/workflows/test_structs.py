"""The workflow document and its graph."""

import json
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.workflows.active_nodes import selected_nodes
from nbyard.domain.workflows.structs import (
    MAX_NODES,
    Binding,
    Comment,
    Document,
    Edge,
    Group,
    Node,
    Parameter,
    downstream,
    part_for_runs,
    read_document,
    topological_order,
    upstream,
)
from nbyard.errors import Invalid

CASES = json.loads((Path(__file__).parents[3] / "cases" / "flow.json").read_text())
# the canvas shows nodes whose type it does not know, or that have none yet; they cannot be run
LENIENT = {"a whole one"}


def _document(**blocks):
    return json.dumps({"version": 1, **blocks})


def _arrow(source, target, name="x"):
    return Edge(source, "out", target, name)


def _arrows(pairs):
    return [_arrow(source, target, f"i{k}") for k, (source, target) in enumerate(pairs)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_shared_case(case):
    """Python reads and refuses the same documents as the canvas."""
    if case["workflow"] and case["name"] not in LENIENT:
        assert read_document(case["text"]) == Document(1)
        assert read_document(case["text"].encode()) == Document(1)
    else:
        with pytest.raises(Invalid, match="document"):
            read_document(case["text"])


def test_a_complete_document_is_read():
    text = _document(
        meta={"id": "w", "parameters": {"alpha": {"type": "float", "default": 0.5}}},
        nodes={
            "sales": {"type": "dataset", "path": "sales.csv"},
            "clean": {
                "type": "executable",
                "path": "clean.ipynb",
                "arguments": {"alpha": {"parameter": "alpha"}, "seed": {"value": None}},
                "runtime": "docker",
                "memory_bytes": 1 << 30,
                "cache": False,
            },
        },
        edges={"e": {"source": "sales", "output": "data", "target": "clean", "input": "raw"}},
        positions={"clean": [10, -3.5]},
    )
    document = read_document(text)
    assert document.nodes["clean"].arguments["alpha"] == Binding(parameter="alpha")
    assert document.nodes["clean"].arguments["seed"] == Binding(value=None)
    assert document.edges["e"] == Edge("sales", "data", "clean", "raw")
    assert document.positions["clean"] == (10.0, -3.5)
    assert read_document(msgspec.json.encode(document)) == document
    assert part_for_runs(document) == part_for_runs(read_document(text.replace("-3.5", "99")))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"version": 1', "not valid JSON"),
        ('{"version": 4}', "version 4 is not known; upgrade nbyard"),
        ('{"version": 1.5}', "version 1.5 is not known"),
        ('{"version": "1"}', "$.version"),
        ('{"nodes": {}}', "version"),
        ("[1]", "Expected `object`"),
        (
            '{"version": 1, "nodes": {"load": {"type": "dataset"}, "load": {"type": "dataset"}}}',
            "'load' appears twice",
        ),
        ('{"version": 1, "positions": {"load": [NaN, 0]}}', "NaN is not a JSON number"),
        ('{"version": 1, "positions": {"load": [1e999, 0]}}', "too large"),
        (_document(positions={"load": [10**390, 0]}), "out of range"),
        (_document(positions={"load": ["left", 0]}), "$.positions"),
        (_document(nodes={"load": {}}), "type"),
        (_document(nodes={"load": {"type": "workflow", "path": "self.nbflow"}}), "type"),
        (_document(nodes={"load": {"type": "executable", "cpu": "two"}}), "cpu"),
        (_document(nodes={"load": {"type": "executable", "memory_bytes": 1.5}}), "memory_bytes"),
        (_document(nodes={"load": {"type": "executable", "arguments": {"a": 1}}}), "arguments"),
        (
            _document(nodes={"load": {"type": "executable", "arguments": {"a": {}}}}),
            "either a value",
        ),
        (
            _document(
                nodes={
                    "n": {"type": "executable", "arguments": {"a": {"value": 1, "parameter": "p"}}}
                }
            ),
            "either a value",
        ),
        (_document(nodes={"n": {"type": "executable", "arguments": {"a": {"vlaue": 1}}}}), "vlaue"),
        (_document(meta={"parameters": {"p": {"type": "colour"}}}), "type"),
        (_document(meta={"parameters": {"p": {"defualt": 1}}}), "defualt"),
        (_document(edges={"e": {"source": "a", "output": "x", "target": "b"}}), "input"),
        ('{"version": 1, "meta": {"title": "\\udead"}}', "surrogate"),
        (b'{"version": 1, "meta": {"title": "\xfe"}}', "not UTF-8"),
    ],
)
def test_invalid_documents_are_refused(text, words):
    """The refusal has the place, and nothing is written."""
    with pytest.raises(Invalid) as caught:
        read_document(text)
    assert words in caught.value.message
    assert caught.value.details[0].path.startswith("document")


GOOD = {"type": "executable", "arguments": {"a": {"value": 1}}}


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ({"nodes": {"good": GOOD, "bad": 1, "worse": 2}}, "$.nodes.bad`"),
        (
            {"nodes": {"good": GOOD, "bad": {**GOOD, "arguments": {"a": {"value": 1}, "b": 2}}}},
            "$.nodes.bad.arguments.b`",
        ),
        ({"nodes": {"bad": {**GOOD, "cpu": "two"}}, "edges": {"e": 1}}, "$.nodes.bad.cpu`"),
        ({"edges": {"e": {"source": "a"}}}, "$.edges.e`"),
        ({"positions": {"good": [1, 2], "bad": ["left", 0]}}, "$.positions.bad[0]`"),
        ({"meta": {"parameters": {"p": {"type": "colour"}}}}, "$.meta.parameters.p.type`"),
        (
            {"nodes": {"good": GOOD, "bad": {**GOOD, "resources": {"timeout_seconds": 60}}}},
            "unknown field `resources`; there are: type, path, ",
        ),
        (
            {"nodes": {"good": GOOD, "bad": {**GOOD, "timeout": 60}}},
            "unknown field `timeout`; did you mean timeout_seconds? - at `$.nodes.bad`",
        ),
        (
            {"edges": {"e": {"source": "a", "output": "x", "target": "b", "input": "y", "on": 1}}},
            "unknown field `on`; there are: source, output, target, input - at `$.edges.e`",
        ),
        ({"node": {}}, "unknown field `node`; did you mean nodes?"),
        ({"meta": {"paramters": {}}}, "unknown field 'paramters'; did you mean parameters?"),
    ],
)
def test_refusals_name_their_field_and_suggest_known_ones(blocks, words):
    """The field has the node and the argument, even if others are invalid too."""
    with pytest.raises(Invalid) as caught:
        read_document(_document(**blocks))
    assert words in caught.value.message
    assert caught.value.details[0].path.startswith("document")


def test_fields_of_other_programs_are_ignored():
    """They belong into `meta`, which the canvas preserves."""
    document = read_document(_document(meta={"title": "t", "authors": ["a"], "title_note": {}}))
    assert document.meta.title == "t"


@pytest.mark.parametrize(
    "name", ["", "1st", "a b", "a.b", "a->b", "ä", "-", "n\n", "x" * 65, "a/b", "__proto__"]
)
def test_invalid_node_ids_are_refused(name):
    with pytest.raises(Invalid, match="a valid node ID"):
        read_document(_document(nodes={name: {"type": "dataset"}}))


def test_names_reserved_by_javascript_are_refused():
    nodes = {name: {"type": "dataset"} for name in "ab"}
    edge = {"source": "a", "output": "data", "target": "b", "input": "x"}
    with pytest.raises(Invalid, match="a valid connection ID"):
        read_document(_document(nodes=nodes, edges={"__proto__": edge}))


@pytest.mark.parametrize("name", ["a", "_", "clean-2", "N" * 64, "constructor"])
def test_valid_node_ids_are_accepted(name):
    assert set(read_document(_document(nodes={name: {"type": "dataset"}})).nodes) == {name}


def test_edges_to_deleted_nodes_are_left_out():
    edge = {"output": "out", "input": "in"}
    text = _document(
        nodes={"here": {"type": "executable"}},
        edges={
            "one": {**edge, "source": "here", "target": "gone"},
            "two": {**edge, "source": "gone", "target": "here"},
            "loop": {**edge, "source": "here", "target": "here"},
        },
    )
    assert set(read_document(text).edges) == {"loop"}


def test_large_documents_are_read_quickly_up_to_the_limit():
    nodes = {f"n{i}": {"type": "executable"} for i in range(MAX_NODES)}
    edges = {
        f"e{i}": {"source": f"n{i}", "output": "out", "target": f"n{i + 1}", "input": "in"}
        for i in range(MAX_NODES - 1)
    }
    before = time.process_time()
    document = read_document(_document(nodes=nodes, edges=edges))
    order = topological_order(document.nodes, document.edges.values())
    assert order == [f"n{i}" for i in range(MAX_NODES)]
    assert selected_nodes(document, "from", ["n0"]) == set(nodes)
    assert time.process_time() - before < 5
    with pytest.raises(Invalid, match="more than 10000 nodes"):
        read_document(_document(nodes={**nodes, "more": {"type": "executable"}}))


def test_a_parameter_is_an_argument():
    """The parameter is declared once, and required without a default."""
    told = Parameter("int", 3, "How many", (3, 4)).argument("n")
    assert told == Argument("n", type="int", default=3, help="How many", choices=(3, 4))
    assert Parameter().argument("n").required
    assert not Parameter(default=None).argument("n").required


NODES = [f"n{i}" for i in range(8)]
PAIRS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20)
DAGS = PAIRS.map(lambda pairs: _arrows((f"n{min(p)}", f"n{max(p)}") for p in pairs if p[0] != p[1]))
ANY = PAIRS.map(lambda pairs: _arrows((f"n{one}", f"n{other}") for one, other in pairs))


@given(DAGS, st.permutations(NODES), st.randoms())
def test_sources_come_before_targets(edges, nodes, random):
    random.shuffle(edges)
    order = topological_order(nodes, edges)
    assert sorted(order) == NODES
    assert all(order.index(edge.source) < order.index(edge.target) for edge in edges)


@pytest.mark.parametrize(
    ("arrows", "order"),
    [
        ([], "a b c d e"),
        ([("a", "d"), ("a", "c"), ("a", "b"), ("b", "e"), ("c", "e"), ("d", "e")], "a b c d e"),
        ([("a", "d"), ("d", "e")], "a d e b c"),
        ([("e", "a"), ("e", "b")], "c d e a b"),
    ],
)
def test_unordered_nodes_keep_their_order(arrows, order):
    assert " ".join(topological_order("abcde", [_arrow(*arrow) for arrow in arrows])) == order


def test_numbered_names_are_sorted_by_number():
    """Numbered nodes have the natural order, whichever program saved the document."""
    names = ["a", *(f"n{i}" for i in range(12)), "z"]
    arrows = [("a", n) for n in names[1:-1]] + [(n, "z") for n in names[1:-1]]
    edges = [_arrow(*arrow) for arrow in arrows]
    assert sorted(names) != names
    assert topological_order(sorted(names), edges) == names
    assert topological_order(["_1", "a", "a10", "a2-b", "a2_"], []) == [
        "_1",
        "a",
        "a2-b",
        "a2_",
        "a10",
    ]
    by_hand = ["z", "n10", "n2"]
    assert topological_order(by_hand, []) == by_hand


@given(ANY)
def test_cycles_are_refused_with_their_nodes(edges):
    """A connection from a node to itself is a cycle."""
    circle = {
        n for n in NODES if any(n in upstream([e.source], edges) for e in edges if e.target == n)
    }
    if circle:
        with pytest.raises(Invalid, match="form a cycle") as caught:
            topological_order(NODES, edges)
        named = set(caught.value.details[0].message.partition(": ")[2].split(", "))
        assert named & circle
        assert named <= downstream(circle, edges)
    else:
        topological_order(NODES, edges)


@given(ANY, st.sets(st.sampled_from(NODES)))
def test_upstream_and_downstream_are_inverse(edges, start):
    above, below = upstream(iter(start), edges), downstream(iter(start), edges)
    assert start <= above & below
    assert all(edge.source in above for edge in edges if edge.target in above)
    assert all(edge.target in below for edge in edges if edge.source in below)
    mirror = [_arrow(edge.target, edge.source) for edge in edges]
    assert above == downstream(start, mirror)
    assert all(
        (one in upstream([n], edges)) == (n in downstream([one], edges))
        for n in start
        for one in NODES
    )


@given(DAGS, st.lists(st.sampled_from(NODES), min_size=1, max_size=3))
def test_a_selection_includes_its_dependencies(edges, chosen):
    """Run all, a selection, from here, or up to here."""
    document = Document(
        1,
        nodes={name: Node("executable") for name in NODES},
        edges={f"e{k}": edge for k, edge in enumerate(edges)},
    )
    found = {
        scope: selected_nodes(document, scope, chosen)
        for scope in ("all", "selected", "to", "from")
    }
    assert found["all"] == set(NODES)
    assert found["selected"] == found["to"] == upstream(chosen, edges)
    assert found["from"] == upstream(downstream(chosen, edges), edges)
    for nodes in found.values():
        assert set(chosen) <= nodes == upstream(nodes, edges)


def test_invalid_selections_are_refused():
    document = Document(1, nodes={"a": Node("executable")})
    with pytest.raises(Invalid, match=r"nodes\.1: .* node 'b'"):
        selected_nodes(document, "selected", ["a", "b"])
    with pytest.raises(Invalid, match="scope 'to' needs"):
        selected_nodes(document, "to", [])
    assert selected_nodes(document, "all", []) == {"a"}


def test_groups_are_part_of_the_file_and_not_of_a_run():
    """A file without groups keeps its meaning."""
    text = '{"version": 1, "groups": {"%s": {"color": "blue", "folded": true, "nodes": ["a"]}}}'
    document = read_document(text % "@1")
    assert document.groups == {"@1": Group("", "blue", True, ("a",))}
    assert part_for_runs(document) == part_for_runs(read_document('{"version": 1}'))
    assert "groups" not in msgspec.to_builtins(part_for_runs(document))
    for wrong in (text % "a", text.replace("blue", "beige") % "@1"):
        with pytest.raises(Invalid):
            read_document(wrong)


def test_comments_are_part_of_the_file_and_not_of_a_run():
    """A file without comments keeps its meaning."""
    text = '{"version": 1, "comments": {"%s": {"text": "# Data", "size": [300, 80]}}}'
    document = read_document(text % "#1")
    assert document.comments == {"#1": Comment("# Data", (300, 80))}
    assert part_for_runs(document) == part_for_runs(read_document('{"version": 1}'))
    assert "comments" not in msgspec.to_builtins(part_for_runs(document))
    for wrong in (text % "a", text.replace("size", "sise") % "#1"):
        with pytest.raises(Invalid):
            read_document(wrong)
