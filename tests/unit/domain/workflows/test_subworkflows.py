"""Sub-workflows: the nodes, connections, values and settings that a run gets from them."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.parsing.canonical_json import canonical
from nbyard.domain.workflows.active_nodes import selected_nodes
from nbyard.domain.workflows.conditions import Reference, holds, references
from nbyard.domain.workflows.structs import Document, Edge, read_document, topological_order
from nbyard.domain.workflows.subworkflows import Reading, arguments_of, contents, expand
from nbyard.errors import Invalid


def edge(text: str) -> dict[str, str]:
    """Return a connection from `NODE.OUTPUT -> NODE.INPUT`, with ports such as `a.b`."""
    ends = [part for end in text.split(" -> ") for part in end.split(".", 1)]
    return dict(zip(("source", "output", "target", "input"), ends, strict=True))


def document(nodes: dict[str, Any], *edges: str, **meta: Any) -> Document:
    given = {"version": 1, "meta": meta, "nodes": nodes, "edges": {e: edge(e) for e in edges}}
    return read_document(canonical(given), strict=True)


def code(path: str, **fields: Any) -> dict[str, Any]:
    return {"type": "executable", "path": path, **fields}


@dataclass
class Files:
    """Workflow files by path, and the code files that use the default environment."""

    documents: dict[str, Document]
    with_default: tuple[str, ...] = ()

    def expand(self, path: str) -> Document:
        reading = Reading(self.documents.__getitem__, lambda node: node.path in self.with_default)
        return expand(self.documents[path], reading, (path,))


FEATURES = document(
    {
        "rows": {"type": "dataset", "path": "rows.csv"},
        "clean": code("clean.ipynb", arguments={"seed": {"parameter": "seed"}}),
        "join": code("../join.py", cpu=2),
    },
    "rows.data -> clean.table",
    "clean.out -> join.left",
    seed_unused=1,
    parameters={"seed": {"type": "int", "default": 7}},
)


def connections(document: Document) -> set[str]:
    edges = document.edges.values()
    return {f"{e.source}.{e.output} -> {e.target}.{e.input}" for e in edges}


def test_a_run_gets_the_nodes_of_a_sub_workflow_with_paths_and_connections() -> None:
    outer = document(
        {"more": {"type": "dataset", "path": "more.csv"}, "f": code("lib/features.nbflow")},
        *["more.data -> f.join.right"],
    )
    whole = Files({"a.nbflow": outer, "lib/features.nbflow": FEATURES}).expand("a.nbflow")
    assert {name: node.path for name, node in whole.nodes.items()} == {
        "more": "more.csv",
        "f.rows": "lib/rows.csv",
        "f.clean": "lib/clean.ipynb",
        "f.join": "join.py",
    }
    assert connections(whole) == {
        "f.rows.data -> f.clean.table",
        "f.clean.out -> f.join.left",
        "more.data -> f.join.right",
    }
    assert whole.nodes["f.clean"].arguments["seed"].value == 7


def test_contracts_on_outputs_of_a_sub_workflow_reach_its_nodes() -> None:
    rows, columns = {"rule": "rows", "min": 1}, {"rule": "columns", "columns": ["a"]}
    inner = document({"a": code("a.py", contracts={"out": [rows]}), "b": code("b.py")})
    middle = document({"m": code("inner.nbflow", contracts={"b.out": [rows]})})
    contracts = {"m.a.out": [columns], "m.b.out": [columns]}
    outer = document({"o": code("middle.nbflow", contracts=contracts)})
    files = Files({"outer.nbflow": outer, "middle.nbflow": middle, "inner.nbflow": inner})
    nodes = files.expand("outer.nbflow").nodes
    assert {name: len(node.contracts["out"]) for name, node in nodes.items()} == {
        "o.m.a": 2,
        "o.m.b": 2,
    }


def test_a_connection_replaces_a_dataset_of_the_sub_workflow() -> None:
    outer = document(
        {"make": code("make.py"), "f": code("f.nbflow"), "use": code("use.py")},
        *["make.csv -> f.rows", "f.clean.out -> use.table"],
    )
    whole = Files({"a.nbflow": outer, "f.nbflow": FEATURES}).expand("a.nbflow")
    assert "f.rows" not in whole.nodes
    assert {"make.csv -> f.clean.table", "f.clean.out -> use.table"} < connections(whole)


def test_values_and_settings_of_the_node_hold_inside_unless_set_there() -> None:
    node = code("f.nbflow", arguments={"seed": {"parameter": "outer"}}, cpu=8, mode="muted")
    outer = document({"f": node}, parameters={"outer": {"type": "int"}})
    inside = Files({"a.nbflow": outer, "f.nbflow": FEATURES}).expand("a.nbflow").nodes
    assert inside["f.clean"].arguments["seed"].parameter == "outer"
    assert (inside["f.clean"].cpu, inside["f.join"].cpu) == (8, 2)
    assert inside["f.clean"].mode == inside["f.join"].mode == "muted"


def test_conditions_keep_their_nodes_and_values_inside_a_sub_workflow() -> None:
    inner = document(
        {"a": code("a.py"), "b": code("b.py", when="a.score > least and changed(a)")},
        parameters={"least": {"type": "float", "default": 0.5}},
    )
    outer = document(
        {
            "check": code("check.py"),
            "one": code("f.nbflow", when="check.rows > 0"),
            "two": code("f.nbflow", arguments={"least": {"value": 0.9}}),
        }
    )
    nodes = Files({"a.nbflow": outer, "f.nbflow": inner}).expand("a.nbflow").nodes
    score, is_new = Reference("one.a", "score"), Reference("one.a", "")
    values = {Reference("check", "rows"): 1, score: 0.7, is_new: True}
    assert references(nodes["one.a"].when) == {("check", "rows")}
    assert references(nodes["one.b"].when) == values.keys()
    assert holds(nodes["one.b"].when, values)
    assert not holds(
        nodes["two.b"].when, {Reference("two.a", "score"): 0.7, Reference("two.a", ""): True}
    )
    assert nodes["two.a"].when == ""


def test_the_environment_of_its_document_holds_where_the_code_names_no_packages() -> None:
    nodes = {
        "a": code("a.py"),
        "b": code("b.R"),
        "c": code("c.py", requirements="c.txt"),
    }
    files = {
        "x.nbflow": document({"f": code("lib/f.nbflow", environment="outer")}),
        "lib/f.nbflow": document(nodes, environment="inner"),
    }
    inside = Files(files, ("lib/a.py", "lib/c.py")).expand("x.nbflow").nodes
    assert [inside[f"f.{name}"].environment for name in "abc"] == ["inner", "outer", ""]
    assert inside["f.c"].requirements == "lib/c.txt"


def test_the_environment_of_a_document_holds_in_deeper_sub_workflows_that_set_none() -> None:
    nested = {"plain": code("deep.nbflow"), "set": code("deep.nbflow", environment="node")}
    files = {
        "x.nbflow": document({"f": code("f.nbflow", environment="outer")}),
        "f.nbflow": document(nested | {"own": code("own.nbflow")}, environment="inner"),
        "deep.nbflow": document({"a": code("a.py"), "b": code("b.R")}),
        "own.nbflow": document({"a": code("a.py")}, environment="own"),
    }
    inside = Files(files, ("a.py",)).expand("x.nbflow").nodes
    assert {name.removeprefix("f."): node.environment for name, node in inside.items()} == {
        "plain.a": "inner",
        "plain.b": "",  # the default is for Python code
        "set.a": "node",
        "set.b": "node",
        "own.a": "own",
    }


@pytest.mark.parametrize(
    ("nodes", "edges"),
    [
        ({"f": code("a.nbflow")}, ()),  # itself
        ({"f": code("circle.nbflow")}, ()),
        ({"f": code("f.nbflow", arguments={"gone": {"value": 1}})}, ()),
        ({"f": code("f.nbflow"), "use": code("use.py")}, ("use.x -> f.gone.table",)),
        ({"f": code("f.nbflow"), "use": code("use.py")}, ("f.gone -> use.x",)),
        ({"f" * 64: code("long.nbflow")}, ()),
    ],
)
def test_what_a_sub_workflow_lacks_is_refused(
    nodes: dict[str, Any], edges: tuple[str, ...]
) -> None:
    files = {
        "a.nbflow": document(nodes, *edges),
        "f.nbflow": FEATURES,
        "circle.nbflow": document({"back": code("a.nbflow")}),
        "long.nbflow": document({"g" * 20: code("g.py")}),
    }
    with pytest.raises(Invalid):
        Files(files).expand("a.nbflow")


def test_its_ports_are_its_datasets_open_inputs_and_all_outputs() -> None:
    reading = Reading({"f.nbflow": FEATURES}.__getitem__, lambda node: False)
    outer = document({"f": code("f.nbflow")}).nodes["f"]
    table = Argument("table", role="input", required=True)
    ports = {
        "rows": [Argument("data", role="output", format="csv")],
        "clean": [table, Argument("seed"), Argument("out", role="output")],
        "join": [Argument("left", role="input"), Argument("right", role="input", required=True)],
    }
    found = [*arguments_of(contents(outer, reading, ()), ports)]
    assert [(a.name, a.role, a.required) for a in found] == [
        ("seed", "value", False),
        ("clean.out", "output", False),
        ("join.right", "input", True),
        ("rows", "input", False),
    ]


def test_a_selected_sub_workflow_stands_for_its_nodes() -> None:
    outer = document({"f": code("f.nbflow"), "use": code("use.py")})
    whole = Files({"a.nbflow": outer, "f.nbflow": FEATURES}).expand("a.nbflow")
    assert selected_nodes(whole, "selected", ["f"]) == {"f.rows", "f.clean", "f.join"}
    assert selected_nodes(whole, "selected", ["f.clean"]) == {"f.rows", "f.clean"}


@given(data=st.data(), count=st.integers(1, 8))
def test_a_part_that_moves_into_a_sub_workflow_stays_connected_alike(
    data: st.DataObject, count: int
) -> None:
    """Nodes n0, n1 … with connections to later ones; a part of them becomes a sub-workflow."""
    pairs = [(a, b) for b in range(count) for a in range(b)]
    drawn = data.draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    moved = data.draw(st.sets(st.integers(0, count - 1)))
    inside = {f"n{i}": code(f"{i}.py") for i in moved}
    outside = {f"n{i}": code(f"{i}.py") for i in range(count) if i not in moved}

    def end(i: int, port: str, *, part: bool) -> str:
        return f"n{i}.{port}" if part or i not in moved else f"part.n{i}.{port}"

    def connection(a: int, b: int, *, part: bool) -> str:
        return f"{end(a, 'out', part=part)} -> {end(b, f'from{a}', part=part)}"

    own = [connection(a, b, part=True) for a, b in drawn if {a, b} <= moved]
    rest = [(a, b) for a, b in drawn if not {a, b} <= moved]
    outer = document({**outside, "part": code("part.nbflow")})
    edges = {}
    for a, b in rest:
        source = ("part", f"n{a}.out") if a in moved else (f"n{a}", "out")
        target = ("part", f"n{b}.from{a}") if b in moved else (f"n{b}", f"from{a}")
        edges[f"{a}-{b}"] = Edge(*source, *target)
    outer.edges.update(edges)
    whole = Files({"a.nbflow": outer, "part.nbflow": document(inside, *own)}).expand("a.nbflow")
    assert connections(whole) == {connection(a, b, part=False) for a, b in drawn}
    names = {f"part.n{i}" if i in moved else f"n{i}" for i in range(count)}
    assert set(whole.nodes) == names
    assert set(topological_order(whole.nodes, whole.edges.values())) == names
