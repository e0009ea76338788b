"""Schemas as pandera 0.35 and 0.20 write them, and what it reads of ours."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.contracts.pandera import read_pandera, write_pandera
from nbyard.domain.contracts.structs import Contract
from nbyard.errors import Invalid

NEW = b"""
schema_type: dataframe
api: pandas
columns:
  a:
    dtype: int64
    unique: true
    greater_than_or_equal_to:
      min_value: 0
      raise_warning: true
    less_than_or_equal_to: 5
  b:
    dtype: string[python]
    nullable: true
    isin:
      allowed_values:
      - x
      - y
      raise_warning: true
  c:
    dtype: datetime64[ns]
    required: false
  d:
    dtype: float64
    nullable: true
    in_range:
      min_value: 1
      max_value: 2
      include_min: true
      include_max: true
strict: true
unique:
- a
- b
"""
OLD = b"""
schema_type: dataframe
version: 0.20.4
columns:
  a:
    title: null
    description: null
    dtype: int64
    nullable: false
    checks:
      greater_than_or_equal_to:
        value: 0
        options:
          check_name: greater_than_or_equal_to
          raise_warning: false
          ignore_na: true
    unique: true
    coerce: false
    required: true
    regex: false
checks: null
index: null
dtype: null
coerce: false
strict: filter
name: null
ordered: false
unique: null
report_duplicates: all
unique_column_names: false
add_missing_columns: false
title: null
description: null
"""


def plain(contract: Contract) -> list[dict[str, Any]]:
    return [*msgspec.to_builtins(contract)]


def test_a_schema_of_a_new_version_is_imported() -> None:
    assert plain(read_pandera(NEW, "schema.yaml")) == [
        {"rule": "columns", "columns": ("a", "b", "d")},
        {"rule": "type", "column": "a", "type": "int"},
        {"rule": "nulls", "column": "a"},
        {"rule": "unique", "columns": ("a",)},
        {"rule": "range", "column": "a", "min": 0, "level": "warn"},
        {"rule": "range", "column": "a", "max": 5},
        {"rule": "type", "column": "b", "type": "string"},
        {"rule": "values", "column": "b", "values": ("x", "y"), "level": "warn"},
        {"rule": "type", "column": "c", "type": "datetime"},
        {"rule": "nulls", "column": "c"},
        {"rule": "type", "column": "d", "type": "float"},
        {"rule": "range", "column": "d", "min": 1, "max": 2},
        {"rule": "unique", "columns": ("a", "b")},
    ]


def test_a_schema_of_an_old_version_is_imported() -> None:
    assert plain(read_pandera(OLD, "schema.yaml")) == [
        {"rule": "columns", "columns": ("a",)},
        {"rule": "type", "column": "a", "type": "int"},
        {"rule": "nulls", "column": "a"},
        {"rule": "unique", "columns": ("a",)},
        {"rule": "range", "column": "a", "min": 0},
    ]


NAMES = st.sampled_from(["a", "b", "long name"])
LEVELS = st.sampled_from(["stop", "warn"])
NUMBERS = st.integers(-9, 9) | st.floats(-9, 9).map(lambda number: number + 0.5)
KINDS = st.sampled_from(["int", "float", "string", "bool", "date", "datetime", "duration"])
RULES = [
    st.builds(lambda c, k: {"rule": "type", "column": c, "type": k}, NAMES, KINDS),
    st.builds(lambda c: {"rule": "nulls", "column": c}, NAMES),
    st.builds(lambda c: {"rule": "unique", "columns": [c]}, NAMES),
    st.just({"rule": "unique", "columns": ["a", "b"]}),
    st.builds(lambda c, n: {"rule": "range", "column": c, "min": n, "max": n + 1}, NAMES, NUMBERS),
    st.builds(
        lambda c, v, lv: {"rule": "values", "column": c, "values": v, "level": lv},
        *(NAMES, st.lists(st.sampled_from(["x", "7", "no"]), min_size=1, unique=True), LEVELS),
    ),
]


def subject(rule: dict[str, Any]) -> tuple[str, str]:
    return rule["rule"], str(rule.get("column", rule.get("columns")))


@given(st.lists(st.one_of(RULES), max_size=8, unique_by=subject))
def test_what_is_exported_is_imported_again(rules: list[dict[str, Any]]) -> None:
    contract = msgspec.convert(rules, Contract)
    again = read_pandera(write_pandera(contract).encode(), "schema.json")
    assert sorted(map(str, plain(again))) == sorted(map(str, plain(contract)))


@pytest.mark.parametrize(
    "text",
    [
        b"[1, 2]",
        b"columns: {a: {str_length: {min_value: 1}}}",
        b"columns: {a: {regex: true}}",
        b"columns: {a: {dtype: complex128}}",
        b"columns: {a: {}}\nchecks: {x: 1}",
        b"columns: {a: {in_range: {min_value: 1, max_value: 2, include_min: false}}}",
        b"columns: [",
    ],
)
def test_what_no_rule_expresses_is_refused(text: bytes) -> None:
    with pytest.raises(Invalid):
        read_pandera(text, "schema.yaml")
