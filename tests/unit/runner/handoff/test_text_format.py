"""How text tables are written, and which form fits the texts of a column."""

import io
import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.runner.handoff.text_format import (
    Form,
    day_month_swapped,
    dialect_of,
    encoding_of,
    form_of,
    form_pattern,
    single_byte,
    unique_names,
)


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


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"]
)
def test_encoding(encoding: str) -> None:
    text = "name,größe\n" + "abc,1\n" * 200
    assert encoding_of(text.encode(encoding)) == encoding


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"caf\xe9", "latin-1"),
        (b"\x80 \x93q\x94", "cp1252"),
        (b"\x80 \x81", "latin-1"),
    ],
)
def test_signs_of_windows(content: bytes, expected: str) -> None:
    assert encoding_of(content + b"\n" * 9) == expected
    assert single_byte([b"a", content]) == expected


def test_a_character_cut_off_by_the_sample_is_no_other_encoding() -> None:
    assert encoding_of("aé".encode()[:-1]) == "utf-8"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "a", "a"], ["a", "a_2", "a_3"]),
        (["a_2", "a", "a"], ["a_2", "a", "a_3"]),
        (["", " ", "x"], ["column 1", "column 2", "x"]),
        (["column 2", ""], ["column 2", "column 2_2"]),
    ],
)
def test_unique_names(names: list[str], expected: list[str]) -> None:
    unique, changed = unique_names(names)
    assert (unique, changed) == (expected, [name for name in expected if name not in names])


@given(st.lists(st.text(max_size=3), max_size=30))
def test_names_are_always_made_unique(names: list[str]) -> None:
    found, _ = unique_names(names)
    assert len(set(found)) == len(found) == len(names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"a;b\n1,5;x\n2,25;y\n", (";", True)),
        (b"a;b\n1,5;x\n2.5;y\n", (";", False)),
        (b"a,b\n1,5\n", (",", False)),
    ],
)
def test_commas_are_decimal_points_where_no_number_has_a_point(
    text: bytes, expected: tuple[str, bool]
) -> None:
    dialect = dialect_of(io.BytesIO(text), is_tsv=False)
    assert (dialect.delimiter, dialect.decimal_comma) == expected


def test_a_header_over_several_lines() -> None:
    dialect = dialect_of(io.BytesIO(b'\n"two\nlines",b\n1,2\n'), is_tsv=False)
    assert dialect.names == ["two\nlines", "b"]
