"""Columns of schemas as Python, pandas and MLflow write them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.models.schema_notations import TYPES, columns_of
from nbyard.domain.models.structs import ModelColumn
from nbyard.errors import Invalid

names = st.text(min_size=1, max_size=20)
columns: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.fixed_dictionaries(
        {"name": names, "type": st.sampled_from(sorted(TYPES)), "nullable": st.booleans()}
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda column: column["name"],
)


@given(columns)
def test_a_list_of_columns_keeps_names_order_and_whether_null_is_allowed(told):
    found = columns_of(told, "input_schema")
    assert [(one.name, one.nullable) for one in found] == [
        (one["name"], one["nullable"]) for one in told
    ]


@given(columns)
def test_the_text_of_its_json_is_the_same(told):
    assert columns_of(json.dumps(told), "s") == columns_of(told, "s")


def test_a_single_column_needs_no_list():
    assert columns_of({"name": "y", "type": "int"}, "output_schema") == [ModelColumn("y", "int")]


@pytest.mark.parametrize(
    "told", ["int?", "Optional[int]", "typing.Optional[int]", "int | None", "int|None"]
)
def test_an_optional_type_may_be_null(told):
    assert columns_of([{"name": "x", "type": told}], "s") == [ModelColumn("x", "int", True)]


def test_the_notation_of_mlflow_is_read():
    told = '[{"type": "double", "name": "x", "required": false}, {"type": "long", "name": "n"}]'
    assert columns_of(told, "s") == [ModelColumn("x", "float", True), ModelColumn("n", "int")]


def test_a_tensor_of_one_column_is_the_prediction():
    told = [{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]
    assert columns_of(told, "s") == [ModelColumn("prediction", "int")]


@pytest.mark.parametrize(
    ("told", "path", "words"),
    [
        ([], "s", "a list of columns is needed"),
        (7, "s", "a list of columns is needed"),
        ("[", "s", "valid JSON"),
        (["x"], "s.0", "an object with name and type"),
        ([{"type": "int"}, {"type": "int"}], "s.0.name", "the name of the column is needed"),
        ([{"name": "x"}], "s.0.type", "a type is needed"),
        ([{"name": "x", "type": "list"}], "s.0.type", "'list' is not a column type"),
        (
            [{"name": "x", "type": "int", "kind": 1}],
            "s.0.kind",
            "unknown field; known fields: name",
        ),
        ([{"name": "x", "type": "int", "nullable": 1}], "s.0.nullable", "true or false"),
        ([{"name": "x", "type": "int"}] * 2, "s.1.name", "'x' appears twice"),
        ([{"type": "tensor"}], "s.0.tensor-spec", "only a tensor with a single column"),
    ],
)
def test_wrong_fields_are_named(told, path, words):
    with pytest.raises(Invalid) as caught:
        columns_of(told, "s")
    assert [detail.path for detail in caught.value.details] == [path]
    assert words in caught.value.message
