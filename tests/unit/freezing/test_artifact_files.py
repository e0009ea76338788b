"""Stored files are found by the name of their artifact."""

import pytest

from nbyard.domain.runs.structs import NewRun
from nbyard.errors import NotFound
from nbyard.freezing.artifact_files import file_named


def test_an_artifact_that_has_no_file_yet_says_so(yard, ann, tool, root):
    (root / "data.csv").write_text("a\n")
    body = NewRun(path=tool, name="one", parameters={"source": "data.csv"})
    made = yard.services.runs.create(ann, body)
    for key in ("one", "one.result"):
        with yard.store.read() as c, pytest.raises(NotFound) as refused:
            file_named(yard.store, c, "ann", key)
        assert "has no file: its" in refused.value.message
        assert f"run {made.number} is" in refused.value.message


def test_only_artifacts_are_suggested_for_an_artifact(yard, ann, flow):
    """A run of a workflow is none, whatever it is called."""
    yard.services.runs.create(ann, NewRun(path=flow, name="iris"))
    with pytest.raises(NotFound) as refused:
        yard.services.artifacts.get(ann, "iris")
    assert "iris" not in refused.value.hint
    with pytest.raises(NotFound) as refused:
        yard.services.runs.get(ann, "irsi")
    assert refused.value.hint == "Did you mean 'iris'?"
