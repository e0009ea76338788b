"""Loops are refused on save, and the message names the places."""

import msgspec
import pytest
from sqlalchemy import update

from nbyard.domain.automations.structs import AutomationPatch
from nbyard.domain.executables.structs import NewExecutable
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Invalid
from nbyard.store.schema.tables import dataset_versions

PAIR = ("train", "load")


def loop_of(refused):
    (detail,) = refused.value.details
    assert detail.path == "on" and "close a loop" in detail.message
    return detail.message.rpartition(": ")[2].split(" → ")


def test_a_workflow_does_not_follow_itself(automations):
    with pytest.raises(Invalid) as refused:
        automations.after("train.py", "train.py")
    assert loop_of(refused) == ["train.py", "train.py"]


def test_a_loop_of_several_automations_is_named(automations):
    automations.after("load.py", "train.py")
    automations.after("train.py", "report.py", is_enabled=False)
    with pytest.raises(Invalid) as refused:
        automations.after("report.py", "load.py")
    assert loop_of(refused) == ["load.py", "train.py", "report.py", "load.py"]
    assert " → ".join(loop_of(refused)) in refused.value.message
    automations.after("load.py", "report.py")


def test_a_change_closes_no_loop(automations, ann):
    first = automations.after("load.py", "train.py")
    automations.after("train.py", "report.py")
    for body in (
        {"on": {"kind": "run", "path": "report.py"}},
        {"on": {"kind": "run", "path": "train.py"}},
    ):
        with pytest.raises(Invalid) as refused:
            patch = msgspec.convert({"revision": 1} | body, AutomationPatch)
            automations.service.update(ann, first.id, patch)
        assert loop_of(refused)[0] == "train.py"
    with pytest.raises(Invalid):
        patch = msgspec.convert({"revision": 1, "run": {"path": "load.py"}}, AutomationPatch)
        automations.service.update(ann, first.id, patch)
    other = {"revision": 1, "on": {"kind": "run", "path": "load.py", "outcome": "failed"}}
    assert automations.service.update(ann, first.id, msgspec.convert(other, AutomationPatch))


def test_a_workflow_that_publishes_a_dataset_does_not_wait_for_it(automations, ann, yard, imported):
    run = yard.services.runs.create(ann, NewRun(path="load.py"))
    with yard.store.write() as c:
        c.execute(update(dataset_versions).values(run_id=run.id))
    on = {"kind": "dataset", "dataset": "a.csv"}
    with pytest.raises(Invalid) as refused:
        automations.create(on, "load.py")
    assert loop_of(refused) == ["load.py", "a.csv", "load.py"]
    automations.create(on, "train.py")
    with pytest.raises(Invalid) as refused:
        automations.after("train.py", "load.py")
    assert loop_of(refused) == ["load.py", "a.csv", "train.py", "load.py"]


def test_an_executable_does_not_follow_itself(automations, ann, yard):
    make = yard.services.executables.create
    names = [make(ann, NewExecutable(path=f"{one}.py", name=f"x{one}")).name for one in PAIR]

    def follow(source, target):
        on = {"kind": "run", "path": source}
        return automations.create(on, "", run={"executable": target}, name=f"{source} {target}")

    assert follow(*names).on.path == names[0]
    for source, target in (names[::-1], (names[0], names[0])):
        with pytest.raises(Invalid, match=names[0]):
            follow(source, target)
    assert automations.service.disable(ann, " ".join(names)).sentence
    assert automations.service.enable(ann, " ".join(names)).is_enabled
