"""From a document to tasks, or to what blocks a run."""

import time
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.executables.structs import Resources
from nbyard.domain.runs.planning import (
    ResolvedNode,
    RunOverrides,
    find_problems,
    output_filename,
    plan_tasks,
    raise_problems,
)
from nbyard.domain.runs.structs import BytesOf, ResultOf, SecretOf, ValueOf
from nbyard.domain.workflows.active_nodes import selected_nodes
from nbyard.domain.workflows.conditions import Reference, holds, nodes_of
from nbyard.domain.workflows.edges import data_port
from nbyard.domain.workflows.structs import Binding, Document, Edge, Meta, Node, Parameter, Problem
from nbyard.errors import Invalid
from nbyard.reasons.structs import because, text_reason

RAW = BytesOf("sha256:1", "sales.csv", "dataset sales 1")
CLEAN = [
    Argument("raw", role="input", format="csv", required=True),
    Argument("alpha", type="float", required=True),
    Argument("seed", type="int", default=7),
    Argument("note"),
    Argument("tidy", role="output", format="csv"),
]
TRAIN = [
    Argument("table", role="input", format="csv", required=True),
    Argument("model", role="output", format="joblib"),
]
RESOLVED = {
    "sales": ResolvedNode("sales", [data_port("csv")], RAW),
    "clean": ResolvedNode("clean.ipynb", CLEAN, None, "e1", "v1", Resources(image="img", cpu=2.0)),
    "train": ResolvedNode("train.py", TRAIN, None, "e2", "v2"),
}
EDGES = {
    "one": Edge("sales", "data", "clean", "raw"),
    "two": Edge("clean", "tidy", "train", "table"),
}
ALL = {"sales", "clean", "train"}
LINE_3 = because("python-line-invalid", name="train.py", line=3, message="invalid syntax")


def _document(edges=EDGES, parameters=None, train=None, **clean):
    clean = {"arguments": {"alpha": Binding(value=0.5)}, **clean}
    nodes = {
        "train": Node("executable", **(train or {})),
        "clean": Node("executable", **clean),
        "sales": Node("dataset"),
    }
    return Document(1, Meta(parameters=parameters or {}), nodes, dict(edges))


def _plans(document, values=None, resolved=RESOLVED, chosen=ALL, overrides=None):
    made = plan_tasks(
        document, resolved, values or {}, chosen, overrides or RunOverrides("process"), {}
    )
    return {plan.node: plan for plan in made}


def _problems(document, resolved=RESOLVED, chosen=None):
    return [
        (p.node, p.edge or p.field, str(p.reason))
        for p in find_problems(document, resolved, {}, chosen)
    ]


def test_a_plan_has_all_that_tasks_need():
    plans = _plans(_document())
    assert list(plans) == ["clean", "train"], "datasets are no tasks"
    assert plans["clean"].bindings == {
        "raw": RAW,
        "alpha": ValueOf(0.5),
        "seed": ValueOf(7, is_default=True),
    }
    assert plans["train"].bindings == {"table": ResultOf("clean", "tidy")}
    assert plans["train"].needs() == {"clean"}
    assert plans["clean"].executable_version_id == "v1"
    assert plans["clean"].label == "clean.ipynb"


def test_muted_and_bypassed_nodes_have_no_tasks():
    """Neither have nodes that depend on a muted one."""
    assert _plans(_document(mode="muted")) == {}
    assert list(_plans(_document(train={"mode": "muted"}))) == ["clean"]
    bypassed = _plans(_document(mode="bypassed", arguments={}))
    assert list(bypassed) == ["train"]
    assert bypassed["train"].bindings == {"table": RAW}


def test_a_bypassed_node_that_leaves_an_input_open_blocks_the_run_once():
    document = _document(edges={"two": EDGES["two"]}, mode="bypassed")
    assert _problems(document) == [
        ("train", "two", str(because("bypass-none", input="table", node="clean")))
    ]
    broken = {**RESOLVED, "train": ResolvedNode("train", problem=text_reason("gone"))}
    assert _problems(document, broken) == [("train", "", "gone")]
    assert _problems(_document(mode="muted", edges={}, arguments={})) == [
        ("train", "table", "table needs a connection")
    ]


