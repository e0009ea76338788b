"""Types of JSON objects."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.datasets.table_descriptions import BrokenTable, Column
from nbyard.errors import Invalid
from nbyard.tabular import json_objects


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, -2], Column("a", "int", False)),
        ([1, None], Column("a", "int")),
        ([1, 2**63], Column("a", "int", False, "big")),
        ([1, 2**127], Column("a", "other", False)),
        ([1, 2.5], Column("a", "float", False)),
        ([True, 1], Column("a", "other", False)),
        (["1", "2024-01-01"], Column("a", "string", False)),
        ([[1], []], Column("a", "list", False)),
        ([{"b": 1}], Column("a", "struct", False)),
        ([None, None], Column("a", "null")),
    ],
)
def test_kinds(values: list[Any], expected: Column) -> None:
    assert json_objects.kinds_of({"a": value} for value in values).columns() == [expected]


def test_a_missing_key_makes_a_column_nullable() -> None:
    kinds = json_objects.kinds_of([{}, {"a": 1}])
    assert kinds.columns() == [Column("a", "int")]


@pytest.mark.parametrize(
    ("line", "error", "words"),
    [
        (b"{", BrokenTable, "row 8 is not JSON"),
        (b"[1]", Invalid, "row 8 is not a JSON object"),
        (b'{"a":' + b"[" * 100_000, Invalid, "row 8 is nested too deeply"),
    ],
)
def test_lines_that_are_no_objects(line: bytes, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        list(json_objects.rows_of([b"{}", line], 6))


SCALARS = st.none() | st.booleans() | st.integers(-(2**127), 2**127 - 1) | st.text(max_size=3)
VALUES = SCALARS | st.floats(allow_nan=False, allow_infinity=False) | st.lists(SCALARS, max_size=2)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), VALUES), max_size=9))
def test_all_objects_have_frames(rows: list[json_objects.Row]) -> None:
    lines = [json.dumps(row).encode() for row in rows]
    found = list(json_objects.rows_of(lines))
    columns = json_objects.kinds_of(found).columns()
    (frame,) = json_objects.read_frames(found, columns)
    assert frame.height == (len(rows) if columns else 0)
    for place, column in enumerate(columns):
        values = [row.get(column.name) for row in found]
        got = frame.to_series(place).to_list()
        assert [value is None for value in got] == [value is None for value in values]
        if column.type in ("int", "string", "bool"):
            assert got == values
