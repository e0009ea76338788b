"""Cells of CSV files say in the mode batch what values say over HTTP."""

import csv
import io
import math
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.serving.batch import table_files
from nbyard.serving.batch.table_files import frame_of, read_pieces
from nbyard.serving.codec import Column, Schema, ValueRefused


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cells") / "in.csv"


def read(place: Path, text: str, *columns: Column) -> dict[str, list[Any]]:
    place.write_text(text, encoding="utf-8")
    schema = Schema(columns)
    (batch,) = read_pieces(str(place), schema)
    frame = frame_of(schema, batch).astype(object)
    return frame.where(frame.notna(), None).to_dict("list")


@pytest.mark.parametrize(
    ("kind", "cells", "values"),
    [
        ("int", ["5.0", "7", "+1", "1e3"], [5, 7, 1, 1000]),
        ("int", ["-9223372036854775808", "9223372036854775807"], [-(2**63), 2**63 - 1]),
        ("float", ["1.5", "1e3", ".5", "36893488147419103232"], [1.5, 1000.0, 0.5, 2.0**65]),
        ("bool", ["true", "False", "1", "0"], [True, False, True, False]),
        ("str", ["NA", "5", "null"], ["NA", "5", "null"]),
    ],
)
def test_a_cell_is_read_in_the_type_of_its_column(place, kind, cells, values):
    text = "\n".join(["a", *cells, ""])
    assert read(place, text, Column("a", kind)) == {"a": values}


@pytest.mark.parametrize(
    ("kind", "cell"), [("int", "0x1F"), ("float", "0x1F"), ("float", "nan(3)"), ("float", "1e999")]
)
def test_values_that_arrow_reads_differently_are_refused(place, kind, cell):
    with pytest.raises(ValueRefused, match="row 1, field 'a'"):
        read(place, f"a\n1\n{cell}\n", Column("a", kind, nullable=True))


@pytest.mark.parametrize("cell", ["1_0", "+1", "nan", "-inf", " 7 ", "x", ""])
def test_an_unusual_number_does_not_affect_earlier_ones(place, monkeypatch, cell):
    """Rows come once and in order, whichever block has it; what is refused is named by its row."""
    monkeypatch.setattr(table_files, "BLOCK_BYTES", 400)
    cells = [f"{n}.5" for n in range(1000)]
    cells[700] = cell
    place.write_text("\n".join(["a,n", *(f"{text},{n}" for n, text in enumerate(cells)), ""]))
    schema = Schema([Column("a", "float", nullable=True), Column("n", "int")])
    found: list[float] = []
    is_refused = cell in ("1_0", "-inf", "x")
    with pytest.raises(ValueRefused, match="row 700, field 'a'") if is_refused else nullcontext():
        for batch in read_pieces(str(place), schema):
            frame = frame_of(schema, batch, len(found))
            assert frame["n"].tolist() == [*range(len(found), len(found) + len(frame))]
            found += frame["a"].tolist()
    assert found[:600] == [n + 0.5 for n in range(600)]
    assert len(found) == 1000 or is_refused
    if not is_refused:
        told = {"+1": 1.0, " 7 ": 7.0}.get(cell)
        assert found[700] == told if told else math.isnan(found[700])


@pytest.mark.parametrize(
    "cells",
    [
        ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00+00:00"],
        ["2026-01-31T13:00:00+01:00", "2026-01-31T11:30:00-00:30"],
        ["2026-01-31T12:00:00", "2026-01-31 12:00:00"],
        ["2026-01-31T12:00:00", "2026-01-31T13:00+01:00"],
    ],
)
def test_times_are_in_utc_with_a_zone_or_without(place, cells):
    found = read(place, "\n".join(["t", *cells, ""]), Column("t", "datetime"))
    assert [one.to_pydatetime() for one in found["t"]] == [datetime(2026, 1, 31, 12)] * 2  # noqa: DTZ001


def test_an_empty_cell_is_null_except_in_required_texts(place):
    columns = [
        Column("s", "str"),
        Column("o", "str", True),
        *(Column(kind, kind, True) for kind in ("int", "float", "bool", "date", "datetime")),
    ]
    text = 's,o,int,float,bool,date,datetime\n,,,,,,\n"","","","","","",""\n'
    found = read(place, text, *columns)
    assert found.pop("s") == ["", ""]
    assert found.pop("o") == [None, None]
    assert found == {name: [None, None] for name in ("int", "float", "bool", "date", "datetime")}


