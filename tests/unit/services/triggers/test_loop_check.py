"""Loops are refused on save, and the message names the places."""

import msgspec
import pytest
from sqlalchemy import update

from nbyard.domain.executables.structs import NewExecutable
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.triggers.structs import TriggerPatch
from nbyard.errors import Invalid
from nbyard.store.schema.tables import dataset_versions

PAIR = ("train", "load")


def loop_of(refused):
    (detail,) = refused.value.details
    assert detail.path == "on" and "close a loop" in detail.message
    return detail.message.rpartition(": ")[2].split(" → ")


def test_a_workflow_does_not_follow_itself(triggers):
    with pytest.raises(Invalid) as refused:
        triggers.after("train.py", "train.py")
    assert loop_of(refused) == ["train.py", "train.py"]


def test_a_loop_of_several_triggers_is_named(triggers):
    triggers.after("load.py", "train.py")
    triggers.after("train.py", "report.py", is_enabled=False)
    with pytest.raises(Invalid) as refused:
        triggers.after("report.py", "load.py")
    assert loop_of(refused) == ["load.py", "train.py", "report.py", "load.py"]
    assert "load.py → train.py → report.py → load.py" in refused.value.message
    triggers.after("load.py", "report.py")


def test_a_change_closes_no_loop(triggers, ann):
    first = triggers.after("load.py", "train.py")
    triggers.after("train.py", "report.py")
    for body in (
        {"on": {"kind": "workflow", "path": "report.py"}},
        {"on": {"kind": "workflow", "path": "train.py"}},
    ):
        with pytest.raises(Invalid) as refused:
            patch = msgspec.convert({"revision": 1} | body, TriggerPatch)
            triggers.service.update(ann, first.id, patch)
        assert loop_of(refused)[0] == "train.py"
    with pytest.raises(Invalid):
        patch = msgspec.convert({"revision": 1, "run": {"path": "load.py"}}, TriggerPatch)
        triggers.service.update(ann, first.id, patch)
    other = {"revision": 1, "on": {"kind": "workflow", "path": "load.py", "outcome": "failed"}}
    assert triggers.service.update(ann, first.id, msgspec.convert(other, TriggerPatch))


def test_a_workflow_that_publishes_a_dataset_does_not_wait_for_it(triggers, ann, yard, imported):
    run = yard.services.runs.create(ann, NewRun(path="load.py"))
    with yard.store.write() as c:
        c.execute(update(dataset_versions).values(run_id=run.id))
    on = {"kind": "dataset", "dataset": "a.csv"}
    with pytest.raises(Invalid) as refused:
        triggers.create(on, "load.py")
    assert loop_of(refused) == ["load.py", "a.csv", "load.py"]
    triggers.create(on, "train.py")
    with pytest.raises(Invalid) as refused:
        triggers.after("train.py", "load.py")
    assert loop_of(refused) == ["load.py", "a.csv", "train.py", "load.py"]


def test_an_executable_does_not_follow_itself(triggers, ann, yard):
    make = yard.services.executables.create
    names = [make(ann, NewExecutable(path=f"{one}.py", name=f"x{one}")).name for one in PAIR]

    def follow(source, target):
        on = {"kind": "workflow", "path": source}
        return triggers.create(on, "", run={"executable": target}, name=f"{source} {target}")

    assert follow(*names).on.path == names[0]
    for source, target in (names[::-1], (names[0], names[0])):
        with pytest.raises(Invalid, match=names[0]):
            follow(source, target)
    assert triggers.service.disable(ann, " ".join(names)).sentence
    assert triggers.service.enable(ann, " ".join(names)).is_enabled
