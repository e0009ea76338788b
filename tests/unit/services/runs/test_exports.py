"""R15: runs in formats of others."""

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Invalid, NotFound

from ...domain.lineage.openlineage_schema import check_event


def test_a_run_has_openlineage_events(yard, ann, flow, finished):
    detail = finished(path=flow)
    found = yard.services.runs.openlineage(ann, str(detail.run.number), namespace="lab").events
    for event in found:
        check_event(event)
    assert [event["eventType"] for event in found if event["run"]["runId"] == detail.run.id] == [
        *("START", "COMPLETE")
    ]
    jobs = {event["job"]["name"] for event in found}
    assert jobs == {"flow.nbflow", "flow.nbflow.one", "flow.nbflow.two"}
    assert {event["job"]["namespace"] for event in found} == {"lab"}


def test_cached_tasks_ran_in_the_earlier_run(yard, ann, flow, finished):
    finished(path=flow)
    again = finished(path=flow)
    found = yard.services.runs.openlineage(ann, again.run.id).events
    assert {event["job"]["name"] for event in found} == {"flow.nbflow"}


def test_refusals(yard, ann, flow):
    made = yard.services.runs.create(ann, NewRun(path=flow))
    with pytest.raises(NotFound):
        yard.services.runs.openlineage(Caller("eve"), made.id)
    for namespace in (" ", "x" * 300):
        with pytest.raises(Invalid) as refused:
            yard.services.runs.openlineage(ann, made.id, namespace=namespace)
        assert refused.value.details[0].path == "namespace"
