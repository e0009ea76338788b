"""60 realistic tables: preview, profile and data frames of a run agree on each."""

import csv
import io
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pandas
import polars as pl
import pyarrow
import pytest

from nbyard.domain.datasets.table_descriptions import Profile, TableInfo, TablePage
from nbyard.runner.handoff.text_tables import TOLD
from nbyard.runner.handoff.value_files import read_value
from nbyard.tabular.json_values import to_json
from nbyard.tabular.reader_answers import Question, answer_question

from ...workbooks import write_excel
from .test_agreement import plain

BIG, HUGE = str(2**64 - 1), "9" * 38
# What stands in the file: the type of its column, and what a preview shows.
CONTENTS: dict[str, list[tuple[str, list[str], list[Any]]]] = {
    "whole": [("int", ["1", "-7", "0"], [1, -7, 0])],
    "huge": [("int", [BIG, "1", ""], [BIG, 1, None]), ("int", [HUGE, "2", "3"], [HUGE, 2, 3])],
    "float": [("float", ["1.5", "-2e3", "inf"], [1.5, -2000.0, "inf"])],
    "money": [
        (
            "decimal",
            ["99999999999999999999.12", "0.50", "NA"],
            ["99999999999999999999.12", "0.50", None],
        )
    ],
    "codes": [
        ("string", ["0049", "01", "7"], ["0049", "01", "7"]),
        ("string", ["+491", "+492", "3"], ["+491", "+492", "3"]),
    ],
    "days": [
        ("date", ["2024-12-31", "2024-01-02", ""], ["2024-12-31", "2024-01-02", None]),
        (
            "date",
            ["31.12.2024", "2.1.2024", "1.2.2024"],
            ["2024-12-31", "2024-01-02", "2024-02-01"],
        ),
        (
            "string",
            ["05/06/2024", "07/08/2024", "01/02/2024"],
            ["05/06/2024", "07/08/2024", "01/02/2024"],
        ),
    ],
    "moments": [
        (
            "datetime",
            ["2024-12-31T23:59:00", "2024-01-02 10:30", ""],
            ["2024-12-31T23:59:00", "2024-01-02T10:30:00", None],
        ),
        ("time", ["23:59", "10:30:01", "00:00"], ["23:59:00", "10:30:01", "00:00:00"]),
    ],
    "gaps": [
        ("int", ["1", "NA", ""], [1, None, None]),
        ("bool", ["true", "N/A", "FALSE"], [True, None, False]),
        ("null", ["", "null", "nan"], [None, None, None]),
    ],
    "words": [
        ("string", ["é € “q”", "a,b;c|d", 'say "hi"'], ["é € “q”", "a,b;c|d", 'say "hi"']),
        ("string", ["two\nlines", " padded ", "x"], ["two\nlines", " padded ", "x"]),
    ],
    "mixed": [("string", ["1", "x", "2024-01-01"], ["1", "x", "2024-01-01"])],
}
DIALECTS: dict[str, dict[str, Any]] = {
    "commas.csv": {"delimiter": ",", "encoding": "utf-8"},
    "semicolons.csv": {"delimiter": ";", "encoding": "utf-8-sig", "lineterminator": "\r\n"},
    "windows.csv": {"delimiter": ";", "encoding": "cp1252"},
    "tabs.tsv": {"delimiter": "\t", "encoding": "utf-8"},
    "quoted.csv": {"delimiter": "|", "encoding": "utf-8", "quoting": csv.QUOTE_ALL},
}
NESTED = {"who": {"name": "ann", "tags": ["x", "y"]}, "when": None}
NUMBERS = [{"n": n} for n in range(1_200)]
OTHERS: dict[str, list[dict[str, Any]]] = {
    "late.jsonl": [*NUMBERS, {"n": 1, "late": "x"}],
    "numbers.jsonl": [{"n": 1}, {"n": 2.5}, {"n": None}],
    "nested.jsonl": [NESTED, {"who": None, "when": "2024-01-01"}],
    "list.json": [*NUMBERS, {"late": True}],
    "nested.parquet": [{"a": [1, 2], "b": {"c": "x"}}, {"a": [], "b": {"c": None}}],
    "plain.parquet": [
        {"i": 2**62, "f": 0.1, "s": "é", "d": Decimal("99999999999999999999.12")},
        dict.fromkeys("ifsd"),
    ],
    "flags.parquet": [{"yes": True, "word": "a"}, {"yes": None, "word": ""}],
    "plain.arrow": [{"i": 1, "s": "x"}, {"i": None, "s": "y"}],
    "book.xlsx": [{"n": 1, "s": "0049"}, {"n": 2, "s": "x"}],
    "floats.xlsx": [{"x": 1.5, "s": "é"}, {"x": 2, "s": "y"}],
}


