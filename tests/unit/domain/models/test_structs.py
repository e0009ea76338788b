"""What is built of models: names and labels of images, and model.json."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.images.structs import REFERENCE
from nbyard.domain.models.structs import (
    ModelColumn,
    ModelFile,
    is_packed,
    model_json,
    model_labels,
    model_reference,
    package_name,
)

MODEL = ModelFile(
    name="Spark job",
    mode="http",
    src="src",
    module="model",
    class_name="MyModel",
    inputs=[ModelColumn("x", "float", True)],
    outputs=[ModelColumn("y", "int")],
)


@pytest.mark.parametrize(
    ("name", "tag", "reference"),
    [
        ("Spark job", "v0.0.1", "nbyard/model-spark-job:v0.0.1"),
        ("cows", "", "nbyard/model-cows:3"),
        ("模型", "", "nbyard/model-model-"),
    ],
)
def test_a_name_becomes_an_image_name(name, tag, reference):
    assert model_reference(name, tag, 3).startswith(reference)


@given(st.text(min_size=1, max_size=300), st.integers(1, 10**6))
def test_every_name_becomes_a_valid_one(name, number):
    assert REFERENCE.fullmatch(model_reference(name, "", number))


def test_omitted_fields_have_no_label():
    assert model_labels(MODEL, "ann") == {"owner": "ann", "mode": "http", "name": "Spark job"}
    tagged = msgspec.structs.replace(MODEL, tag="v1", platform_tag="cluster-1")
    assert model_labels(tagged, "ann")["platform_tag"] == "cluster-1"


def test_the_server_of_a_model_gets_its_schema():
    told = model_json(MODEL)
    assert told["input_schema"] == [{"name": "x", "type": "float", "nullable": True}]
    assert told["output_schema"] == [{"name": "y", "type": "int"}]
    assert (told["class"], told["version"]) == ("MyModel", "1")
    assert "file" not in told
    packed = msgspec.structs.replace(MODEL, flavour="pickle", file="m.joblib", sample={"x": 1.0})
    told = model_json(packed)
    assert (told["flavour"], told["file"]) == ("pickle", "m.joblib")
    assert "sample" not in told, "a row of the training data stays in the store"


@pytest.mark.parametrize(
    ("title", "node", "output", "name"),
    [
        ("penguins", "", "model", "penguins model"),
        ("Both / of\\them", "train.ipynb", "model", "Both of them train model"),
        ("..", "", "-", "model"),
        ("", "houses.py", "houses", "houses"),
        ("Houses", "", "houses", "Houses"),
    ],
)
def test_a_model_of_a_run_has_its_name(title, node, output, name):
    assert package_name(title, node, output) == name


@given(st.text(max_size=300), st.text(max_size=50), st.text(max_size=50))
def test_the_name_of_a_model_of_a_run_is_no_path_and_never_empty(title, node, output):
    found = package_name(title, node, output)
    assert 0 < len(found) <= 200
    assert not {"/", "\\"} & {*found} and found == found.strip()


@pytest.mark.parametrize(
    ("head", "may_be"),
    [
        (b"\x80\x04\x95", True),
        (b"\x78\x5e\xed", True),
        (b"\x1f\x8b\x08", True),
        (b"BZh91A", True),
        (b"a,b\n1,2", False),
        (b"", False),
        (b"PAR1", False),
    ],
)
def test_a_pickle_is_known_by_its_first_bytes(head, may_be):
    assert is_packed(head) is may_be
