"""Runs and their plans."""

from typing import Any

import msgspec
import pytest

from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.runs.structs import (
    MODEL_TYPE,
    ArtifactType,
    BytesOf,
    NewRun,
    ResultOf,
    TaskPlan,
    ValueOf,
    class_of,
)
from nbyard.reasons.structs import because


def test_bindings_keep_their_kind_in_json():
    bindings: dict[str, Any] = {
        "a": ValueOf(None),
        "b": BytesOf("sha256:1", "x.csv"),
        "c": ResultOf("clean", "tidy"),
    }
    plan = TaskPlan("train", "Train", "e", "v", [], bindings, "process")
    assert plan.needs() == {"clean"}
    assert msgspec.json.decode(msgspec.json.encode(plan), type=TaskPlan) == plan


def test_a_request_with_an_unknown_field_is_refused():
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
def test_ignored_requirements_are_a_warning(more: dict[str, Any], is_warned: bool):
    """Workers have only the packages that are installed there."""
    plan = TaskPlan("train", "Train", "e", "v", [], {}, **more)
    assert plan.warning == (because("requirements-not-on-dask") if is_warned else None)


def test_all_settings_without_effect_are_one_warning():
    used = UsedEnvironment("e", "cows", "v", 1, "sha256:1")
    more: dict[str, Any] = {"environment": used, "requirements_digest": "sha256:1"}
    plan = TaskPlan("train", "Train", "e", "v", [], {}, "dask", ports={"web": 0}, **more)
    warnings = [because("environment-not-on-dask", name="cows"), because("no-links-on-dask")]
    assert plan.warning == because("all", reasons=warnings)


@pytest.mark.parametrize(
    ("filename", "file_format", "own", "expected"),
    [
        ("m.joblib", "joblib", None, "model"),
        ("m.pkl", "pickle", ArtifactType(frame="x"), "model"),
        ("m.pkl", "pickle", ArtifactType(output_class="data"), "data"),
        ("m", "folder", ArtifactType(media_type=MODEL_TYPE), "model"),
        ("m", "folder", ArtifactType(media_type="inode/directory"), "data"),
        ("model", "folder", None, "data"),
        ("m.onnx", "onnx", None, "model"),
        ("model.json", "json", None, "model"),
        ("rows.json", "json", None, "data"),
        ("rows.json", "json", ArtifactType(output_class="model"), "model"),
        ("model_metrics.json", "json", None, "metrics"),
        ("report.html", "html", None, "report"),
        ("model.csv", "csv", None, "data"),
        ("", "", None, "data"),
    ],
)
def test_the_class_of_an_output(
    filename: str, file_format: str, own: ArtifactType | None, expected: str
):
    """The declared class; otherwise a guess from the file."""
    assert class_of(filename, file_format, own) == expected
