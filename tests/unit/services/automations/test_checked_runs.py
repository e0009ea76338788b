"""Runs of triggers, checked when a trigger is saved."""

import json

import pytest

from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Invalid
from nbyard.services.automations.run_requests import checked_template, freeze_checked


def test_an_input_may_come_from_the_event(yard, automations):
    run, references = NewRun(path=str(automations.root / "tool.py")), {"source": "path"}
    assert freeze_checked(yard.parts, "ann", run, references, "follows") is None
    for values, mode in (({}, "follows"), (references, "pinned"), ({"times": "count"}, "follows")):
        with pytest.raises(Invalid) as refused:
            freeze_checked(yard.parts, "ann", run, values, mode)
        assert refused.value.details[0].path == "run.parameters.source"


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
    with yard.parts.blobs.without_collection():
        frozen = freeze_checked(yard.parts, "ann", run, {}, "follows")
        assert frozen is not None
        with yard.store.write() as c:
            with pytest.raises(Invalid) as refused:
                checked_template(c, frozen, "webhook", {}, "follows")
            assert refused.value.details[0].path == "run.parameters.number"
            assert checked_template(c, frozen, "notebook", {}, "follows")
            assert checked_template(c, frozen, "webhook", {"number": "body.n"}, "follows")