def test_settings_come_from_overrides_then_node_then_executable():
    own = _document(image="own", cpu=0.5, label="Clean", runtime="docker", cache=False)
    plain = _plans(_document(), overrides=RunOverrides("process", runtime_given=True))["clean"]
    assert (plain.image, plain.cpu, plain.runtime, plain.cache) == ("img", 2.0, "process", None)
    told = _plans(own, overrides=RunOverrides("process"))["clean"]
    assert (told.image, told.cpu, told.runtime, told.cache) == ("own", 0.5, "docker", False)
    assert told.label == "Clean"
    assert not told.warm
    wished = _plans(own, overrides=RunOverrides("process", "w", True, True, True))["clean"]
    assert (wished.image, wished.runtime) == ("w", "process")
    assert wished.force and wished.warm


def test_a_model_has_its_packages_only_in_a_container_without_an_image():
    """An image has its own. A local process has the installed ones."""
    model = ResolvedNode("m", TRAIN, None, "e", "v", model_requirements="sha256:m")
    resolved = {**RESOLVED, "train": model}
    resolved["clean"] = msgspec.structs.replace(RESOLVED["clean"], resources=Resources())
    for runtime, image, digest in (
        ("docker", "", "sha256:m"),
        ("docker", "own:1", ""),
        ("dask", "", ""),
        ("process", "", ""),
    ):
        overrides = RunOverrides(runtime, image, runtime_given=True)
        plan = _plans(_document(), resolved=resolved, overrides=overrides)
        assert plan["train"].requirements_digest == digest


def test_an_image_implies_a_container_by_default():
    """A process has none, and a cluster refuses it."""
    for document in (_document(), _document(image="own")):
        plans = _plans(document, overrides=RunOverrides("process"))
        assert (plans["clean"].runtime, plans["train"].runtime) == ("docker", "process")
    told = _plans(_document(runtime="process"), overrides=RunOverrides("process"))["clean"]
    assert told.runtime == "process"


def test_a_hinted_image_implies_no_container():
    """The image is a DockerRequirement in the hints of a CWL tool."""
    known = {
        **RESOLVED,
        "clean": ResolvedNode("x.cwl", CLEAN, resources=Resources(hinted_image="h")),
    }
    plain = _plans(_document(), resolved=known, overrides=RunOverrides("process"))["clean"]
    assert (plain.runtime, plain.image) == ("process", "")
    for document, overrides, image in (
        (_document(), RunOverrides("docker"), "h"),
        (_document(runtime="docker"), RunOverrides("process"), "h"),
        (_document(image="own"), RunOverrides("docker"), "own"),
        (_document(), RunOverrides("docker", "wished"), "wished"),
    ):
        found = _plans(document, resolved=known, overrides=overrides)["clean"]
        assert (found.runtime, found.image) == ("docker", image)
    assert _plans(_document(), resolved=known, overrides=RunOverrides("dask"))["clean"].image == ""


def test_a_shell_needs_a_container():
    """ShellCommandRequirement of a CWL tool."""
    known = {**RESOLVED, "clean": ResolvedNode("x.cwl", CLEAN, for_shell=True)}
    assert (
        _plans(_document(), resolved=known, overrides=RunOverrides("docker"))["clean"].runtime
        == "docker"
    )
    for overrides in (RunOverrides("process"), RunOverrides("dask")):
        with pytest.raises(Invalid, match=r"clean\.runtime: .* a shell"):
            _plans(_document(), resolved=known, overrides=overrides)


def test_an_image_without_a_container_is_refused():
    """The message names the node, whatever set the image and the cluster."""
    own = _document(image="own", runtime="dask")
    for document, overrides, named in (
        (own, RunOverrides("process"), "clean.image"),
        (_document(), RunOverrides("dask"), "clean.image"),
        (own, RunOverrides("dask", "wished", runtime_given=True), "clean.image; train.image"),
    ):
        with pytest.raises(Invalid) as refused:
            _plans(document, overrides=overrides)
        assert "; ".join(sorted(one.path for one in refused.value.details)) == named
        assert "remove the image" in refused.value.message
    assert _plans(own, overrides=RunOverrides("docker", runtime_given=True))["clean"].image == "own"


