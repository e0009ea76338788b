"""Runs and their plans."""

from typing import Any

import msgspec
import pytest

from nbyard.domain.runs.structs import (
    MODEL_TYPE,
    ArtifactType,
    BytesOf,
    NewRun,
    ResultOf,
    TaskPlan,
    ValueOf,
    may_be_model,
)


def test_bindings_keep_their_kind_in_json():
    bindings: dict[str, Any] = {
        "a": ValueOf(None),
        "b": BytesOf("sha256:1", "x.csv"),
        "c": ResultOf("clean", "tidy"),
    }
    plan = TaskPlan("train", "Train", "e", "v", [], bindings, "process")
    assert plan.needs() == {"clean"}
    assert msgspec.json.decode(msgspec.json.encode(plan), type=TaskPlan) == plan


def test_a_wish_with_an_unknown_field_is_refused():
    with pytest.raises(msgspec.ValidationError, match="paramters"):
        msgspec.convert({"path": "a.nbflow", "paramters": {}}, NewRun)
    with pytest.raises(msgspec.ValidationError, match="scope"):
        msgspec.convert({"path": "a.nbflow", "scope": "half"}, NewRun)


@pytest.mark.parametrize(
    ("more", "is_warned"),
    [
        ({"runtime": "dask", "requirements_digest": "sha256:1"}, True),
        ({"runtime": "dask"}, False),
        ({"runtime": "docker", "requirements_digest": "sha256:1"}, False),
        ({"runtime": "dask", "requirements_digest": "sha256:1", "pinned": 3}, False),
    ],
)
def test_requirements_that_do_not_count_are_told(more: dict[str, Any], is_warned: bool):
    """R12: workers have what is installed there."""
    plan = TaskPlan("train", "Train", "e", "v", [], {}, **more)
    assert ("not installed on the Dask workers" in plan.warning) == is_warned


@pytest.mark.parametrize(
    ("file_format", "told", "expected"),
    [
        ("joblib", None, True),
        ("pickle", ArtifactType(frame="x"), True),
        ("folder", ArtifactType(media_type=MODEL_TYPE), True),
        ("folder", ArtifactType(media_type="inode/directory"), False),
        ("folder", None, False),
        ("csv", None, False),
        ("", None, False),
    ],
)
def test_what_may_be_a_model(file_format: str, told: ArtifactType | None, expected: bool):
    """M6."""
    assert may_be_model(file_format, told) == expected
