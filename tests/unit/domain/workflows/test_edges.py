"""Which connections are valid. The cases are shared with the TypeScript tests."""

import json
import time
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.workflows.edges import Drawn, Refusal, data_port, formats_fit, reason_of_refusal
from nbyard.domain.workflows.structs import Edge, Node, topological_order
from nbyard.reasons.structs import because

SHARED = json.loads((Path(__file__).parents[3] / "cases" / "edges.json").read_text())


def _ports(node):
    if node["type"] == "dataset":
        return [data_port(node["format"])]
    return [Argument(**told) for told in node.get("arguments", ())]


def _edge(plain):
    return Edge(**plain)


@pytest.mark.parametrize("case", SHARED["cases"], ids=lambda case: case["name"])
def test_shared_case(case):
    """A refusal while dragging shows the reason."""
    plain = {**SHARED["nodes"], **case.get("nodes", {})}
    nodes = {name: Node(node["type"]) for name, node in plain.items()}
    ports = {name: _ports(node) for name, node in plain.items()}
    edges = [_edge(e) for e in case.get("edges", SHARED["edges"])]
    refusal = Drawn(nodes, ports, edges).refusal(_edge(case["edge"]))
    assert refusal == case["refused"]
    if refusal:
        assert reason_of_refusal(refusal, _edge(case["edge"]), ports).code == f"edge-{refusal}"


def test_every_code_has_a_case():
    assert {case["refused"] for case in SHARED["cases"]} == {*get_args(Refusal), None}


def test_incompatible_formats_are_both_named():
    ports = {"a": [data_port("joblib")], "b": [Argument("table", role="input", format="csv")]}
    formats = {"given": "joblib", "wanted": "csv"}
    found = reason_of_refusal("format", Edge("a", "data", "b", "table"), ports)
    assert found == because("edge-format", output="data", input="table", **formats)
    ports["b"] = [Argument("table", role="input", type="list", format="folder")]
    text = str(reason_of_refusal("format", Edge("a", "data", "b", "table"), ports))
    assert text.endswith("folder with several files)")


@given(
    st.sampled_from(["", "csv", "json", "folder"]), st.sampled_from(["", "csv", "json", "folder"])
)
def test_compatibility_of_formats_is_symmetric(one, other):
    assert formats_fit(one, other) == formats_fit(other, one)
    assert formats_fit(one, one)


NODES = [f"n{i}" for i in range(6)]
PAIRS = st.lists(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)), max_size=25)


@given(PAIRS)
def test_only_cycles_are_refused(pairs):
    """A connection is refused as a cycle only if it closes one."""
    nodes = {name: Node("executable") for name in NODES}
    inputs = [Argument(f"i{k}", role="input") for k in range(len(pairs))]
    ports = {name: [Argument("out", role="output"), *inputs] for name in NODES}
    edges: list[Edge] = []
    drawn = Drawn(nodes, ports)
    for k, (source, target) in enumerate(pairs):
        edge = Edge(source, "out", target, f"i{k}")
        refusal = drawn.refusal(edge)
        assert refusal == Drawn(nodes, ports, edges).refusal(edge)
        if refusal is None:
            drawn.add(edge)
            edges.append(edge)
            topological_order(NODES, edges)
        elif refusal == "cycle":
            with pytest.raises(Exception, match="cycle"):
                topological_order(NODES, [*edges, edge])
        else:
            assert (refusal, source) == ("self", target)


@pytest.mark.parametrize("backwards", [False, True])
def test_ten_thousand_edges_are_checked_quickly(backwards):
    size = 10_000
    nodes = {f"n{i}": Node("executable") for i in range(size)}
    both = [Argument("out", role="output"), Argument("in", role="input")]
    ports = dict.fromkeys(nodes, both)
    edges = [Edge(f"n{i}", "out", f"n{i + 1}", "in") for i in range(size - 1)]
    drawn = Drawn(nodes, ports)
    before = time.process_time()
    for edge in reversed(edges) if backwards else edges:
        assert drawn.refusal(edge) is None
        drawn.add(edge)
    assert drawn.refusal(Edge(f"n{size - 1}", "out", "n0", "in")) == "cycle"
    assert time.process_time() - before < 5
