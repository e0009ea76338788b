"""Maps in documents: which nodes follow them, what blocks a run, and the tasks of elements."""

from typing import Any

import msgspec
import pytest

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.maps.structs import (
    ALL,
    AT_ONCE,
    EACH,
    Element,
    Files,
    Grid,
    Items,
    Map,
    MapPlan,
    Range,
    Rows,
    Search,
)
from nbyard.domain.runs.map_plans import (
    element_plans,
    following_plans,
    map_problems,
    mapped_nodes,
    with_map_ports,
)
from nbyard.domain.runs.planning import ResolvedNode, RunOverrides, plan_tasks
from nbyard.domain.runs.structs import BytesOf, ResultOf, TaskPlan, ValueOf
from nbyard.domain.workflows.structs import Document, Edge, Node, Pin
from nbyard.errors import Invalid

PORTS = [
    Argument("one", role="input", required=False),
    Argument("several", role="input", type="list", required=False),
    Argument("n", type="int"),
    Argument("key", type="secret", default=""),
    Argument("text", default=""),
    Argument("out", role="output"),
]


def document(nodes: dict[str, Map | None], *edges: tuple[str, str, str, str]) -> Document:
    drawn = {" ".join(edge): Edge(*edge) for edge in edges}
    made = {name: Node("executable", path=f"{name}.py", map=own) for name, own in nodes.items()}
    return Document(1, nodes=made, edges=drawn)


def planned(flow: Document) -> dict[str, TaskPlan]:
    resolved = {name: ResolvedNode(name, PORTS) for name in flow.nodes}
    nodes = {
        name: msgspec.structs.replace(
            known, arguments=[*PORTS[:2], Argument("n", type="int", default=0), *PORTS[3:]]
        )
        for name, known in resolved.items()
    }
    plans = plan_tasks(flow, nodes, {}, set(flow.nodes), RunOverrides("process"), {})
    return {plan.node: plan for plan in plans}


def problems(flow: Document) -> list[tuple[str, str, str]]:
    ports = dict.fromkeys(flow.nodes, PORTS)
    return [(p.node, p.field, p.reason.code) for p in map_problems(flow, ports)]


GRID = Map(Grid({"n": [1, 2]}))
CHAIN = document(
    {"a": GRID, "b": None, "c": None, "d": None},
    ("a", "out", "b", "one"),
    ("b", "out", "c", "several"),
    ("b", ALL, "d", "one"),
)


def test_single_inputs_follow_and_lists_and_tables_collect():
    assert mapped_nodes(CHAIN, dict.fromkeys("abcd", PORTS)) == {"a": {"a"}, "b": {"a"}}


def test_maps_add_ports():
    flow = document({"a": Map(Items("n")), "b": None}, ("a", "out", "b", "one"))
    ports = with_map_ports(flow, dict.fromkeys("ab", PORTS))
    assert [port.name for port in ports["a"]][-2:] == [EACH, ALL]
    assert [port.name for port in ports["b"]][-2:] == ["out", ALL]


def test_plans_of_maps():
    plans = planned(CHAIN)
    assert plans["a"].map == MapPlan(Grid({"n": [1, 2]}))
    assert plans["b"].map == MapPlan() and plans["b"].follows() == {"a"}
    assert plans["b"].bindings["one"] == ResultOf("a", "out", each=True)
    assert plans["c"].map is plans["d"].map is None
    assert plans["c"].bindings["several"] == ResultOf("b", "out")
    assert plans["d"].bindings["one"] == ResultOf("b", ALL)


def test_followers_have_the_limits_of_their_map():
    flow = document({"a": Map(Grid({"n": [1]}), "all", 3), "b": None}, ("a", "out", "b", "one"))
    assert planned(flow)["b"].map == MapPlan(None, "all", 3)


def test_searches_have_values_of_their_parameters():
    """An optimiser has a count, as has the map that follows it."""
    own = Search({"n": Range(1.0, 8.0)}, 9, "optuna", goal="score")
    flow = document({"a": Map(own), "b": None}, ("a", "out", "b", "one"))
    plans = planned(flow)
    assert plans["a"].map == MapPlan(own, at_most=AT_ONCE, count=9)
    assert "low=1," in repr(plans["a"].map)
    assert plans["b"].map == MapPlan(at_most=AT_ONCE, count=9)
    sample = planned(document({"a": Map(Search({"n": ["1"]}))}))["a"]
    assert sample.map == MapPlan(Search({"n": [1]}))


