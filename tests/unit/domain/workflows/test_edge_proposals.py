"""Connections are proposed by names, types and formats."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.arguments.bindings import File
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.attempts.undeclared_files import OpenedFile
from nbyard.domain.workflows.edges import (
    ENOUGH,
    SAME_NAME,
    Drawn,
    Files,
    data_port,
    name_likeness,
    name_words,
    propose_edges,
)
from nbyard.domain.workflows.structs import Edge, Node
from nbyard.reasons.structs import because

WORDS = ["data", "raw", "raw_csv", "trainData", "train", "model", "output_model", "x"]
FORMATS = st.sampled_from(["", "csv", "joblib", "folder"])
PORTS = st.lists(
    st.builds(
        lambda name, role, file_format: Argument(name, role=role, format=file_format),
        st.sampled_from(WORDS),
        st.sampled_from(["input", "output", "value"]),
        FORMATS,
    ),
    max_size=4,
    unique_by=lambda argument: argument.name,
)


@st.composite
def graphs(draw):
    """Nodes with ports, and some arrows among them that the rules allow."""
    nodes, ports = {}, {}
    for name in ["sales", "raw", "clean", "train", "score"][: draw(st.integers(1, 5))]:
        dataset = draw(st.booleans())
        nodes[name] = Node("dataset" if dataset else "executable")
        ports[name] = [data_port(draw(FORMATS))] if dataset else draw(PORTS)
    ends = [(n, a.name) for n in nodes for a in ports[n]]
    drawn, edges = Drawn(nodes, ports), []
    for one, other in (
        draw(st.lists(st.tuples(st.sampled_from(ends), st.sampled_from(ends)), max_size=4))
        if ends
        else []
    ):
        edge = Edge(*one, *other)
        if drawn.refusal(edge) is None:
            drawn.add(edge)
            edges.append(edge)
    return nodes, edges, ports


def _edges(proposals):
    return [proposal.edge() for proposal in proposals]


@given(graphs())
def test_every_proposal_is_valid_and_none_conflict(graph):
    nodes, edges, ports = graph
    found = propose_edges(nodes, edges, ports)
    for order in (_edges(found), _edges(reversed(found))):
        drawn = list(edges)
        for edge in order:
            assert Drawn(nodes, ports, drawn).refusal(edge) is None
            drawn.append(edge)
    assert all(ENOUGH <= proposal.score <= 1 and proposal.reason for proposal in found)
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)


@given(graphs(), st.randoms())
def test_the_order_of_nodes_does_not_matter(graph, random):
    nodes, edges, ports = graph
    names = list(nodes)
    random.shuffle(names)
    random.shuffle(edges)
    ports_shuffled = {name: random.sample(ports[name], len(ports[name])) for name in names}
    again = propose_edges({name: nodes[name] for name in names}, edges, ports_shuffled)
    assert again == propose_edges(nodes, edges, ports)


@given(st.text(max_size=12), st.text(max_size=12))
def test_similarity_is_a_fraction(one, other):
    assert 0 <= name_likeness(one, other) <= 1
    assert name_likeness(one, one) == 1


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("inputTrainCSV_2", ["input", "train", "csv", "2"]),
        ("CSVPath", ["csv", "path"]),
        ("clean_data", ["clean", "data"]),
        ("größe", ["größe"]),
        ("__x9y", ["x", "9", "y"]),
        ("", []),
    ],
)
def test_words_of_a_name(name, parts):
    assert name_words(name) == parts


def _two_steps(outputs, inputs):
    nodes = {"clean": Node("executable"), "train": Node("executable")}
    ports = {
        "clean": [Argument(name, role="output", format=kind) for name, kind in outputs.items()],
        "train": [Argument(name, role="input", format=kind) for name, kind in inputs.items()],
    }
    return [(p.output, p.input, str(p.reason)) for p in propose_edges(nodes, [], ports)]


@pytest.mark.parametrize(
    ("outputs", "inputs", "expected"),
    [
        ({"model": ""}, {"model": ""}, [("model", "model", "same name")]),
        (
            {"output_features": "csv"},
            {"features_path": "csv"},
            [("output_features", "features_path", "similar names, both csv")],
        ),
        (
            {"trainFeatures": ""},
            {"train_features": ""},
            [("trainFeatures", "train_features", "same name")],
        ),
        ({"out": "csv"}, {"table": "csv"}, [("out", "table", "the only csv that fits")]),
        ({"report": "html"}, {"model": "joblib"}, []),
        ({"model": "joblib"}, {"model": "csv"}, []),
        ({"weights": ""}, {"labels": ""}, []),
    ],
)
def test_names_may_differ(outputs, inputs, expected):
    assert _two_steps(outputs, inputs) == expected


@pytest.mark.parametrize(
    ("outputs", "inputs"),
    [
        ({"part_a": "csv", "part_b": "csv"}, {"part": "csv"}),
        ({"part": "csv"}, {"part_a": "csv", "part_b": "csv"}),
        ({"one": "csv", "two": "csv"}, {"data": "csv"}),
    ],
)
def test_equal_choices_are_not_proposed(outputs, inputs):
    assert _two_steps(outputs, inputs) == []


def test_an_output_that_is_not_used_yet_is_the_better_choice():
    nodes = {
        "raw": Node("dataset"),
        "clean": Node("executable"),
        "train": Node("executable"),
    }
    ports = {
        "raw": [data_port("csv")],
        "clean": [
            Argument("source_path", role="input", format="csv"),
            Argument("clean_csv", role="output", format="csv"),
        ],
        "train": [Argument("training_data", role="input", format="csv")],
    }
    assert _edges(propose_edges(nodes, [], ports)) == [
        Edge("clean", "clean_csv", "train", "training_data"),
        Edge("raw", "data", "clean", "source_path"),
    ]


def test_the_better_choice_is_proposed():
    assert [
        p[:2] for p in _two_steps({"features": "csv", "features_old": "csv"}, {"features": "csv"})
    ] == [("features", "features")]


def test_a_dataset_is_known_by_its_label():
    nodes = {"d1": Node("dataset", label="Sales 2024"), "clean": Node("executable")}
    ports = {"d1": [data_port("csv")], "clean": [Argument("sales", role="input", format="csv")]}
    (found,) = propose_edges(nodes, [], ports)
    assert (found.source, found.output, found.input) == ("d1", "data", "sales")
    assert propose_edges(nodes, [found.edge()], ports) == []


def test_very_many_ports_are_not_compared():
    nodes = {f"n{i}": Node("executable") for i in range(2000)}
    ports = {n: [Argument("data", role="input"), Argument(f"out{n}", role="output")] for n in nodes}
    before = time.process_time()
    assert propose_edges(nodes, [], ports) == []
    few = dict(list(nodes.items())[:200])
    propose_edges(few, [], ports)
    assert time.process_time() - before < 10


def by_files(opened, ports=None, folders=None, edges=(), nodes=("a", "b", "c")):
    places = folders or dict.fromkeys(nodes, "/p")
    drawable = {name: Node("executable") for name in nodes}
    return propose_edges(drawable, edges, ports or {}, Files(opened, places))


def opening(role, path):
    return OpenedFile(path, role, path.split("/")[-1].partition(".")[0])


def test_the_reason_names_nodes_as_the_canvas_shows_them():
    nodes = {
        "a_1f": Node("executable", path="x/prepare.ipynb"),
        "b": Node("executable", label="Fit"),
    }
    opened = {"a_1f": [opening("output", "r.csv")], "b": [opening("input", "r.csv")]}
    (found,) = propose_edges(nodes, [], {}, Files(opened, dict.fromkeys(nodes, "/p")))
    assert found.reason == because("same-file", writer="prepare.ipynb", reader="Fit", file="r.csv")


def test_a_file_of_a_writer_and_a_reader_is_proposed():
    """Both have the same path, or else the same name."""
    opened = {"a": [opening("output", "r.csv")], "b": [opening("input", "r.csv")]}
    (same,) = by_files(opened)
    assert (same.edge(), same.score) == (Edge("a", "r", "b", "r"), 1)
    assert (same.writes, same.reads) == ("r.csv", "r.csv")
    assert same.reason == because("same-file", writer="a", reader="b", file="r.csv")
    (alike,) = by_files(opened, folders={"a": "/p/x", "b": "/p", "c": "/p"})
    assert alike.score == SAME_NAME and "file of that name" in str(alike.reason)
    assert by_files(opened, edges=[same.edge()]) == []


def test_only_undeclared_ends_are_declared():
    """An output with that file or path already exists."""
    opened = {"b": [opening("input", "../r.csv")]}
    folders = {"a": "/p", "b": "/p/sub", "c": "/p"}
    for output in (
        Argument("out", "output", default="r.csv"),
        Argument("out", "output", default="r.csv", reach=File("r.csv")),
    ):
        (found,) = by_files(opened, {"a": [output]}, folders)
        assert (found.output, found.writes, found.reads) == ("out", "", "../r.csv")


def test_declared_files_of_the_same_name_are_proposed():
    """This holds if the names of the ports differ, or are ambiguous."""
    writer = Argument("cleaned", "output", reach=File("r.csv"), default="r.csv")
    reader = Argument("wanted", "input", reach=File("r.csv"), default="r.csv")
    (found,) = by_files({}, {"a": [writer], "b": [reader]})
    assert (found.edge(), found.score) == (Edge("a", "cleaned", "b", "wanted"), 1)
    assert (found.by_file, found.writes, found.reads) == (True, "", "")
    taken = [Edge("c", "x", "b", "wanted")]
    assert by_files({}, {"a": [writer], "b": [reader]}, edges=taken) == []
    twice = {"a": [writer], "b": [reader], "c": [writer]}
    assert by_files({}, twice) == []
    names = {"a": [Argument("r", "output", default="d/r.csv")], "b": [Argument("r", "input")]}
    assert [p.by_file for p in by_files({}, names)] == [False]
    names["b"] = [Argument("r", "input", default="d/r.csv")]
    assert [(p.by_file, p.score) for p in by_files({}, names)] == [(True, 1)]


def test_a_file_of_that_name_in_another_folder_is_only_suggested():
    """It is not drawn at once, even if the ports have the same name."""
    config = [Argument("config", role, default="config.json") for role in ("output", "input")]
    other = Argument("settings", "input", default="config.json")
    places = {"a": "/p", "b": "/q"}
    (found,) = by_files({}, {"a": config[:1], "b": [other]}, places)
    assert (found.score, found.by_file) == (SAME_NAME, False)
    (found,) = by_files({}, {"a": config[:1], "b": config[1:]}, places)
    assert (found.score, found.by_file) == (1, False)
    unknown = dict.fromkeys("ab", "")
    assert [p.by_file for p in by_files({}, {"a": config[:1], "b": [other]}, unknown)] == [False]
    nodes = {"d": Node("dataset", path="data/iris.csv"), "b": Node("executable")}
    ports = {"d": [data_port("csv")], "b": [Argument("table", "input", default="iris.csv")]}
    (found,) = propose_edges(nodes, [], ports, Files({}, {"d": "/p/data", "b": "/p"}))
    assert (found.score, found.by_file) == (SAME_NAME, False)


@pytest.mark.parametrize(
    "default", ["", ".", "..", "-", "data", "data/", "a.d/", ".hidden", "https://host/r.csv"]
)
def test_defaults_that_name_no_file_are_not_compared(default):
    """Neither as a connection, nor as a second output that hides one with the same name."""
    writer = Argument("metrics_path", "output", default=default)
    reader = Argument("train_csv", "input", default=default)
    assert by_files({}, {"a": [writer], "b": [reader]}) == []
    table = [Argument("table", role, default=default) for role in ("output", "input")]
    log = Argument("log", "output", default=default)
    (found,) = by_files({}, {"a": table[:1], "b": table[1:], "c": [log]})
    assert (found.edge(), found.by_file) == (Edge("a", "table", "b", "table"), False)


def test_a_dataset_is_known_by_its_file():
    """The input that reads that file is its target, declared or not."""
    nodes = {"d": Node("dataset", path="data/iris.csv"), "b": Node("executable")}
    places = {"d": "/p/data", "b": "/p"}
    declared = Argument("table", "input", reach=File("data/iris.csv"), default="data/iris.csv")
    ports = {"d": [data_port("csv")], "b": [declared]}
    (found,) = propose_edges(nodes, [], ports, Files({}, places))
    assert (found.edge(), found.by_file) == (Edge("d", "data", "b", "table"), True)
    assert str(found.reason) == "b reads iris.csv"
    opened = {"b": [opening("input", "data/iris.csv")]}
    (found,) = propose_edges(nodes, [], ports | {"b": []}, Files(opened, places))
    assert (found.input, found.writes, found.reads) == ("iris", "", "data/iris.csv")


def test_files_of_two_writers_and_cycles_are_not_proposed():
    two = {"a": [opening("output", "r.csv")], "c": [opening("output", "r.csv")]}
    assert by_files({**two, "b": [opening("input", "r.csv")]}) == []
    own = {"a": [opening("output", "r.csv"), opening("input", "r.csv")]}
    assert by_files(own) == []


@given(
    st.lists(
        st.tuples(
            *[
                st.sampled_from("abc"),
                st.sampled_from(["input", "output"]),
                st.sampled_from(["x.csv", "d/x.csv", "y.csv"]),
            ]
        ),
        unique=True,
    )
)
def test_connections_along_files_follow_the_rules(told):
    """With the declared files, all proposed connections are valid together."""
    opened: dict[str, list[OpenedFile]] = {}
    for node, role, path in told:
        opened.setdefault(node, []).append(OpenedFile(path, role, f"{role}_{path[0]}{path[-5]}"))
    files = Files(opened, dict.fromkeys("abc", "/p"))
    nodes = {name: Node("executable") for name in "abc"}
    found = propose_edges(nodes, [], {}, files)
    drawn = Drawn(nodes, files.with_ports({}), [])
    for proposal in found:
        assert drawn.refusal(proposal.edge()) is None
        drawn.add(proposal.edge())
