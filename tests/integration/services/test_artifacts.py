"""Artifacts as a service."""

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.runs.named_artifacts import SuggestedName
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Invalid, NameTaken, NotFound


def test_artifact_has_details_and_content(yard, ann, flow, finished):
    detail = finished(path=flow)
    (made,) = [a for a in detail.tasks[0].artifacts if a.name == "result"]
    artifacts = yard.services.artifacts
    assert [c.name for c in artifacts.preview(ann, made.id).columns] == ["a"]
    assert artifacts.content(ann, made.id).filename == made.filename
    with pytest.raises(Invalid):
        artifacts.preview(ann, made.id, offset=2**63)
    with pytest.raises(Invalid):
        artifacts.preview(ann, made.id, limit=0)
    for caller, key in ((ann, "none"), (Caller("bob"), made.id)):
        with pytest.raises(NotFound):
            artifacts.get(caller, key)


def test_a_named_run_of_one_executable_is_an_artifact(yard, ann, flow, tool, root, finished):
    (root / "data.csv").write_text("a\n1\n")
    values = {"source": "data.csv", "times": 2}
    made = finished(path=tool, name="Twice", parameters=values)
    finished(path=tool, parameters=values)
    finished(path=flow, name="a workflow")
    artifacts = yard.services.artifacts
    (listed,) = artifacts.list(ann).items
    assert (listed.name, listed.run_id, listed.state) == ("Twice", made.run.id, "succeeded")
    assert listed.parameters == values
    assert [file.name for file in listed.files] == ["result"]
    assert artifacts.list(ann, search="none").items == []
    assert artifacts.list(Caller("bob")).items == []
    for key in ("Twice", "Twice.result", listed.files[0].id):
        assert artifacts.get(ann, key) == listed.files[0]
    for key in ("Twice.none", "Twice.", "a workflow"):
        with pytest.raises(NotFound):
            artifacts.get(ann, key)
    with pytest.raises(NotFound):
        artifacts.get(Caller("bob"), "Twice")


def test_free_name_is_suggested(yard, ann, tool, root):
    """While the user types; the name of a workflow's run is taken, too."""
    (root / "data.csv").write_text("a\n")
    artifacts = yard.services.artifacts
    assert artifacts.suggest(ann, "one") == SuggestedName("one")
    for name in ("one", "one 2"):
        body = NewRun(path=tool, name=name, parameters={"source": "data.csv"})
        yard.services.runs.create(ann, body)
    taken = SuggestedName("one 3", "The artifact 'one' already exists.")
    assert artifacts.suggest(ann, "one") == taken
    assert artifacts.suggest(ann, "one 2").name == "one 3"
    assert artifacts.suggest(Caller("bob"), "one") == SuggestedName("one")
    with pytest.raises(Invalid):
        artifacts.suggest(ann, "12")


def test_refusal_of_a_taken_name_says_what_has_it(yard, ann, tool, flow, root):
    """An artifact or the run of a workflow."""
    (root / "data.csv").write_text("a\n")
    runs, values = yard.services.runs, {"source": "data.csv"}
    runs.create(ann, NewRun(path=tool, name="one", parameters=values))
    runs.create(ann, NewRun(path=flow, name="two"))
    for name, said in (("one\ufe0f", "artifact 'one'"), ("two\ufe0f", "run 'two'")):
        with pytest.raises(NameTaken, match=f"The {said} already exists"):
            runs.create(ann, NewRun(path=tool, name=name, parameters=values))
        assert said in yard.services.artifacts.suggest(ann, name).taken
