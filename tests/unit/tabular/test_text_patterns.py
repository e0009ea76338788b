"""Which form fits the texts of a column."""

import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.tabular.text_patterns import Form, day_month_swapped, form_of, form_pattern


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "-2", "", "NA"], "int"),
        (["1", "2.5", "1e3", ".5", "-inf"], "float"),
        (["+1.5", "-2"], "float"),
        (["true", "False", "TRUE"], "bool"),
        (["2024-02-29", ""], "date"),
        (["2024/02/29"], "date"),
        (["31.12.2024", "1.2.2024"], "date"),
        (["2023-02-29"], "string"),
        (["2024-02-29T10:00:00", "2024-02-29 10:00"], "datetime"),
        (["2024-02-29T10:00:00Z"], "datetime"),
        (["2024-02-29T10:00:00+01:00", "2024-02-29T10:00:00-0200"], "datetime"),
        (["2024-02-29T10:00:00Z", "2024-02-29 10:00"], "string"),
        (["31/12/2024 10:30"], "datetime"),
        (["10:30", "23:59:59", "00:00:00.5"], "time"),
        (["24:00"], "string"),
        (["1", "x"], "string"),
        (["1" * 30], "int"),
        (["0049"], "string"),
        (["+49"], "string"),
        (["+49", "1.5"], "string"),
        (["007.5"], "string"),
        (["0x10"], "string"),
        (["1_000"], "string"),
        (["\u0661"], "string"),
        (["1\n"], "string"),
        (["", "NaN"], "null"),
        ([], "null"),
    ],
)
def test_types(values: list[str], expected: str) -> None:
    assert form_of(values).type == expected


def test_decimal_commas() -> None:
    assert form_of(["1,5", "2"], decimal_comma=True) == Form("float")
    assert form_of(["1.5"], decimal_comma=True) == Form("string")


def test_spaces_around_values_are_ignored() -> None:
    assert form_of([" 1", "2"]) == Form("int", padded=True)
    assert form_of([" "]) == Form("string")


def test_only_a_number_above_12_identifies_the_day() -> None:
    assert form_of(["05/06/2024", "05/13/2024"]) == Form("date", ("%m/%d/%Y",))
    either = form_of(["05/06/2024"])
    assert day_month_swapped(either) == Form("date", ("%m/%d/%Y",))
    assert day_month_swapped(form_of(["05.06.2024"])) is None
    assert day_month_swapped(form_of(["2024-05-06"])) is None
    assert day_month_swapped(form_of(["10:30"])) is None


TEXTS = st.text("0123456789+-.,:/ TZeEx", max_size=20)


@given(st.lists(TEXTS | st.from_regex(r"[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{4}"), max_size=5))
def test_each_pattern_means_the_same_in_both_languages(values: list[str]) -> None:
    form = form_of(values)
    if form.type in ("string", "null"):
        return
    found = pl.Series(values).str.contains(form_pattern(form)).to_list()
    assert found == [re.fullmatch(form_pattern(form), value) is not None for value in values]
