"""Columns of a model, as in the table that trained it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.datasets.table_descriptions import Column, TablePage
from nbyard.domain.models.structs import ModelColumn
from nbyard.domain.models.table_columns import columns_of_table, target_of

ROWS: list[list[Any]] = [
    [1, 2.5, "a", True, "2026-01-02", None],
    [None, 3.5, "b", False, "2026-01-03", None],
]
COLUMNS = [
    Column("n", "int"),
    Column("x", "float"),
    Column("kind", "string"),
    Column("yes", "bool"),
    Column("day", "date"),
    Column("holes", "null"),
]
PAGE = TablePage(COLUMNS, 0, None, ROWS)


def test_types_are_those_of_the_table_as_pandas_reads_it():
    assert columns_of_table(PAGE, "csv") == [
        ModelColumn("n", "float", True),
        ModelColumn("x", "float"),
        ModelColumn("kind", "str"),
        ModelColumn("yes", "bool"),
        ModelColumn("day", "str"),
        ModelColumn("holes", "float", True),
    ]
    assert columns_of_table(PAGE, "parquet")[4] == ModelColumn("day", "date")


def test_unsupported_columns_are_left_out():
    page = TablePage([Column("tags", "list"), Column("x", "int")], 0, None, [[[1], 1]])
    assert columns_of_table(page, "parquet") == [ModelColumn("x", "int")]


def test_the_target_is_the_one_column_of_the_classes():
    assert target_of(PAGE, ["n", "x"], ["a", "b", "c"], "str") == "kind"
    assert target_of(PAGE, ["n", "x"], [False, True], "bool") == "yes"
    assert target_of(PAGE, ["n"], ["z"], "str") == "prediction"
    assert target_of(PAGE, ["kind"], None, "float") == "prediction", "n or x"
    assert target_of(PAGE, ["kind", "n"], None, "float") == "x"
    assert target_of(PAGE, ["kind", "n"], None, "str") == "prediction"


@given(st.lists(st.sampled_from(["n", "x", "kind", "yes"]), unique=True))
def test_a_feature_is_never_the_target(features):
    assert target_of(PAGE, features, ["a", "b"], "str") not in features
    assert target_of(PAGE, features, None, "float") not in features


def test_exact_decimals_are_numbers_of_a_model() -> None:
    page = TablePage([Column("price", "decimal")], 0, 1, [["99999999999999999.12"]])
    assert columns_of_table(page, "parquet") == [ModelColumn("price", "float")]
    assert target_of(page, [], None, "float") == "price"