def test_parameters_are_converted_to_the_type_of_the_argument():
    document = _document(
        parameters={"a": Parameter("int", 1)},
        arguments={"alpha": Binding(parameter="a"), "note": Binding(value="x")},
    )
    bindings = _plans(document, {"a": 2})["clean"].bindings
    assert bindings["alpha"] == ValueOf(2.0)
    assert bindings["note"] == ValueOf("x")
    with pytest.raises(Invalid, match=r"parameters\.a: a number"):
        _plans(document, {"a": "two"})


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (_document(), []),
        (_document(edges={"two": EDGES["two"]}), [("clean", "raw", "raw needs a connection")]),
        (_document(arguments={}), [("clean", "alpha", "alpha needs a value")]),
        (
            _document(arguments={"alpha": Binding(value="high")}),
            [("clean", "alpha", "alpha: a number is needed, not text")],
        ),
        (
            _document(arguments={"alpha": Binding(parameter="a")}),
            [("clean", "alpha", "alpha: the workflow has no parameter a")],
        ),
        (
            _document(arguments={"alpha": Binding(value=1), "beta": Binding(value=1)}),
            [("clean", "beta", "clean.ipynb no longer has the argument beta")],
        ),
        (
            _document(edges={**EDGES, "old": Edge("sales", "data", "train", "rows")}),
            [("train", "old", "sales.data → train.rows: this output or input does not exist")],
        ),
        (
            _document(edges={**EDGES, "more": Edge("sales", "data", "train", "table")}),
            [("train", "more", "table of train already has a connection")],
        ),
        (_document(cpu=0.0), [("clean", "cpu", "cpu must be more than 0")]),
        (
            _document(memory_bytes=-1),
            [("clean", "memory_bytes", "memory_bytes must be more than 0")],
        ),
    ],
)
def test_problems_block_a_run(document, found):
    """A missing input marks its node and blocks *Run*.

    So does an argument that no longer exists.
    """
    assert _problems(document) == found
    if found:
        with pytest.raises(Invalid, match="cannot run yet") as caught:
            _plans(document, {"a": 1})
        assert caught.value.details[0].path.startswith(found[0][0])
        assert found[0][2] in caught.value.message


def test_a_deleted_executable_is_the_only_problem_of_its_node():
    gone = {
        **RESOLVED,
        "clean": ResolvedNode("clean.ipynb", problem=text_reason("There is no file clean.ipynb.")),
    }
    assert _problems(_document(), gone) == [
        ("clean", "", str(because("no-file", path="clean.ipynb")))
    ]


@pytest.mark.parametrize(
    "when", ["train.score >", "train.score > rate", "gone.score > 1", "changed(sales)"]
)
def test_a_condition_that_cannot_be_decided_is_a_problem_of_its_node(when):
    problems = find_problems(_document(when=when), RESOLVED, {})
    assert [(problem.node, problem.field) for problem in problems] == [("clean", "when")]


def test_a_condition_may_name_a_node_inside_of_a_sub_workflow():
    assert not find_problems(_document(when="train.inner.score > 1"), RESOLVED, {})


def test_a_condition_orders_nodes_and_holds_values_of_parameters():
    """A condition on a node after it is a cycle."""
    parameters = {"least": Parameter("float", 0.5)}
    document = _document({"one": EDGES["one"]}, parameters, when="train.score > least")
    resolved = RESOLVED | {"train": ResolvedNode("train.py", [], None, "e2", "v2")}
    plans = _plans(document, {"least": 0.5}, resolved)
    assert [*plans] == ["train", "clean"]
    assert nodes_of(plans["clean"].when) == plans["clean"].needs() == {"train"}
    assert holds(plans["clean"].when, {Reference("train", "score"): 0.6})
    assert selected_nodes(document, "selected", ["clean"]) == ALL
    with pytest.raises(Invalid):
        _plans(_document(parameters=parameters, when="train.score > least"), {"least": 0.5})


def test_only_nodes_before_optional_inputs_may_be_skipped():
    arguments = [Argument("more", role="input", format="csv"), *TRAIN]
    resolved = RESOLVED | {"train": ResolvedNode("train.py", arguments, None, "e2", "v2")}
    edges = EDGES | {"more": Edge("clean", "tidy", "train", "more")}
    assert _plans(_document(edges), {}, resolved)["train"].optional_needs() == set()
    optional = {"one": EDGES["one"], "more": edges["more"]}
    resolved["train"] = ResolvedNode("train.py", arguments[:1], None, "e2", "v2")
    assert _plans(_document(optional), {}, resolved)["train"].optional_needs() == {"clean"}
    joined = _document(optional, train={"join": "all"})
    assert _plans(joined, {}, resolved)["train"].optional_needs() == set()


