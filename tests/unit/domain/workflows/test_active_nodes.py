"""Muted and bypassed nodes: which nodes of a document a run includes."""

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.runs.planning import ResolvedNode, RunOverrides, plan_tasks
from nbyard.domain.runs.structs import ResultOf, TaskPlan
from nbyard.domain.workflows.active_nodes import (
    active_part,
    idle_nodes,
    selected_nodes,
    without_muted,
)
from nbyard.domain.workflows.edges import data_port
from nbyard.domain.workflows.structs import (
    Document,
    Edge,
    Node,
    Pin,
    downstream,
    read_document,
    topological_order,
)
from nbyard.errors import Invalid
from nbyard.reasons.structs import because

PORTS = {
    "rows": [data_port("csv")],
    "words": [data_port("json")],
    "clean": [
        Argument("raw", role="input", format="csv"),
        Argument("words", role="input", format="json"),
        Argument("tidy", role="output", format="csv"),
    ],
    "train": [
        Argument("table", role="input", format="csv", required=True),
        Argument("model", role="output", format="joblib"),
    ],
    "report": [Argument("model", role="input", format="joblib", required=True)],
}


def _document(*edges, **changes):
    nodes = {
        name: Node(
            "dataset" if name in {"rows", "words"} else "executable", **changes.get(name, {})
        )
        for name in PORTS
    }
    found = [Edge(*edge.replace(">", ".").split(".")) for edge in edges]
    return Document(1, nodes=nodes, edges={f"e{n}": edge for n, edge in enumerate(found)})


WHOLE = ("rows.data>clean.raw", "words.data>clean.words", "clean.tidy>train.table")
LINE = (*WHOLE, "train.model>report.model")


def _active(document, ports=PORTS):
    found = active_part(document, ports)
    edges = [f"{e.source}.{e.output}>{e.target}.{e.input}" for e in found.document.edges.values()]
    told = [(p.node, p.field, str(p.reason)) for p in found.problems]
    return set(found.document.nodes), edges, told


def test_a_document_without_modes_stays_the_same():
    document = _document(*LINE)
    assert active_part(document, PORTS).document is document


def test_a_muted_node_and_its_dependents_do_not_run():
    document = _document(*LINE, clean={"mode": "muted"})
    assert idle_nodes(document) == {"clean", "train", "report"}
    assert _active(document) == ({"rows", "words"}, [], [])


def test_a_pinned_node_runs_after_a_muted_one():
    document = _document(*LINE, clean={"mode": "muted"}, train={"pin": Pin("r1")})
    assert idle_nodes(document) == {"clean"}


def test_the_input_that_fits_passes_a_bypassed_node():
    nodes, edges, told = _active(_document(*LINE, clean={"mode": "bypassed"}))
    assert nodes == {"rows", "words", "train", "report"}
    assert sorted(edges) == ["rows.data>train.table", "train.model>report.model"]
    assert told == []


def test_an_input_passes_several_bypassed_nodes():
    ports = {**PORTS, "train": [*PORTS["train"], Argument("again", role="output", format="csv")]}
    ports["report"] = [Argument("model", role="input", format="csv")]
    document = _document(
        *WHOLE, "train.again>report.model", clean={"mode": "bypassed"}, train={"mode": "bypassed"}
    )
    assert _active(document, ports)[1:] == (["rows.data>report.model"], [])


def test_a_required_input_behind_a_bypassed_node_says_what_is_missing():
    document = _document(*LINE, train={"mode": "bypassed"})
    reason = "model needs a connection: no input of the bypassed node train fits"
    assert _active(document)[2] == [("report", "model", reason)]


def test_an_optional_input_behind_a_bypassed_node_needs_no_connection():
    ports = {**PORTS, "report": [Argument("model", role="input", format="joblib")]}
    document = _document(*LINE, train={"mode": "bypassed"})
    assert _active(document, ports)[1:] == ([*WHOLE[:2]], [])


def test_two_inputs_that_fit_equally_are_a_problem():
    ports = {**PORTS, "words": [data_port("csv")]}
    document = _document(*WHOLE, clean={"mode": "bypassed"})
    several = ["rows.data", "words.data"]
    reason = because("bypass-several", input="table", node="clean", inputs=several)
    assert _active(document, ports)[2] == [("train", "table", str(reason))]


def test_the_format_of_the_bypassed_output_decides():
    ports = {**PORTS, "train": [Argument("table", role="input", format="")]}
    document = _document(*WHOLE, clean={"mode": "bypassed"})
    assert _active(document, ports)[1:] == (["rows.data>train.table"], [])


def test_a_pinned_consumer_needs_no_input_of_a_bypassed_node():
    document = _document(*LINE, train={"mode": "bypassed"}, report={"pin": Pin("r1")})
    assert _active(document)[2] == []


def test_a_cycle_of_bypassed_nodes_ends():
    ports = {"a": PORTS["clean"], "b": PORTS["clean"], "train": PORTS["train"]}
    nodes = {"a": Node("executable", mode="bypassed"), "b": Node("executable", mode="bypassed")}
    edges = {"1": Edge("a", "tidy", "b", "raw"), "2": Edge("b", "tidy", "a", "raw")}
    edges["3"] = Edge("b", "tidy", "train", "table")
    document = Document(1, nodes={**nodes, "train": Node("executable")}, edges=edges)
    assert [p.node for p in active_part(document, ports).problems] == ["train"]