def ask(path: Path, about: str, kind: Any, **more: Any) -> Any:
    question = Question(about, str(path), path.name, str(path.parent), limit=1000, **more)
    return msgspec.json.decode(msgspec.json.encode(answer_question(question)), type=kind)


def agreed(path: Path) -> TablePage:
    """The preview, which has the types of the profile of all rows and of a sample."""
    info = ask(path, "info", TableInfo, count=True)
    page = ask(path, "page", TablePage)
    for about in ("profile", "sample"):
        profile = ask(path, about, Profile)
        assert [(one.name, one.type) for one in profile.columns] == [
            (one.name, one.type) for one in page.columns
        ]
        for place, column in enumerate(profile.columns):
            if info.rows <= 1000:
                nulls = sum(row[place] is None for row in page.rows)
                assert (column.count, column.nulls) == (info.rows - nulls, nulls)
    (path.parent / TOLD).write_bytes(msgspec.json.encode(info))
    assert isinstance(page, TablePage)
    return page


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("content", CONTENTS)
def test_text_tables(tmp_path: Path, content: str, dialect: str) -> None:
    columns, options = CONTENTS[content], dict(DIALECTS[dialect])
    names = ["id", *(f"c{place}" for place in range(len(columns)))]
    rows = [[f"r{at}", *(texts[at] for _, texts, _ in columns)] for at in range(3)]
    text = io.StringIO(newline="")
    encoding = options.pop("encoding")
    csv.writer(text, **({"lineterminator": "\n"} | options)).writerows([names, *rows])
    path = tmp_path / dialect
    path.write_bytes(text.getvalue().encode(encoding))
    page = agreed(path)
    assert [one.type for one in page.columns] == ["string", *(kind for kind, _, _ in columns)]
    expected = [[f"r{at}", *(shown[at] for _, _, shown in columns)] for at in range(3)]
    assert page.rows == expected
    kinds = [one.type for one in page.columns]
    for library in (pandas.DataFrame, pl.DataFrame, pyarrow.Table):
        every = columns_of(read_value(str(path), library))
        shown = [[plain(v, kind) for v in vs] for vs, kind in zip(every, kinds, strict=True)]
        assert [list(row) for row in zip(*shown, strict=True)] == expected, library


def columns_of(frame: Any) -> list[list[Any]]:
    """The values of a frame, whatever the library."""
    if isinstance(frame, pandas.DataFrame):
        return [[*frame.iloc[:, place].astype(object)] for place in range(frame.shape[1])]
    if isinstance(frame, pl.DataFrame):
        return [column.to_list() for column in frame.get_columns()]
    return [column.to_pylist() for column in frame.columns]


def write_book(path: Path, rows: list[dict[str, Any]]) -> None:
    write_excel(path, {"Table": [[*rows[0]], *([*row.values()] for row in rows)]})


WRITERS: dict[str, Callable[[Path, list[dict[str, Any]]], object]] = {
    ".jsonl": lambda path, rows: path.write_text("".join(json.dumps(row) + "\n" for row in rows)),
    ".json": lambda path, rows: path.write_text(json.dumps(rows)),
    ".parquet": lambda path, rows: pl.DataFrame(rows).write_parquet(path),
    ".arrow": lambda path, rows: pl.DataFrame(rows).write_ipc(path),
    ".xlsx": write_book,
}


@pytest.mark.parametrize("name", OTHERS)
def test_typed_tables_are_read(tmp_path: Path, name: str) -> None:
    rows, path = OTHERS[name], tmp_path / name
    WRITERS[path.suffix](path, rows)
    page = agreed(path)
    names = list(dict.fromkeys(key for row in rows for key in row))
    assert [one.name for one in page.columns] == names
    shown = [[to_json(row.get(name)) for name in names] for row in rows[:1000]]
    assert page.rows == shown
    if path.suffix == ".parquet":
        frame = read_value(str(path), pl.DataFrame)
        assert [[to_json(value) for value in row] for row in frame.iter_rows()] == shown


def test_sixty_tables_are_tested() -> None:
    assert len(CONTENTS) * len(DIALECTS) + len(OTHERS) == 60
