"""Runs of workflows with muted and bypassed nodes."""

import json

import pytest

from nbyard.domain.runs.structs import NewRun
from nbyard.domain.workflows.structs import CheckWorkflow
from nbyard.errors import Invalid


@pytest.fixture
def set_modes(root, flow):
    """Return a function that writes the modes of nodes into the document."""

    def write(**modes):
        document = json.loads((root / flow).read_text())
        for name, mode in modes.items():
            document["nodes"][name]["mode"] = mode
        text = json.dumps(document)
        (root / flow).write_text(text)
        return text

    return write


def _edges(detail):
    return [f"{e.source}.{e.output}>{e.target}.{e.input}" for e in detail.edges]


def test_a_muted_node_and_its_descendants_have_no_tasks(yard, ann, root, flow, finished, set_modes):
    set_modes(two="muted")
    detail = finished(path=flow)
    assert [task.node for task in detail.tasks] == ["one"]
    assert detail.modes == {"two": "muted"}
    set_modes(one="muted", two="bypassed")
    for body in (NewRun(path=flow), NewRun(path=flow, scope="to", nodes=["two"])):
        with pytest.raises(Invalid):
            yard.services.runs.create(ann, body)


def test_a_file_of_a_muted_node_may_be_missing(yard, ann, root, flow, finished, set_modes, tool):
    document = json.loads((root / flow).read_text())
    document["nodes"]["two"] |= {"path": "gone.py", "mode": "muted"}
    (root / flow).write_text(json.dumps(document))
    check = yard.services.workflows.check(ann, CheckWorkflow(flow, json.dumps(document)))
    assert check.problems == [] and check.nodes["two"].problem
    assert [task.state for task in finished(path=flow).tasks] == ["succeeded"]


def test_descendants_of_a_muted_node_are_marked_idle(yard, ann, flow, set_modes):
    views = yard.services.workflows.check(ann, CheckWorkflow(flow, set_modes(one="muted"))).nodes
    assert [views[name].is_idle for name in ("data", "one", "two")] == [False, False, True]


def test_data_passes_through_a_bypassed_node(yard, root, flow, finished, set_modes):
    set_modes(one="bypassed")
    detail = finished(path=flow)
    assert [task.node for task in detail.tasks] == ["two"]
    assert _edges(detail) == ["data.data>two.source"]
    assert detail.modes == {"one": "bypassed"}
    (artifact,) = [a for a in detail.tasks[0].artifacts if a.name == "result"]
    assert yard.context.blobs.path(artifact.digest).read_text() == "a\n1\n"


def test_check_names_inputs_that_a_bypassed_node_leaves_unset(yard, ann, root, flow, set_modes):
    document = json.loads(set_modes(one="bypassed"))
    del document["edges"]["a"]
    text = json.dumps(document)
    (root / flow).write_text(text)
    (problem,) = yard.services.workflows.check(ann, CheckWorkflow(flow, text)).problems
    assert (problem.node, problem.field) == ("two", "source")
    assert "bypassed node one" in str(problem.reason)
    with pytest.raises(Invalid, match="the bypassed node one"):
        yard.services.runs.create(ann, NewRun(path=flow))


def test_only_active_nodes_need_images(yard, ann, flow, set_modes):
    images = yard.services.workflows.images
    assert [one.nodes for one in images(ann, flow, "docker").items] == [("one", "two")]
    set_modes(one="bypassed")
    assert [one.nodes for one in images(ann, flow, "docker").items] == [("two",)]
    set_modes(one="muted")
    assert images(ann, flow, "docker").items == []