def test_a_selection_omits_inactive_nodes():
    document = _document(*LINE, clean={"mode": "bypassed"}, report={"mode": "muted"})
    assert selected_nodes(document, "all", []) == {"rows", "words", "train"}
    assert selected_nodes(document, "to", ["train", "report"]) == {"rows", "words", "train"}
    assert selected_nodes(document, "from", ["clean"]) == {"rows", "words", "train"}
    with pytest.raises(Invalid, match="muted"):
        selected_nodes(document, "selected", ["report"])


def test_a_pin_of_a_bypassed_node_does_not_count():
    document = _document(*LINE, clean={"mode": "bypassed", "pin": Pin("r1")})
    assert selected_nodes(document, "to", ["train"]) == {"rows", "words", "train"}
    document = _document(*LINE, clean={"pin": Pin("r1")})
    assert selected_nodes(document, "to", ["train"]) == {"clean", "train"}


@pytest.mark.parametrize("scope", ["selected", "to"])
def test_named_nodes_that_are_bypassed_do_not_count(scope):
    document = _document(*LINE, train={"mode": "bypassed"})
    assert selected_nodes(document, scope, ["train", "clean"]) == {"rows", "words", "clean"}
    with pytest.raises(Invalid, match="bypassed"):
        selected_nodes(document, scope, ["train"])
    assert "report" in selected_nodes(document, "from", ["train"])


def test_the_mode_is_part_of_the_file_and_other_words_are_refused():
    text = '{"version": 1, "nodes": {"a": {"type": "executable", "mode": "%s"}}}'
    assert read_document(text % "muted").nodes["a"].mode == "muted"
    assert "mode" not in msgspec.to_builtins(read_document(text.replace(', "mode": "%s"', "")))
    with pytest.raises(Invalid, match="mode"):
        read_document(text % "asleep")


MODES = st.sampled_from([None, None, "muted", "bypassed"])
PAIR = st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda pair: pair[0] < pair[1])


NAMES = [f"n{n}" for n in range(8)]
OUT = Argument("out", role="output", format="csv")


def _any_document(modes, pairs, pinned):
    nodes = {
        name: Node("executable", mode=mode, pin=Pin("r") if pin else None)
        for name, mode, pin in zip(NAMES, modes, pinned, strict=False)
    }
    edges = {f"{a}>{b}": Edge(NAMES[a], "out", NAMES[b], f"in{a}") for a, b in pairs}
    return Document(1, nodes=nodes, edges=edges)


@given(st.lists(MODES, min_size=8, max_size=8), st.sets(PAIR), st.lists(st.booleans(), min_size=8))
def test_any_document_keeps_only_what_can_run(modes, pairs, pinned):
    """A muted node and its descendants are gone, and no connection is loose or cyclic."""
    document = _any_document(modes, pairs, pinned)
    nodes = document.nodes
    inputs = [Argument(f"in{n}", role="input", format="csv", required=True) for n in range(8)]
    found = active_part(document, {name: [OUT, *inputs] for name in NAMES})
    active = found.document
    assert all(node.mode is None for node in active.nodes.values())
    assert set(active.nodes) <= set(without_muted(document).nodes)
    for name, node in active.nodes.items():
        into = [edge for edge in document.edges.values() if edge.target == name]
        assert node.pin or not any(nodes[edge.source].mode == "muted" for edge in into)
        # each input has one source at most, and is either connected or reported
        taken = [edge.input for edge in active.edges.values() if edge.target == name]
        told = [problem.field for problem in found.problems if problem.node == name]
        assert len(taken) == len(set(taken))
        assert not set(taken) & set(told)
        if not node.pin:
            assert {edge.input for edge in into} == {*taken, *told}
    topological_order(active.nodes, active.edges.values())
    # a bypassed node never connects nodes that were apart
    for edge in active.edges.values():
        assert edge.target in downstream([edge.source], document.edges.values())


FEW = st.tuples(st.integers(0, 3), st.integers(0, 3)).filter(lambda pair: pair[0] < pair[1])


@given(
    st.lists(st.sampled_from([None, "bypassed", "muted"]), min_size=4, max_size=4),
    st.sets(FEW, min_size=3),
    st.lists(st.booleans(), min_size=4, max_size=4),
    st.sampled_from(["to", "selected", "from", "all"]),
    st.sets(st.sampled_from(NAMES[:4]), min_size=1, max_size=2),
    st.sets(FEW),
)
@example([None, "bypassed", None, None], {(0, 1), (1, 2)}, [False, True, False, False], "to",
         {"n2"}, set())  # fmt: skip
def test_each_task_of_any_plan_has_its_required_inputs(
    modes, pairs, pinned, scope, named, optional
):
    document = _any_document(modes, pairs, pinned)
    inputs: dict[str, list[Argument]] = {name: [] for name in NAMES}
    for a, b in sorted(pairs):
        is_required = (a, b) not in optional
        inputs[NAMES[b]].append(
            Argument(f"in{a}", role="input", format="csv", required=is_required)
        )
    old = {name: TaskPlan(name, name, "e", "v", [], {}, "process", pinned=1) for name in NAMES}
    resolved = {
        name: ResolvedNode(
            name, [OUT, *inputs[name]], executable_id="e", pinned=old[name] if node.pin else None
        )
        for name, node in document.nodes.items()
    }
    try:
        chosen = selected_nodes(document, scope, sorted(named))
        meant = without_muted(document)
        plans = plan_tasks(meant, resolved, {}, chosen, RunOverrides("process"), {})
    except Invalid:
        assume(False)  # the run is refused
    planned = {plan.node for plan in plans}
    assert planned == chosen
    for plan in plans:
        needed = {one.name for one in inputs[plan.node] if one.required}
        assert plan.pinned or needed <= plan.bindings.keys()
        sources = {one.node for one in plan.bindings.values() if isinstance(one, ResultOf)}
        assert sources <= planned
