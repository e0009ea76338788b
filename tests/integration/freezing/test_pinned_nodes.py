"""A node that is pinned to the result of a run."""

import json

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.workflows.structs import CheckWorkflow
from nbyard.errors import Invalid
from nbyard.reasons.structs import because


@pytest.fixture
def repin(root, flow):
    """Set or remove a pin of node `one` in the document."""

    def write(made=None, **more):
        document = json.loads((root / flow).read_text())
        document["nodes"]["one"].pop("pin", None)
        if made is not None:
            document["nodes"]["one"]["pin"] = {"run": made.id, "number": made.number, **more}
        text = json.dumps(document)
        (root / flow).write_text(text)
        return text

    return write


def digests(detail):
    return {(t.node, a.name): a.digest for t in detail.tasks for a in t.artifacts}


def test_later_runs_use_the_pinned_bytes_until_the_node_is_unpinned(
    root, flow, finished, repin, tool
):
    """Changed code, values and data and `force` do not matter. Later nodes use the pinned bytes."""
    first = finished(path=flow)
    repin(first.run)
    (root / "data.csv").write_text("other\n")
    (root / tool).write_text((root / tool).read_text().replace("'w'", "'wt'"))
    pinned = finished(path=flow, parameters={"n": 5}, force=True)
    one, two = pinned.tasks
    assert (one.state, one.cached, one.pinned) == ("succeeded", True, 1)
    assert one.reason == because("pinned", run=1)
    assert one.needs == [] and one.arguments == {"times": 2}
    assert one.executable_version_id == first.tasks[0].executable_version_id
    assert (two.cached, two.pinned) == (False, None)
    assert digests(pinned) == digests(first)
    repin()
    unpinned = finished(path=flow)
    assert unpinned.tasks[0].pinned is None
    assert "code changed" in unpinned.tasks[0].why
    assert digests(unpinned) != digests(first)


def test_pinned_task_has_the_record_of_its_run(yard, ann, root, flow, finished, repin):
    """A later run with an equal result does not replace the record, also behind another pin."""
    first = finished(path=flow)
    finished(path=flow, force=True)
    repin(first.run)
    second = finished(path=flow)
    repin(second.run)
    third = finished(path=flow)
    usage = yard.services.runs.usage
    assert usage(ann, third.run.id, "one") == usage(ann, first.run.id, "one")
    assert third.tasks[0].reason == because("pinned", run=second.run.number)


def test_nodes_before_a_pinned_node_are_not_needed(root, flow, finished, repin, tool):
    first = finished(path=flow)
    repin(first.run)
    (root / "data.csv").unlink()
    detail = finished(path=flow, scope="to", nodes=["two"])
    assert [task.node for task in detail.tasks] == ["one", "two"]
    assert detail.run.state == "succeeded"


def test_pin_can_apply_to_one_run_only(yard, ann, flow, finished, repin):
    """The command line accepts NODE=RUN, and NODE= to remove a pin."""
    first = finished(path=flow, name="golden")
    for key in (first.run.id, "golden", "1"):
        assert finished(path=flow, pins={"one": key}).tasks[0].pinned == 1
    repin(first.run)
    assert finished(path=flow, pins={"one": ""}).tasks[0].pinned is None
    for pins in ({"none": "1"}, {"data": "1"}, {"one": "99"}):
        with pytest.raises(Invalid) as caught:
            yard.services.runs.create(ann, NewRun(path=flow, pins=pins))
        assert caught.value.details[0].path == f"pins.{next(iter(pins))}"


def refused(yard, ann, flow, root):
    """Return the refusal, which is the same for drawing and submitting."""
    with pytest.raises(Invalid) as caught:
        yard.services.runs.create(ann, NewRun(path=flow))
    (detail,) = caught.value.details
    assert detail.path == "one"
    text = (root / flow).read_text()
    found = yard.services.workflows.check(ann, CheckWorkflow(flow, text))
    assert [(p.node, str(p.reason)) for p in found.problems] == [("one", detail.message)]
    assert found.nodes["one"].problem == detail.reason
    assert [a.name for a in found.nodes["one"].arguments] == ["source", "result", "times"]
    return detail.message


def test_missing_pinned_result_is_refused_with_a_way_out(yard, ann, root, flow, finished, repin):
    first = finished(path=flow)
    repin(first.run)
    (artifact,) = first.tasks[0].artifacts
    yard.context.blobs.delete(artifact.digest)
    assert refused(yard, ann, flow, root) == (
        "The node is pinned to run 1, but the data of result was deleted:"
        " unpin it, or pin it to another run."
    )
    yard.services.runs.delete(ann, "1")
    assert refused(yard, ann, flow, root) == (
        "The node is pinned to run 1, which does not exist: unpin it, or pin it to another run."
    )


def test_only_a_successful_task_of_the_node_can_be_pinned(
    yard, ann, root, flow, finished, repin, tool
):
    (root / "bad.sh").write_text("exit 1\n")
    other = finished(path="bad.sh").run
    repin(other)
    assert "does not contain it" in refused(yard, ann, flow, root)
    runs = yard.services.runs
    assert runs.list(ann, node="one").items == []
    sound = (root / tool).read_text()
    (root / tool).write_text("raise SystemExit(3)")
    repin(finished(path=flow, pins={"one": ""}).run)
    (root / tool).write_text(sound)
    assert "state there is failed" in refused(yard, ann, flow, root)
    repin(other, run=yard.services.runs.create(Caller("bob"), NewRun(path="bad.sh")).id)
    assert "which does not exist" in refused(yard, ann, flow, root)


def test_pinned_node_is_drawn_with_the_code_of_its_run(
    yard, ann, root, flow, finished, repin, tool
):
    """The file may be deleted. Connections from outputs that the result lacks are refused."""
    text = repin(finished(path=flow).run)
    (root / tool).rename(root / "elsewhere.py")
    document = json.loads(text)
    del document["nodes"]["two"], document["edges"]["b"]
    drawn = CheckWorkflow(flow, json.dumps(document))
    found = yard.services.workflows.check(ann, drawn)
    assert found.problems == []
    assert [a.name for a in found.nodes["one"].arguments] == ["source", "result", "times"]
