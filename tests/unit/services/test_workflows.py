"""K2, K3, K7: checks of what is being drawn."""

import json

import pytest

from nbyard.domain.runs import NewRun
from nbyard.domain.workflows import CheckWorkflow
from nbyard.errors import Invalid, NotFound


def check(yard, ann, document):
    text = document if isinstance(document, str) else json.dumps(document)
    return yard.services.workflows.check(ann, CheckWorkflow("flow.nbflow", text))


def test_a_drawn_workflow_is_described(yard, ann, flow, root):
    found = check(yard, ann, (root / flow).read_text())
    assert found.problems == []
    assert {name: view.kind for name, view in found.nodes.items()} == {
        "data": "dataset", "one": "command", "two": "command",
    }  # fmt: skip
    assert yard.services.executables.list(ann).items == []


def test_arrows_are_proposed_and_problems_told(yard, ann, tool, root):
    (root / "data.csv").write_text("a\n1\n")
    nodes = {
        "data": {"type": "dataset", "path": "data.csv"},
        "one": {"type": "executable", "path": tool},
        "gone": {"type": "executable", "path": "gone.ipynb"},
    }
    found = check(yard, ann, {"version": 1, "nodes": nodes})
    assert {(p.node, p.field) for p in found.problems} >= {("one", "source"), ("gone", "")}
    assert [(p.source, p.target, p.input) for p in found.proposals] == [("data", "one", "source")]


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"version": 2}', '{"version": 1, "nodes": {"a b": {"type": "dataset"}}}',
             '{"version": 1, "nodes": {"a": {"type": "x"}}}', '{"version": 1, "version": 1}']
)  # fmt: skip
def test_what_is_no_document(yard, ann, text):
    with pytest.raises(Invalid):
        check(yard, ann, text)


def test_a_workflow_is_no_node(yard, ann):
    nodes = {"a": {"type": "executable", "path": "flow.nbflow"}}
    (yard.parts.files.root / "flow.nbflow").write_text(json.dumps({"version": 1, "nodes": nodes}))
    found = check(yard, ann, {"version": 1, "nodes": nodes})
    assert "workflow" in found.problems[0].message


def test_workflows_that_ran_are_listed(yard, ann, flow):
    assert yard.services.workflows.list(ann).items == []
    yard.services.runs.create(ann, NewRun(path=flow))
    (seen,) = yard.services.workflows.list(ann, search="flow").items
    assert seen.title == "Twice"
    assert yard.services.workflows.list(ann, search="other").items == []


@pytest.mark.parametrize("where", ["run", "node"])
def test_a_runtime_that_nobody_has(yard, ann, flow, root, where):
    if where == "node":
        document = json.loads((root / flow).read_text())
        document["nodes"]["one"]["runtime"] = "nowhere"
        (root / flow).write_text(json.dumps(document))
    with pytest.raises(Invalid) as refused:
        yard.services.runs.create(ann, NewRun(path=flow, runtime="nowhere" * (where == "run")))
    assert "process" in refused.value.message


def test_the_nodes_of_a_saved_workflow_are_shown_in_their_order(yard, ann, flow, root, tool):
    """A5: with executable, kind and where they run."""
    description = json.loads((root / f"{tool}.nbexec").read_text())
    (root / f"{tool}.nbexec").write_text(json.dumps({**description, "resources": {"image": "own"}}))
    document = json.loads((root / flow).read_text())
    document["nodes"]["two"] |= {"image": "other", "runtime": "docker"}
    document["nodes"]["gone"] = {"type": "executable", "path": "gone.ipynb"}
    (root / flow).write_text(json.dumps(document))
    found = {line.node: line for line in yard.services.workflows.show(ann, flow).items}
    assert [name for name in found if name != "gone"] == ["data", "one", "two"]
    assert (found["one"].kind, found["one"].executable) == ("command", tool)
    assert [(found[n].image, found[n].runtime) for n in ("one", "two")] == [
        ("own", ""), ("other", "docker"),
    ]  # fmt: skip
    assert (found["two"].after, found["data"].kind) == (["one"], "dataset")
    assert "no file" in found["gone"].problem
    for path, error in (("none.nbflow", NotFound), ("../x.nbflow", Invalid), (tool, Invalid)):
        with pytest.raises(error):
            yard.services.workflows.show(ann, path)
