"""The services return the lineage of runs."""

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.lineage.structs import Lineage
from nbyard.domain.models.structs import NewModel
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Forbidden, Invalid, NotFound


def names(found: Lineage) -> list[str]:
    return sorted(f"{node.kind} {node.name}" for node in found.nodes)


@pytest.fixture
def lineage(yard):
    return yard.services.lineage


def test_lineage_links_datasets_results_and_runs(yard, ann, tool, imported, finished, lineage):
    first = finished(path=tool, name="first", parameters={"source": imported.name})
    second = finished(path=tool, name="second", parameters={"source": "first.result", "times": 2})
    chain = [
        *("artifact first.result", "artifact second.result", "code tool"),
        *(f"dataset {imported.name}", "environment python", "task tool.py", "task tool.py"),
    ]
    assert names(lineage.get(ann, "artifact", "second")) == chain
    forward = names(lineage.get(ann, "dataset", imported.name))
    assert forward == [name for name in chain if name not in ("code tool", "environment python")], (
        "only what was made with it"
    )
    assert names(lineage.get(ann, "artifact", "first.result")) == chain
    whole = lineage.get(ann, "run", "first")
    assert names(whole) == chain
    (start,) = [node for node in whole.nodes if node.is_start]
    assert start.run is not None and start.run.id == first.run.id
    node = second.tasks[0].node
    assert names(lineage.get(ann, "run", str(second.run.number), node=node)) == chain
    made = lineage.get(ann, "run", "second", node=node, output="result")
    assert [one.name for one in made.nodes if one.is_start] == ["second.result"]
    small = lineage.get(ann, "artifact", "second", limit=2)
    assert len(small.nodes) == 2 and small.left_out > 0


def test_lineage_of_a_pinned_node_shows_its_pinned_results(
    yard, ann, flow, root, finished, lineage
):
    before = finished(path=flow)
    after = finished(path=flow, pins={"two": str(before.run.number)})
    (made,) = [
        a for t in after.tasks for a in t.artifacts if t.node == "two" and a.name == "result"
    ]
    found = lineage.get(ann, "artifact", made.id)
    runs = {node.run.number for node in found.nodes if node.run and node.workflow_node == "one"}
    assert runs == {before.run.number}
    assert "file data.csv" in names(found)


def test_lineage_links_run_model_and_deployed_image(ann, models, trained, lineage):
    detail = trained(name="try")
    made = models.build(ann, NewModel(run=str(detail.run.number), output="model"))
    chain = [
        *("artifact try.model", "code train", "environment python", "file flowers.csv"),
        *(f"image {made.reference}", "model train model", "task train.py"),
    ]
    assert names(lineage.get(ann, "model", made.id)) == chain
    assert names(lineage.get(ann, "image", made.image)) == chain
    assert names(lineage.get(ann, "artifact", "try")) == chain


def test_lineage_of_a_dataset_version_is_chosen_by_number(yard, ann, imported, lineage):
    found = lineage.get(ann, "dataset", imported.id, version=1)
    assert [node.version for node in found.nodes] == [1]
    assert found == lineage.get(ann, "dataset", imported.name)
    with pytest.raises(NotFound):
        lineage.get(ann, "dataset", imported.id, version=2)


@pytest.mark.parametrize("kind", ["artifact", "dataset", "model", "image", "deployment", "run"])
def test_objects_of_other_users_are_not_found(yard, imported, flow, finished, lineage, kind):
    detail = finished(path=flow)
    keys = {"dataset": imported.id, "artifact": detail.tasks[0].artifacts[0].id, "run": "1"}
    with pytest.raises(NotFound):
        lineage.get(Caller("eve"), kind, keys.get(kind, "x"))


def test_scopes_hide_what_the_token_may_not_read(ann, tool, imported, finished, lineage):
    detail = finished(path=tool, name="first", parameters={"source": imported.name})
    token = Caller("ann", scopes=("runs:read",))
    found = lineage.get(token, "artifact", "first")
    assert names(found) == [
        *("artifact first.result", "code ", "dataset ", "environment ", "task tool.py"),
    ]
    assert imported.name not in str(found) and imported.current.id not in str(found)
    with pytest.raises(Forbidden):
        lineage.get(token, "dataset", imported.name)
    assert detail.run.state == "succeeded"


def test_invalid_lineage_requests_are_refused_at_their_field(ann, flow, finished, lineage, yard):
    made = yard.services.runs.create(ann, NewRun(path=flow))
    for values, path in (
        ({"kind": "task", "key": "x"}, "kind"),
        ({"kind": "run", "key": made.id, "output": "x"}, "node"),
        ({"kind": "run", "key": made.id, "limit": 0}, "limit"),
        ({"kind": "dataset", "key": "x", "version": -1}, "version"),
    ):
        with pytest.raises(Invalid) as refused:
            lineage.get(ann, **values)
        assert refused.value.details[0].path == path
    for values in ({"node": "none"}, {"node": "two", "output": "none"}, {}):
        with pytest.raises(NotFound):
            lineage.get(ann, "run", made.id if values else "99", **values)
