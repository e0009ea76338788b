"""The name of a run is free, or reassigned from an ended run."""

import pytest

from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Conflict, Invalid, NameTaken


def test_name_of_an_ended_run_can_be_reassigned(yard, ann, tool, root, finished):
    """On request. The earlier run stays, under its number."""
    (root / "data.csv").write_text("a\n")
    values = {"source": "data.csv"}
    older = finished(path=tool, name="one", parameters=values).run
    runs = yard.services.runs
    with pytest.raises(NameTaken):
        runs.create(ann, NewRun(path=tool, name="one", parameters=values))
    with pytest.raises(Invalid):
        runs.create(ann, NewRun(path=tool, parameters=values, replace=True))
    with pytest.raises(Invalid):
        runs.create(ann, NewRun(path=tool, name="one", replace=True, parameters={"none": 1}))
    assert runs.get(ann, "one").run.id == older.id
    newer = runs.create(ann, NewRun(path=tool, name="one", parameters=values, replace=True))
    assert runs.get(ann, "one").run.id == newer.id
    assert runs.get(ann, older.id).run.name == ""


def test_name_of_a_run_cannot_equal_an_output(yard, ann, tool, flow, root, finished):
    """`b.result` names one thing, whichever was first."""
    (root / "data.csv").write_text("a\n")
    runs, values = yard.services.runs, {"source": "data.csv"}
    runs.create(ann, NewRun(path=tool, name="b", parameters=values))
    with pytest.raises(NameTaken, match=r"'b\.result' .* artifact 'b'"):
        runs.create(ann, NewRun(path=tool, name="b.result", parameters=values))
    runs.create(ann, NewRun(path=tool, name="b.other", parameters=values))
    runs.create(ann, NewRun(path=tool, name="c.result", parameters=values))
    with pytest.raises(NameTaken, match=r"artifact c\.result already exists") as refused:
        runs.create(ann, NewRun(path=tool, name="c", parameters=values))
    assert refused.value.details[0].path == "name" and "'c 2' is free" in refused.value.hint
    assert runs.create(ann, NewRun(path=flow, name="c")).name == "c", "that is no artifact"


def test_a_live_run_keeps_its_name(yard, ann, tool, root):
    (root / "data.csv").write_text("a\n")
    body = NewRun(path=tool, name="one", parameters={"source": "data.csv"}, replace=True)
    runs = yard.services.runs
    made = runs.create(ann, body)
    with pytest.raises(Conflict, match="when it has finished"):
        runs.create(ann, body)
    assert runs.get(ann, "one").run.id == made.id
