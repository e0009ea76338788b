"""Model files in every variant that Nervosum's documentation allows, and MLflow's folders."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.models.model_files import read_mlflow_file, read_model_file
from nbyard.domain.models.structs import ModelColumn, ModelFile
from nbyard.domain.parsing.strict_yaml import read_yaml
from nbyard.errors import Invalid

NERVOSUM = """
name: Spark job
deployment:
  mode: http
  platform_tag: cluster-1
tag: v0.0.1
src: src/
interface:
  model_module: model
  model_class: MyModel
requirements: requirements.txt
input_schema:
  - {name: x, type: float}
output_schema:
  - {name: y, type: int}
"""


def document(**changes: Any) -> dict[str, Any]:
    """That of Nervosum's file with other fields; those that are None are absent."""
    found = read_yaml(NERVOSUM.encode(), "nervosum.yaml") | changes
    return {name: value for name, value in found.items() if value is not None}


def refused(**changes: Any) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read_model_file(document(**changes), "nervosum.yaml")
    return caught.value


def test_a_file_written_for_nervosum_is_read():
    assert read_model_file(document()) == ModelFile(
        name="Spark job",
        mode="http",
        src="src",
        module="model",
        class_name="MyModel",
        inputs=[ModelColumn("x", "float")],
        outputs=[ModelColumn("y", "int")],
        tag="v0.0.1",
        platform_tag="cluster-1",
        requirements_file="requirements.txt",
    )


@pytest.mark.parametrize("mode", ["http", "batch", "stream"])
@pytest.mark.parametrize("platform_tag", ["cluster-1", None])
def test_a_platform_tag_is_optional_in_every_mode(mode, platform_tag):
    deployment = {"mode": mode} | ({"platform_tag": platform_tag} if platform_tag else {})
    found = read_model_file(document(deployment=deployment))
    assert (found.mode, found.platform_tag) == (mode, platform_tag or "")


@pytest.mark.parametrize(
    ("told", "lines", "file"),
    [
        (["numpy==2.1", "pandas"], ["numpy==2.1", "pandas"], ""),
        ("deep/requirements.txt", [], "deep/requirements.txt"),
        ([], [], ""),
        (None, [], ""),
    ],
)
def test_requirements_are_lines_a_file_or_absent(told, lines, file):
    found = read_model_file(document(requirements=told))
    assert (found.requirements, found.requirements_file) == (lines, file)


def test_an_absent_or_null_tag_is_none():
    assert read_model_file(document(tag=None)).tag == ""
    assert read_model_file(document() | {"tag": None}).tag == ""


def test_a_whole_number_is_a_tag():
    assert read_model_file(document(tag=3)).tag == "3"


def test_without_a_folder_the_code_is_beside_the_file():
    assert read_model_file(document(src=None)).src == "."


@pytest.mark.parametrize(
    "name", ["name", "deployment", "interface", "input_schema", "output_schema"]
)
def test_missing_fields_are_named(name):
    assert [one.path for one in refused(**{name: None}).details] == [f"nervosum.yaml.{name}"]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"version": 1.1}, "version"),
        ({"inputs_schema": []}, "inputs_schema"),
        ({"tag": 1.1}, "tag"),
        ({"tag": "a b"}, "tag"),
        ({"name": "a/b"}, "name"),
        ({"name": {}}, "name"),
        ({"deployment": "http"}, "deployment"),
        ({"deployment": {"mode": "HTTP!"}}, "deployment.mode"),
        ({"deployment": {"mode": "http", "tags": "a"}}, "deployment.tags"),
        ({"src": "../other"}, "src"),
        ({"src": "/etc"}, "src"),
        ({"interface": {"model_module": "model.py", "model_class": "M"}}, "interface.model_module"),
        ({"interface": {"model_module": "../x", "model_class": "M"}}, "interface.model_module"),
        (
            {"interface": {"model_module": "pkg", "model_class": "__init__"}},
            "interface.model_class",
        ),
        ({"requirements": {"a": 1}}, "requirements"),
        ({"requirements": [3]}, "requirements.0"),
        ({"requirements": "../requirements.txt"}, "requirements"),
        ({"input_schema": [{"name": "x", "type": "frame"}]}, "input_schema.0.type"),
        ({"metadata": []}, "metadata"),
    ],
)
def test_wrong_fields_are_named(changes, path):
    assert [one.path for one in refused(**changes).details] == [f"nervosum.yaml.{path}"]


def test_a_misspelt_field_gets_a_suggestion():
    assert "did you mean output_schema?" in refused(output_shema=[]).message


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_values_that_are_no_object_are_refused(value):
    with pytest.raises(Invalid):
        read_model_file(value)


@given(
    st.dictionaries(
        st.sampled_from([*document(), "other"]),
        st.none() | st.booleans() | st.floats() | st.text() | st.lists(st.text(), max_size=2),
    )
)
def test_any_content_is_read_or_refused(changes):
    try:
        found = read_model_file(document(**changes))
    except Invalid as error:
        assert error.details
    else:
        assert found.inputs and found.outputs and found.name


MLFLOW = """
flavors:
  python_function:
    loader_module: mlflow.sklearn
    model_path: model.pkl
  sklearn:
    sklearn_version: 1.5.0
signature:
  inputs: '[{"type": "double", "name": "x", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
  params: null
"""


def test_an_mlflow_folder_is_recognised():
    found = read_mlflow_file(read_yaml(MLFLOW.encode(), "MLmodel"), "churn")
    assert (found.name, found.mode, found.flavour) == ("churn", "http", "mlflow")
    assert found.inputs == [ModelColumn("x", "float")]
    assert found.outputs == [ModelColumn("prediction", "int")]
    assert found.requirements_file == "requirements.txt"


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ([], "MLmodel.flavors"),
        ({"flavors": {"spark": {}}}, "MLmodel.flavors"),
        ({"flavors": {"python_function": {}}}, "MLmodel.signature"),
        (
            {"flavors": {"python_function": {}}, "signature": {"inputs": "[]"}},
            "MLmodel.signature.outputs",
        ),
    ],
)
def test_an_incomplete_mlflow_folder_is_refused(document, path):
    with pytest.raises(Invalid) as caught:
        read_mlflow_file(document, "churn")
    assert [one.path for one in caught.value.details] == [path]
