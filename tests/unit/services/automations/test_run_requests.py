"""The runs of automations, checked when an automation is saved."""

import json

import pytest
from tests.support.refusals import refused_at

from nbyard.domain.automations.structs import AutomaticRun
from nbyard.domain.runs.structs import NewRun
from nbyard.services.automations.run_requests import (
    checked_template,
    freeze_checked,
    stored_request,
)


def test_the_path_is_stored_whole(yard, root):
    run, path = stored_request(yard.context, AutomaticRun(path="report.py"))
    assert run.path == path == str(root / "report.py")
    assert stored_request(yard.context, AutomaticRun(executable="e")) == (
        AutomaticRun(executable="e"),
        "",
    )


@pytest.mark.parametrize("more", [{"name": "mine"}, {"replace": True}])
def test_runs_of_automations_have_no_name(yard, more):
    with refused_at("run.name"):
        stored_request(yard.context, AutomaticRun(path="report.py", **more))


def test_a_path_outside_the_root_is_refused_at_its_field(yard):
    with refused_at("run.path"):
        stored_request(yard.context, AutomaticRun(path="../../etc/passwd"))


def test_refused_fields_are_below_the_run(yard):
    with refused_at("run.priority"):
        freeze_checked(
            yard.context, "ann", AutomaticRun(path="report.py", priority=500), {}, "follows"
        )


def test_an_input_may_come_from_the_event(yard, automations):
    run, references = NewRun(path=str(automations.root / "tool.py")), {"source": "path"}
    assert freeze_checked(yard.context, "ann", run, references, "follows") is None
    for values, mode in (({}, "follows"), (references, "pinned"), ({"times": "count"}, "follows")):
        with refused_at("run.parameters.source"):
            freeze_checked(yard.context, "ann", run, values, mode)


def test_a_needed_value_comes_from_the_run_or_the_event(yard, automations):
    document = {
        "version": 1,
        "meta": {"parameters": {"number": {"type": "int"}}},
        "nodes": {
            "a": {
                "type": "executable",
                "path": "tool.py",
                "arguments": {"times": {"parameter": "number"}},
            },
            "x": {"type": "dataset", "path": "train.py"},
        },
        "edges": {"e": {"source": "x", "output": "data", "target": "a", "input": "source"}},
    }
    (automations.root / "flow.nbflow").write_text(json.dumps(document))
    run = NewRun(path=str(automations.root / "flow.nbflow"))
    with yard.context.blobs.without_collection():
        frozen = freeze_checked(yard.context, "ann", run, {}, "follows")
        assert frozen is not None
        with yard.store.write() as c:
            with refused_at("run.parameters.number"):
                checked_template(c, frozen, "webhook", {}, "follows")
            assert checked_template(c, frozen, "notebook", {}, "follows")
            assert checked_template(c, frozen, "webhook", {"number": "body.n"}, "follows")