def test_a_source_at_run_time_is_bound():
    flow = document({"s": None, "a": Map(Rows(("n",)))}, ("s", "out", "a", EACH))
    plan = planned(flow)["a"]
    assert plan.bindings[EACH] == ResultOf("s", "out") and plan.follows() == set()


@pytest.mark.parametrize(
    ("own", "edges", "found"),
    [
        (Map(Grid({"x": [1]})), [], ("a", "x", "map-argument-role")),
        (Map(Grid({"key": ["x"]})), [], ("a", "key", "map-argument-role")),
        (Map(Files("n")), [("s", "out", "a", EACH)], ("a", "n", "map-argument-role")),
        (Map(Grid({"n": ["x"]})), [], ("a", "n", "field")),
        (Map(Search({"n": Range(0.5, 2)})), [], ("a", "n", "field")),
        (Map(Search({"key": Range(1, 2)})), [], ("a", "key", "map-argument-role")),
        (Map(Search({"text": Range(1, 2)})), [], ("a", "text", "map-range-type")),
        (Map(Items("n")), [], ("a", EACH, "connection-needed")),
        (
            Map(Files("one")),
            [("s", "out", "a", EACH), ("s", "out", "a", "one")],
            ("a", "one", "map-argument-connected"),
        ),
    ],
)
def test_wrong_maps_are_problems(own, edges, found):
    assert problems(document({"s": None, "a": own}, *edges)) == [found]


def test_a_pinned_map_has_no_elements():
    """Nodes that follow it would get a folder, so that the formats do not fit."""
    flow = document({"s": None, "a": Map(Items("n")), "b": None}, ("a", "out", "b", "one"))
    pinned = msgspec.structs.replace(flow.nodes["a"], pin=Pin("run"))
    flow = msgspec.structs.replace(flow, nodes={**flow.nodes, "a": pinned})
    assert mapped_nodes(flow, dict.fromkeys("sab", PORTS)) == {} and problems(flow) == []
    ports = with_map_ports(flow, dict.fromkeys("sab", PORTS))
    assert [port.name for port in ports["a"]][-2:] == ["out", EACH]


def test_a_pinned_node_follows_no_map():
    nodes = {**CHAIN.nodes, "b": msgspec.structs.replace(CHAIN.nodes["b"], pin=Pin("run"))}
    flow = msgspec.structs.replace(CHAIN, nodes=nodes)
    assert mapped_nodes(flow, dict.fromkeys("abcd", PORTS)) == {"a": {"a"}}


def test_names_leave_room_for_keys():
    assert problems(document({"a" * 61: GRID})) == [("a" * 61, "map", "map-name-long")]


def test_two_maps_do_not_meet_element_by_element():
    nodes: dict[str, Map | None] = {"a": GRID, "b": GRID, "c": None}
    both = document(nodes, ("a", "out", "c", "one"), ("b", "out", "c", "several"))
    assert problems(both) == []
    nested = document({"a": GRID, "b": GRID}, ("a", "out", "b", "one"))
    assert problems(nested) == [("b", "map", "map-of-several")]


@pytest.mark.parametrize(
    ("first", "second", "codes"),
    [
        (Map(Items("n")), Map(Items("text"), "all"), []),
        (Map(Rows(("n",))), Map(Rows(("n", "text"))), []),
        (Map(Items("n")), Map(Rows(("n",))), ["map-of-several"]),
        (GRID, GRID, []),
        (GRID, Map(Grid({"n": [2, 1]})), ["map-of-several"]),
        (Map(Search({"n": [1, 2]})), Map(Search({"n": [1, 2]})), []),
        (
            Map(Search({"n": [1, 2]}, goal="m")),
            Map(Search({"n": [1, 2]}, goal="m")),
            ["map-of-several"],
        ),
    ],
)
def test_maps_over_the_same_elements_meet_element_by_element(first, second, codes):
    edges = [("s", "out", name, EACH) for name in "ab"]
    both = [("a", "out", "c", "one"), ("b", "out", "c", "another")]
    nodes: dict[str, Map | None] = {"s": None, "a": first, "b": second, "c": None}
    ports = [*PORTS, Argument("another", role="input", required=False)]
    flow = document(nodes, *edges, *both)
    assert [p.reason.code for p in map_problems(flow, dict.fromkeys(nodes, ports))] == codes