def test_cycles_block_and_name_their_edge():
    nodes = {"a": Node("executable"), "b": Node("executable")}
    ports = [Argument("i", role="input"), Argument("o", role="output")]
    edges = {"ab": Edge("a", "o", "b", "i"), "ba": Edge("b", "o", "a", "i")}
    document = Document(1, nodes=nodes, edges=edges)
    resolved = {name: ResolvedNode(name, ports) for name in nodes}
    assert _problems(document, resolved) == [("a", "ba", str(because("edge-cycle")))]
    with pytest.raises(Invalid, match="a cycle: a, b"):
        _plans(document, resolved=resolved, chosen={"a", "b"})


def test_only_selected_nodes_can_block():
    """The run ends before the unfinished node."""
    document = _document(train={"arguments": {"old": Binding(value=1)}})
    assert _problems(document, chosen={"sales", "clean"}) == []
    assert list(_plans(document, chosen={"sales", "clean"})) == ["clean"]
    assert len(_problems(document)) == 1


def test_a_connection_wins_over_a_default():
    table = Argument("table", role="input", default="t.csv")
    resolved = {**RESOLVED, "train": ResolvedNode("train.py", [table])}
    unfed = _document(edges={"one": EDGES["one"]})
    assert _problems(unfed, resolved) == []
    assert _plans(unfed, resolved=resolved)["train"].bindings == {
        "table": ValueOf("t.csv", is_default=True)
    }
    fed = _document(train={"arguments": {"table": Binding(value="mine.csv")}})
    assert _plans(fed, resolved=resolved)["train"].bindings == {"table": ResultOf("clean", "tidy")}


def test_a_required_input_needs_a_connection_despite_a_default():
    """The default's file is not in the bundle, so the service made the input required."""
    table = Argument("table", role="input", required=True, default="t.csv")
    resolved = {**RESOLVED, "train": ResolvedNode("train.py", [table])}
    unfed = _document(edges={"one": EDGES["one"]})
    (problem,) = _problems(unfed, resolved)
    assert "'t.csv' was not found" in str(problem)


def test_several_files_come_from_a_folder():
    tables = Argument("tables", role="input", type="list", format="folder", required=True)
    resolved = {**RESOLVED, "train": ResolvedNode("train.py", [tables])}
    (problem,) = _problems(_document(edges={"one": EDGES["one"]}), resolved)
    assert "tables needs a connection" in str(problem)


def test_a_refusal_lists_all_problems_and_shows_the_first():
    with pytest.raises(Invalid) as caught:
        raise_problems(
            [Problem(because("text", text=f"p{i}"), node="n", field=str(i)) for i in range(9)]
        )
    assert len(caught.value.details) == 9
    assert caught.value.message.count(";") == 4


@pytest.mark.parametrize(
    ("default", "file_format", "name"),
    [
        ("out/model.joblib", "joblib", "model.joblib"),
        ("results/", "folder", "results"),
        ("..", "csv", "table.csv"),
        ("/", "", "table"),
        ("", "csv", "table.csv"),
        (None, "csv", "table.csv"),
        (5, "excel", "table.xlsx"),
        ("x" * 300, "", "table"),
        ("é" * 200, "csv", "table.csv"),
        (None, "folder", "table"),
        (None, "../../etc", "table"),
        (None, "a b", "table"),
    ],
)
def test_names_of_output_files(default, file_format, name):
    argument = Argument("table", role="output", format=file_format, default=default)
    assert output_filename(argument) == name


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(max_size=20))
def test_names_of_output_files_never_lead_elsewhere(default, file_format):
    name = output_filename(Argument("table", role="output", format=file_format, default=default))
    assert name not in ("", ".", "..")
    assert "/" not in name
    assert len(name.encode()) <= 255


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=15))
def test_tasks_follow_their_dependencies(pairs):
    nodes = {f"n{i}": Node("executable") for i in range(7)}
    ports = [Argument(f"i{k}", role="input") for k in range(15)] + [Argument("o", role="output")]
    edges = {
        str(k): Edge(f"n{max(one, other)}", "o", f"n{min(one, other)}", f"i{k}")
        for k, (one, other) in enumerate(pairs)
        if one != other
    }
    document = Document(1, nodes=nodes, edges=edges)
    plans = _plans(document, resolved={n: ResolvedNode(n, ports) for n in nodes}, chosen=set(nodes))
    seen: set[str] = set()
    for node, plan in plans.items():
        assert plan.needs() <= seen
        seen.add(node)
    assert seen == set(nodes)


