"""Checks of unsaved documents, and what a save reports."""

import json

import nbformat
import pytest

from nbyard.domain.environments.structs import NewEnvironment
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.workflows.structs import CheckWorkflow, NeededImage
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


def test_a_workflow_that_ran_is_shown_by_its_path_below_the_root(yard, ann, flow):
    yard.services.runs.create(ann, NewRun(path=flow))
    assert [one.shown_path for one in yard.services.workflows.list(ann).items] == [flow]


def test_connections_are_proposed_and_problems_reported(yard, ann, tool, root):
    (root / "data.csv").write_text("a\n1\n")
    nodes = {
        "data": {"type": "dataset", "path": "data.csv"},
        "one": {"type": "executable", "path": tool},
        "gone": {"type": "executable", "path": "gone.ipynb"},
    }
    found = check(yard, ann, {"version": 1, "nodes": nodes})
    assert {(p.node, p.field) for p in found.problems} >= {("one", "source"), ("gone", "")}
    assert [(p.source, p.target, p.input) for p in found.proposals] == [("data", "one", "source")]


def test_a_syntax_error_hides_lost_connections(yard, ann, root):
    """Issue 21: the connection is right; the script cannot be read."""
    script = "import argparse\np = argparse.ArgumentParser()\n{}\na = p.parse_args()\nopen(a.table)"
    (root / "data.csv").write_text("a\n1\n")
    nodes = {
        "data": {"type": "dataset", "path": "data.csv"},
        "fit": {"type": "executable", "path": "fit.py"},
    }
    edge = {"source": "data", "output": "data", "target": "fit", "input": "table"}
    document = {"version": 1, "nodes": nodes, "edges": {"data.data->fit.table": edge}}
    (root / "fit.py").write_text(script.format("p.add_argument('table'"))
    found = check(yard, ann, document)
    (problem,) = found.problems
    assert (problem.node, problem.edge) == ("fit", "")
    assert str(problem.reason).startswith("fit.py, line 3: ")
    assert found.nodes["fit"].problem == problem.reason
    (root / "flow.nbflow").write_text(json.dumps(document))
    with pytest.raises(Invalid, match=r"fit\.py, line 3"):
        yard.services.runs.create(ann, NewRun(path="flow.nbflow"))
    (root / "fit.py").write_text(script.format("p.add_argument('table')"))
    assert check(yard, ann, document).problems == []


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"version": 2}', '{"version": 1, "nodes": {"a b": {"type": "dataset"}}}',
             '{"version": 1, "nodes": {"a": {"type": "x"}}}', '{"version": 1, "version": 1}']
)  # fmt: skip
def test_invalid_documents_are_refused(yard, ann, text):
    with pytest.raises(Invalid):
        check(yard, ann, text)


def test_a_workflow_that_contains_itself_is_a_problem(yard, ann):
    nodes = {"a": {"type": "executable", "path": "flow.nbflow"}}
    (yard.context.files.root / "flow.nbflow").write_text(json.dumps({"version": 1, "nodes": nodes}))
    (problem,) = check(yard, ann, {"version": 1, "nodes": nodes}).problems
    assert problem.node == "a"


def test_a_sub_workflow_says_which_outputs_its_nodes_take(yard, ann, root):
    for name, line in {"a.py": "open('x.csv', 'w')", "b.py": "open('x.csv')"}.items():
        (root / name).write_text(line)
    nodes = {name: {"type": "executable", "path": f"{name}.py"} for name in "ab"}
    edge = {"source": "a", "output": "x", "target": "b", "input": "x"}
    inner = {"version": 1, "nodes": nodes, "edges": {"a.x->b.x": edge}}
    (root / "part.nbflow").write_text(json.dumps(inner))
    outer = {"version": 1, "nodes": {"part": {"type": "executable", "path": "part.nbflow"}}}
    assert check(yard, ann, outer).nodes["part"].passed_on == ["a.x"]


def test_workflows_that_ran_are_listed(yard, ann, workflows, flow):
    assert workflows.list(ann).items == []
    yard.services.runs.create(ann, NewRun(path=flow))
    (seen,) = workflows.list(ann, search="flow").items
    assert seen.title == "Twice"
    assert workflows.list(ann, search="other").items == []


@pytest.mark.parametrize("where", ["run", "node"])
def test_an_unknown_runtime_is_a_problem(yard, ann, flow, root, where):
    if where == "node":
        document = json.loads((root / flow).read_text())
        document["nodes"]["one"]["runtime"] = "nowhere"
        (root / flow).write_text(json.dumps(document))
    with pytest.raises(Invalid) as refused:
        yard.services.runs.create(ann, NewRun(path=flow, runtime="nowhere" * (where == "run")))
    assert "process" in refused.value.message


