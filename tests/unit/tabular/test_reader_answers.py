"""The first rows of a table, with unchanged bytes."""

import csv
import io
import json
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.tabular import reader_answers
from nbyard.tabular.reader_answers import copy_first_rows


def cut(folder: Path, content: bytes, file_format: str = "csv", rows: int = 2) -> bytes | None:
    """The sample of a file; None if it stays whole."""
    source, target = folder / "source", folder / "target"
    source.write_bytes(content)
    target.unlink(missing_ok=True)
    return target.read_bytes() if copy_first_rows(source, file_format, rows, target) else None


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a,b\n1,2\n3,4\n5,6\n", b"a,b\n1,2\n3,4\n"),
        (b"a,b\r\n1,2\r\n3,4\r\n5,6", b"a,b\r\n1,2\r\n3,4\r\n"),
        (b"a,b\r1,2\r3,4\r5,6\r", b"a,b\r1,2\r3,4\r"),
        (b'a,b\n1,"x\ny"\n3,"""\n"""\n5,6\n', b'a,b\n1,"x\ny"\n3,"""\n"""\n'),
        (b"a\n\n1\n\n2\n3\n", b"a\n\n1\n\n2\n"),
        ("a\né\nü\nß\n".encode("latin-1"), "a\né\nü\n".encode("latin-1")),
        ("\ufeffa\né\nü\nß\n".encode(), "\ufeffa\né\nü\n".encode()),
        (b"a\n1\n2\n\xff\xfe\n", b"a\n1\n2\n"),
    ],
)
def test_text_rows_are_unchanged(tmp_path: Path, content: bytes, expected: bytes) -> None:
    assert cut(tmp_path, content) == expected


def test_wide_characters_stay_readable(tmp_path: Path) -> None:
    found = cut(tmp_path, "a\n1\n2\n3\n".encode("utf-16"))
    assert found is not None and found.decode("utf-16") == "a\n1\n2\n"


@pytest.mark.parametrize("content", [b"", b"a\n", b"a\n1\n2\n", b"a\n1\n2", b"a\n1\n2\n\n\n"])
def test_a_small_table_is_not_cut(tmp_path: Path, content: bytes) -> None:
    assert cut(tmp_path, content) is None


def test_json_lines_have_no_header_and_no_quoted_line_breaks(tmp_path: Path) -> None:
    lines = [json.dumps({"a": 'one "', "n": n}) for n in range(4)]
    found = cut(tmp_path, "\n".join(lines).encode(), "jsonl")
    assert found is not None and found.decode().splitlines() == lines[:2]


@pytest.mark.parametrize("file_format", ["", "json", "excel", "arrow", "zip", "png"])
def test_other_formats_are_not_cut(tmp_path: Path, file_format: str) -> None:
    assert cut(tmp_path, b"a\n1\n2\n3\n", file_format) is None


def test_a_stray_quote_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_answers, "MOST_IN_ROW", 12)
    content = b'size\n5"\n' + b"1234\n" * 50
    found = cut(tmp_path, content)
    assert found is not None and len(found) < 40


def test_huge_rows_are_not_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_answers, "MOST_CHARS", 10)
    assert cut(tmp_path, b"a\n" + b"1" * 30 + b"\n2\n3\n") is None


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=5)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=8), st.integers(1, 5))
def test_the_sample_equals_the_first_rows_of_a_reader(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], rows: int
) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["a", "b"], *table])
    content = text.getvalue().encode()
    found = cut(tmp_path_factory.mktemp("cut"), content, rows=rows)
    read = list(csv.reader(io.StringIO((found or content).decode(), newline="")))
    assert read[1:] == table[:rows]
    assert (found is None) == (len(table) <= rows)


def test_parquet_keeps_types_and_the_index_of_pandas(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"n": range(10), "t": pd.Timestamp("2026-01-01")}, index=list("abcdefghij")
    )
    frame.to_parquet(tmp_path / "whole.parquet")
    target = tmp_path / "cut.parquet"
    assert copy_first_rows(tmp_path / "whole.parquet", "parquet", 3, target)
    found = pd.read_parquet(target)
    assert found["n"].tolist() == [0, 1, 2] and found.index.tolist() == ["a", "b", "c"]
    assert not copy_first_rows(tmp_path / "whole.parquet", "parquet", 10, target)
    plain = tmp_path / "plain.parquet"
    pd.DataFrame({"n": range(10)}).to_parquet(plain)
    assert copy_first_rows(plain, "parquet", 3, target)
    assert pd.read_parquet(target).index.tolist() == [0, 1, 2]
    assert pl.read_parquet(target).columns == ["n"]