@pytest.mark.parametrize(
    ("kind", "cell", "words"),
    [
        ("int", "5.5", "a whole number is needed, not 5.5"),
        ("int", "0x1F", "a whole number is needed, not '0x1F'"),
        ("int", "1_000", "a whole number is needed, not '1_000'"),
        ("int", "9" * 30, "a whole number of 64 bits is needed"),
        ("int", "9" * 5000, "a whole number is needed"),
        ("int", "", "a whole number is needed, not null"),
        ("float", "inf", "finite number is needed, not inf"),
        ("float", "nan", "finite number is needed, not nan"),
        ("float", "1e999", "finite number is needed, not inf"),
        ("bool", "yes", "true or false is needed, not 'yes'"),
        ("date", "2026-02-30", "a date such as 2026-01-31 is needed, not '2026-02-30'"),
        ("datetime", "noon", "a time such as"),
        ("datetime", "2026-02-30T12:00:00Z", "a time such as"),
    ],
)
def test_an_unfit_cell_is_named_with_row_and_field(place, kind, cell, words):
    good = {"int": "1", "float": "1", "bool": "true", "date": "2026-01-31"}
    text = f"s,a\nx,{good.get(kind, '2026-01-31T12:00:00')}\ny,{cell}\n"
    with pytest.raises(ValueRefused, match=words) as caught:
        read(place, text, Column("s", "str"), Column("a", kind))
    assert (caught.value.row, caught.value.field) == (1, "a")


def test_rows_are_counted_over_all_files(place):
    place.write_text("a\n1\nx\n")
    with pytest.raises(ValueRefused) as caught:
        list(read_pieces(str(place), Schema([Column("a", "int")]), 300))
    assert caught.value.row == 301


def test_a_byte_order_mark_is_no_part_of_a_name(place):
    assert read(place, "\ufeffa\n5.0\n", Column("a", "int")) == {"a": [5]}


def test_duplicate_columns_are_refused(place):
    with pytest.raises(ValueRefused) as refused:
        read(place, "a,a\n1,2\n", Column("a", "int"))
    assert refused.value.field == "a_2"
    columns = Column("a", "int"), Column("a_2", "int")
    assert read(place, "a,a\n1,2\n", *columns) == {"a": [1], "a_2": [2]}


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=9))
def test_numbers_are_returned_as_written(place, numbers):
    text = "\n".join(["a", *map(repr, numbers), ""])
    assert read(place, text, Column("a", "float")) == {"a": numbers}


@given(st.lists(st.text(st.characters(exclude_characters="\r\0", codec="utf-8")), min_size=1))
def test_quoted_texts_are_returned_as_written(place, texts):
    told = io.StringIO()
    writer = csv.writer(told, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([["a"], *([one] for one in texts)])
    assert read(place, told.getvalue(), Column("a", "str")) == {"a": texts}


def test_later_bytes_may_show_another_encoding(place):
    """As in the preview: only the beginning looks like UTF-8."""
    place.write_bytes(b"s,x\n" + b"word,1\n" * 200_000 + "café,nan\n".encode("latin-1"))
    schema = Schema([Column("s", "str"), Column("x", "float", nullable=True)])
    frames = [frame_of(schema, batch) for batch in read_pieces(str(place), schema)]
    assert sum(map(len, frames)) == 200_001
    assert (frames[0]["s"][0], frames[-1]["s"].iloc[-1]) == ("word", "café")


def test_a_point_of_thousands_is_refused_beside_decimal_commas(place):
    columns = [Column("a", "float"), Column("b", "str")]
    assert read(place, "a;b\n1,5;x\n2,25;y\n", *columns) == {"a": [1.5, 2.25], "b": ["x", "y"]}
    rows = "1,5;x\n" * 300
    with pytest.raises(ValueRefused) as refused:
        read(place, f"a;b\n{rows}2.800;y\n", *columns)
    assert (refused.value.row, refused.value.field) == (300, "a")