def test_nodes_that_follow_one_map_meet_element_by_element():
    nodes: dict[str, Map | None] = {"a": GRID, "b": None, "c": None, "d": None}
    ends = [("a", "b"), ("a", "c"), ("b", "d")]
    edges = [(source, "out", target, "one") for source, target in ends]
    flow = document(nodes, *edges, ("c", "out", "d", "n"))
    assert problems(flow) == []
    assert mapped_nodes(flow, dict.fromkeys("abcd", PORTS)) == {key: {"a"} for key in "abcd"}


def test_maps_over_other_data_do_not_meet():
    nodes: dict[str, Map | None] = dict.fromkeys("stc") | dict.fromkeys("ab", Map(Items("n")))
    into = [("s", "out", "a", EACH), ("t", "out", "b", EACH)]
    flow = document(nodes, *into, ("a", "out", "c", "one"), ("b", "out", "c", "n"))
    assert problems(flow) == [("c", "map", "map-of-several")]


def test_an_element_after_two_maps_uses_the_elements_at_its_place():
    second = msgspec.structs.replace(PLAN, node="b")
    bound = {"one": ResultOf("a", "out", each=True), "two": ResultOf("b", "out", each=True)}
    plan = msgspec.structs.replace(PLAN, node="c", bindings=bound, when="b.m > 1")
    elements = {
        "a": [each.element for each in element_plans(PLAN, [{"n": 2}, {"n": 3}]) if each.element],
        "b": [
            each.element
            for each in element_plans(second, [{"text": "x"}, {"text": "y"}])
            if each.element
        ],
    }
    _, last = following_plans(plan, elements)
    a, b = elements["a"][1], elements["b"][1]
    assert last.needs() == {f"a.{a.key}", f"b.{b.key}"} and b.key in last.when
    assert last.element == Element("c", a.key, "n=3 text=y", 1)


PLAN = TaskPlan("a", "A", "e", "v", PORTS, {"n": ValueOf(0), EACH: ResultOf("s", "out")}, "process")


def test_elements_are_tasks_with_their_values():
    plan = msgspec.structs.replace(PLAN, map=MapPlan(Items("n")))
    first, second = element_plans(plan, [{"n": 2}, {"n": 1.0}])
    assert first.element is not None
    assert first.node == f"a.{first.element.key}" and first.map is None
    assert first.bindings == {"n": ValueOf(2)} and second.bindings == {"n": ValueOf(1)}
    assert (first.element.label, first.element.position) == ("n=2", 0)


def test_labels_of_nested_elements_begin_with_those_of_outer_ones():
    outer = [Element("s", f"k{place}", f"m={place}", place) for place in range(3)]
    rows = [{"n": 5, EACH: "00003-out.json"}, {"n": 5, EACH: "00001-out.json"}]
    first, second = (each.element for each in element_plans(PLAN, rows, outer))
    assert first and second and (first.label, second.label) == ("m=2 n=5", "m=0 n=5")
    assert second.key == f"{first.key}-2", "the key depends on the content only"


def test_the_bytes_of_a_file_are_its_identity():
    files = [BytesOf("sha256:1", "a.csv", "x/a.csv"), BytesOf("sha256:1", "b.csv", "x/b.csv")]
    first, second = (each.element for each in element_plans(PLAN, [{"one": f} for f in files]))
    assert first and second and second.key == f"{first.key}-2"
    assert second.label == "one=x/b.csv"


def test_followers_have_the_same_keys():
    plan = msgspec.structs.replace(
        PLAN, node="b", bindings={"one": ResultOf("a", "out", each=True), "n": ValueOf(3)}
    )
    elements = [each.element for each in element_plans(PLAN, [{"n": 2}]) if each.element]
    (follower,) = following_plans(plan, {"a": elements})
    assert follower.node == f"b.{elements[0].key}" and follower.element
    assert follower.element.map == "b"
    assert follower.needs() == {f"a.{elements[0].key}"} and follower.follows() == set()


def many(count: int) -> list[dict[str, Any]]:
    return [{"n": number} for number in range(count)]


def test_a_map_has_a_limit():
    with pytest.raises(Invalid):
        element_plans(PLAN, many(10_001))
