"""A lineage as text."""

import msgspec
from hypothesis import given

from nbyard.domain.lineage.graph import lines_of, tree_lines, words_of
from nbyard.domain.lineage.structs import (
    Lineage,
    LineageEdge,
    LineageNode,
    LineageRun,
    hidden_node,
)
from nbyard.domain.runs.origins import GitState

from .test_graph import EDGES, NODES, Edges, Records

RUN = LineageRun("r", 12, "", "Penguins", GitState("1" * 40, "main", is_dirty=True))


def test_two_trees_grow_from_the_start() -> None:
    nodes = [
        LineageNode("d", "dataset", "penguins", version=3, more_after=4),
        LineageNode("c", "code", "train", version=2, file="train.ipynb"),
        LineageNode("t", "task", "train", run=RUN, state="succeeded", parameters={"seed": 7}),
        LineageNode("x", "artifact", "model", run=RUN, workflow_node="a", is_start=True),
        LineageNode("m", "model", "train model", version=1, state="building"),
        LineageNode("u", "task", "evaluate", run=RUN, workflow_node="b", cached=True),
        LineageNode("", "deployment", is_visible=False),
    ]
    edges = [
        *(LineageEdge("d", "t", "data"), LineageEdge("d", "t", "more"), LineageEdge("c", "t")),
        *(LineageEdge("t", "x", "model"), LineageEdge("x", "m", "model")),
        *(LineageEdge("x", "u", "model"), LineageEdge("m", "")),
    ]
    assert [*lines_of(Lineage(nodes, edges))] == [
        "artifact model of a, run 12",
        "comes from:",
        "└─ model: task train run 12 main 1111111111 + changes seed=7",
        "   ├─ data, more: dataset penguins version 3 (+ 4 more)",
        "   └─ code train version 2 (train.ipynb)",
        "used for:",
        "├─ model: model train model version 1 (building)",
        "│  └─ deployment (not visible)",
        "└─ model: task evaluate run 12 main 1111111111 + changes (cached)",
        "4 more, which this graph leaves out",
    ]


def test_a_start_without_connections_is_one_line() -> None:
    one = LineageNode("i", "image", "python:3.12", is_start=True, is_deleted=True)
    assert [*lines_of(Lineage([one], []))] == ["image python:3.12 (deleted)"]
    assert words_of(hidden_node("run")) == "run (not visible)"
    kernel = LineageNode("e", "environment", "python3", digest="sha256:0123456789abcdef")
    assert words_of(kernel) == "environment python3 (0123456789)"
    known = msgspec.structs.replace(kernel, packages={"numpy": "2.1", "pandas": "3.0"})
    assert words_of(known) == "environment python3 (0123456789) (2 packages)"
    task = LineageNode("t", "task", "train", run=LineageRun("r", -3, "", "Penguins"))
    assert words_of(task) == "task train scratch run"


def test_values_of_parameters_are_short_and_in_one_line() -> None:
    values = {"mode": "a\nb", "flag": True, "none": None, "of": {"a": [1, 2.5]}, "é": "ü\x85"}
    many = {"rows": [*range(100)], "text": "x" * 10_000}
    assert words_of(LineageNode("t", "task", "train", parameters=values)) == (
        'task train mode="a\\nb" flag=true none=null of={"a":[1,2.5]} é="ü "'
    )
    assert words_of(LineageNode("t", "task", "train", parameters=many)) == (
        f"task train rows=[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,… text={'x' * 39}…"
    )


@given(EDGES, NODES)
def test_each_node_is_listed_with_its_neighbours_once(edges: Edges, start: int) -> None:
    found = Records(edges).walk(start)
    printed = {
        one.node.id for direction in ("back", "forward") for one in tree_lines(found, direction)
    }
    assert printed == {node.id for node in found.nodes if not node.is_start}
    # Each connection on one side is a line, unless its near end is repeated.
    count = sum(1 for direction in ("back", "forward") for _ in tree_lines(found, direction))
    assert count == len(found.edges)


def test_a_long_chain_does_not_exceed_the_stack() -> None:
    nodes = [LineageNode(str(n), "task", str(n), is_start=n == 0) for n in range(3000)]
    edges = [LineageEdge(str(n), str(n + 1)) for n in range(2999)]
    assert len([*lines_of(Lineage(nodes, edges))]) == 3001
