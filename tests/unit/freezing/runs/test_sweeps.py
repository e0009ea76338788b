"""Sweeps of a request: parameters to try, in single files and in nodes of workflows."""

import json

import pytest

from nbyard.domain.maps.structs import ALL
from nbyard.domain.runs.previews.estimates import ForecastRequest
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Invalid

IN = {"source": "d.csv"}


@pytest.fixture
def data(root):
    (root / "d.csv").write_text("a\n")


def rows(yard, detail, node):
    digest = next(
        a.digest
        for task in detail.tasks
        if task.node == node
        for a in task.artifacts
        if a.name == ALL
    )
    with yard.context.blobs.open(digest) as handle:
        return [json.loads(line) for line in handle.read().splitlines()]


def test_a_file_is_swept(yard, tool, data, finished):
    detail = finished(path=tool, parameters=IN, sweep={"times": "1..3"})
    assert detail.run.state == "succeeded"
    table = rows(yard, detail, "main")
    assert [row["parameters"] for row in table] == [{"times": n} for n in (1, 2, 3)]
    assert len(detail.tasks) == 4
    assert [task.element.label for task in detail.tasks[1:]] == ["times=1", "times=2", "times=3"]


def test_a_node_of_a_workflow_is_swept_and_its_consumer_follows(yard, root, flow, finished):
    detail = finished(path=flow, sweep={"one.times": "1,2"})
    assert detail.run.state == "succeeded"
    assert [row["label"] for row in rows(yard, detail, "two")] == ["times=1", "times=2"]
    assert {task.node.partition(".")[0] for task in detail.tasks} == {"one", "two"}
    assert len(detail.tasks) == 2 + 2 * 2
    assert json.loads((root / flow).read_text())["nodes"]["one"].get("map") is None


def test_a_sweep_keeps_the_policy_of_the_node(yard, root, flow, finished):
    document = json.loads((root / flow).read_text())
    document["nodes"]["one"]["map"] = {
        "each": {"kind": "grid", "values": {"times": [5]}},
        "on_failure": "1",
    }
    (root / flow).write_text(json.dumps(document))
    assert len(rows(yard, finished(path=flow), "one")) == 1
    detail = finished(path=flow, sweep={"one.times": "1..2"})
    assert len(rows(yard, detail, "one")) == 2
    with yard.store.read() as c:
        task = yard.store.tasks.of_node(c, detail.run.id, "one")
    assert task.plan.map.on_failure == "1"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"sweep": {"none": "1"}}, "sweep.none"),
        ({"sweep": {"source": "a,b"}}, "sweep.source"),
        ({"sweep": {"times": "x"}}, "sweep.times"),
        ({"sweep": {"times": "1"}, "texts": {"times": "2"}}, "sweep.times"),
    ],
)
def test_wrong_sweeps_name_their_field(yard, ann, tool, data, body, field):
    with pytest.raises(Invalid) as refused:
        yard.services.runs.create(ann, NewRun(path=tool, parameters=IN, **body))
    assert [detail.path for detail in refused.value.details] == [field]


def test_a_node_must_be_named(yard, ann, flow):
    for name in ("times", "three.times"):
        with pytest.raises(Invalid):
            yard.services.runs.create(ann, NewRun(path=flow, sweep={name: "1"}))
        with pytest.raises(Invalid):
            yard.services.runs.check(ann, NewRun(path=flow, sweep={name: "1"}))


def test_a_forecast_counts_elements(yard, ann, tool, flow, data, finished):
    def forecast(**body):
        found = yard.services.runs.forecast(ann, ForecastRequest(**body))
        return [(node.node, node.state, node.reason.params) for node in found.nodes]

    body = {"path": tool, "parameters": IN}
    finished(**body, sweep={"times": "1..2"})
    assert forecast(**body, sweep={"times": "2,5,1"}) == [
        ("main", "stale", {"cached": 2, "total": 3})
    ]
    assert forecast(**body, sweep={"times": "1..2"})[0][1] == "cached"
    finished(path=flow, sweep={"one.times": "1..2"})
    found = forecast(path=flow, sweep={"one.times": "2..4"})
    assert found == [
        ("one", "stale", {"cached": 1, "total": 3}),
        ("two", "stale", {"cached": 1, "total": 3}),
    ]
