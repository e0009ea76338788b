"""Short texts and numbers for small cards."""

import math

import pytest

from nbyard.domain.datasets.previews import (
    MAX_CELL,
    ShownMetric,
    cell_text,
    first_line,
    head_of,
    last_line,
    metrics_in,
    one_line,
)
from nbyard.domain.datasets.table_descriptions import Column, TablePage


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (7, "7"),
        (2**80, "1208925819614629174706176"[: MAX_CELL - 1] + "…"),
        (0.1 + 0.2, "0.3"),
        (1e-9, "1e-09"),
        ("<b>&", "<b>&"),
        ("a\r\nb\tc\0", "a b c"),
        ("\x1b[1;31mred\x1b[0m \x1b]8;;http://x\x07link", "red link"),
        ({"a": [1]}, '{"a":[1]}'),
        ("x" * 30, "x" * 23 + "…"),
        ("\ud800", "?"),
        ("", ""),
    ],
)
def test_a_cell_is_a_short_text(value, text):
    assert cell_text(value) == text


def test_a_head_has_few_columns_and_rows():
    columns = [Column(f"c{n}" * 20, "int") for n in range(20)]
    page = TablePage(columns, 0, None, [[1] * 20] * 9, column_count=700)
    head = head_of(page)
    assert [len(row) for row in head.rows] == [12, 12, 12]
    assert [len(name) for name in head.columns] == [24] * 12
    assert (head.column_count, head.row_count) == (700, None)


@pytest.mark.parametrize("value", [None, [], [1, 2], 5, "text", {}, {"a": "1"}, {"a": {"b": 1}}])
def test_files_without_numbers_have_none(value):
    assert metrics_in(value) == []


def test_numbers_that_json_cannot_carry():
    found = metrics_in({"a": math.nan, "b": math.inf, "c": 10**400, "d": 1, "": 2})
    assert found == [
        ShownMetric("a", "NaN"),
        ShownMetric("b", "Infinity"),
        ShownMetric("d", 1.0),
        ShownMetric("", 2.0),
    ]


def test_lines():
    text = "\n  \nfirst\nlast \x1b[2K\r 50 %\r 99 %\r\n\n"
    assert (first_line(text), last_line(text)) == ("first", "99 %")
    assert first_line("") == last_line(" \n") == ""
    assert len(last_line("long " * 5000)) == 80


def test_a_long_text_is_cut_quickly():
    assert one_line("\x1b[31m" * 1_000_000, 10) == ""
    assert one_line("ab" * 1_000_000, 5) == "abab…"