def test_ten_thousand_nodes_are_checked_quickly():
    both = [Argument("o", role="output"), Argument("i", role="input")]
    names = [f"n{i}" for i in range(10_000)]
    edges = {f"e{b}": Edge(a, "o", b, "i") for a, b in pairwise(names)}
    document = Document(
        1, nodes={n: Node("executable") for n in names}, edges=dict(sorted(edges.items()))
    )
    before = time.process_time()
    assert find_problems(document, {n: ResolvedNode(n, both) for n in names}, {}) == []
    assert time.process_time() - before < 5


def test_a_secret_is_planned_as_its_credential_and_warms_no_container():
    """No plan contains the value."""
    known = {"tool": ResolvedNode("tool", [Argument("token", type="secret", required=True)])}
    api = SecretOf("1", "api", 2)

    def planned(value):
        node = Node(
            "executable", arguments={} if value is None else {"token": Binding(value=value)}
        )
        document = Document(1, Meta(), {"tool": node})
        warm = RunOverrides("docker", warm=True)
        return plan_tasks(document, known, {}, {"tool"}, warm, {"api": api})[0]

    plan = planned("api")
    assert plan.bindings == {"token": api} and not plan.warm
    with pytest.raises(Invalid, match="there is no credential") as refused:
        planned("s3cr3t")
    assert "s3cr3t" not in refused.value.words
    with pytest.raises(Invalid, match="token needs a value"):
        planned(None)


def test_nodes_with_ports_use_no_warm_container():
    document = Document(1, nodes={"tool": Node("executable", path="tool.py")})
    told = Resources(ports={"web": 0}, tensorboard="runs")
    known = {"tool": ResolvedNode("tool.py", [], None, "e", "v", told)}
    (plan,) = plan_tasks(document, known, {}, {"tool"}, RunOverrides("docker", warm=True), {})
    assert (plan.ports, plan.tensorboard, plan.warm) == ({"web": 0}, "runs", False)
    assert plan.is_monitored and not plan.warning
    (plan,) = plan_tasks(document, known, {}, {"tool"}, RunOverrides("dask"), {})
    assert not plan.is_monitored and plan.warning == because("no-links-on-dask")


def test_an_invalid_port_is_a_problem_of_its_node():
    document = Document(1, nodes={"tool": Node("executable", path="tool.py")})
    known = {"tool": ResolvedNode("tool.py", [], None, "e", "v", Resources(ports={"a b": 0}))}
    (problem,) = find_problems(document, known, {})
    assert (problem.node, problem.field) == ("tool", "ports")
    assert "'a b'" in str(problem.reason)


UNREAD = because("python-line-invalid", name="train.py", line=3, message="invalid syntax")


@pytest.mark.parametrize("edges", [EDGES, {"three": Edge("train", "model", "clean", "raw")}])
def test_a_script_that_cannot_be_read_is_the_problem_of_its_connections(edges):
    """Issue 21: a syntax error looked like a connection to a port that does not exist."""
    broken = RESOLVED | {"train": ResolvedNode("train.py", unread=UNREAD)}
    assert ("train", "", str(LINE_3)) in _problems(_document(edges), broken)
    assert not [place for _, place, _ in _problems(_document(edges), broken) if place in edges]


def test_a_script_that_cannot_be_read_is_the_problem_of_its_values():
    broken = RESOLVED | {"train": ResolvedNode("train.py", unread=UNREAD)}
    edges = {"one": EDGES["one"]}
    given = _document(edges, train={"arguments": {"rate": Binding(value=1)}})
    assert _problems(given, broken) == [("train", "", str(LINE_3))]
    assert _problems(_document(edges), broken) == [], "alone, it may run: another Python may know"