def test_nodes_of_a_saved_workflow_are_shown_in_order(workflows, ann, flow, root, tool):
    """Each has its executable, kind and runtime."""
    description = json.loads((root / f"{tool}.nbexec").read_text())
    (root / f"{tool}.nbexec").write_text(json.dumps({**description, "resources": {"image": "own"}}))
    document = json.loads((root / flow).read_text())
    document["nodes"]["two"] |= {"image": "other", "runtime": "docker"}
    document["nodes"]["gone"] = {"type": "executable", "path": "gone.ipynb"}
    (root / "Dockerfile").write_text('FROM python\nENTRYPOINT ["python"]\n')
    document["nodes"]["made"] = {"type": "executable", "path": "Dockerfile"}
    (root / flow).write_text(json.dumps(document))
    found = {line.node: line for line in workflows.show(ann, flow).items}
    assert [name for name in found if name not in ("gone", "made")] == ["data", "one", "two"]
    assert (found["one"].kind, found["one"].executable) == ("command", tool)
    assert [(found[n].image, found[n].runtime) for n in ("one", "two")] == [
        ("own", ""), ("other", "docker"),
    ]  # fmt: skip
    assert (found["made"].kind, found["made"].runtime) == ("container", "docker")
    assert (found["two"].after, found["data"].kind) == (["one"], "dataset")
    assert "no file" in str(found["gone"].problem)
    for path, error in (("none.nbflow", NotFound), ("../x.nbflow", Invalid), (tool, Invalid)):
        with pytest.raises(error):
            workflows.show(ann, path)


def test_images_of_a_workflow_are_listed(yard, ann, workflows, flow, root):
    """Each image of nodes in containers is listed once."""
    assert workflows.images(ann, flow).items == []
    base = yard.settings.docker_base_image
    (alike,) = workflows.images(ann, flow, runtime="docker").items
    assert alike == NeededImage(base, "", False, False, ("one", "two"))
    (root / "needs.txt").write_text("six==1.16.0\n")
    (root / "n.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook()))
    document = json.loads((root / flow).read_text())
    document["nodes"]["one"] |= {"image": "own", "runtime": "docker"}
    document["nodes"]["two"] |= {"requirements": "needs.txt", "runtime": "docker"}
    document["nodes"]["three"] = {"type": "executable", "path": "n.ipynb", "runtime": "docker"}
    (root / flow).write_text(json.dumps(document))
    assert workflows.images(ann, flow).items == [
        NeededImage("own", "", False, False, ("one",)),
        NeededImage(base, "six==1.16.0\n", False, True, ("two",)),
        NeededImage(base, "", True, True, ("three",)),
    ]
    (root / "Dockerfile").write_text('FROM python\nENTRYPOINT ["python"]\n')
    document["nodes"] |= {
        name: {"type": "executable", "path": "Dockerfile", **more}
        for name, more in {"four": {}, "five": {}, "six": {"image": "own"}}.items()
    }
    (root / flow).write_text(json.dumps(document))
    own, *_, made = workflows.images(ann, flow).items
    assert own == NeededImage("own", "", False, False, ("one", "six"))
    assert (made.dockerfile, made.is_built, made.nodes) == ("Dockerfile", True, ("four", "five"))
    assert "Dockerfile" in {file.path for file in yard.context.blobs.tree(made.bundle).files}
    document["nodes"]["two"]["requirements"] = "gone.txt"
    (root / flow).write_text(json.dumps(document))
    with pytest.raises(Invalid, match=r"two: .* gone\.txt"):
        workflows.images(ann, flow)
    with pytest.raises(Invalid):
        workflows.images(ann, flow, runtime="nowhere")


def test_the_hinted_image_of_a_tool_is_listed(workflows, ann, flow, root):
    """The tool needs it in a container."""
    hint = {"DockerRequirement": {"dockerPull": "hinted"}}
    tool = {"class": "CommandLineTool", "cwlVersion": "v1.2", "baseCommand": "true"}
    (root / "t.cwl").write_text(json.dumps({**tool, "inputs": {}, "outputs": {}, "hints": hint}))
    document = json.loads((root / flow).read_text())
    document |= {"nodes": {"t": {"type": "executable", "path": "t.cwl"}}, "edges": {}}
    (root / flow).write_text(json.dumps(document))
    assert workflows.images(ann, flow).items == []
    found = workflows.images(ann, flow, runtime="docker").items
    assert found == [NeededImage("hinted", "", False, False, ("t",))]


def test_the_image_of_a_node_with_an_environment_has_its_packages(yard, ann, workflows, flow, root):
    made = yard.services.environments.create(ann, NewEnvironment("cows", "cow"))
    with yard.store.write() as c:
        move = yard.store.environments.move
        move(c, "ann", made.current.id, "building", place="x")
        move(c, "ann", made.current.id, "ready", packages=[{"name": "cow", "version": "1"}])
        yard.store.environments.set_kernel_name(c, made.id, "nbyard-cows")
    document = json.loads((root / flow).read_text())
    document["nodes"]["one"] |= {"environment": "cows", "runtime": "docker"}
    (root / flow).write_text(json.dumps(document))
    (needed,) = workflows.images(ann, flow).items
    assert (needed.requirements, needed.is_built, needed.nodes) == ("cow==1\n", True, ("one",))
