"""Fair samples of tables, with unchanged bytes."""

import csv
import io
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.tabular import samples
from nbyard.tabular.prepare_source import Source
from nbyard.tabular.samples import copy_sample, fair_rows, spread


def cut(folder: Path, content: bytes, file_format: str = "csv", rows: int = 2) -> bytes | None:
    """The sample of a file; None if it stays whole."""
    source, target = folder / f"source.{file_format}", folder / "target"
    source.write_bytes(content)
    work = Path(tempfile.mkdtemp(dir=folder))
    target.unlink(missing_ok=True)
    is_cut = copy_sample(Source(source, source.name, work), rows, target)
    return target.read_bytes() if is_cut else None


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a,b\n1,2\n3,4\n5,6\n", b"a,b\n1,2\n5,6\n"),
        (b"a,b\r\n1,2\r\n3,4\r\n5,6", b"a,b\r\n1,2\r\n5,6"),
        (b"a,b\r1,2\r3,4\r5,6\r", b"a,b\n1,2\n5,6\n"),
        (b'a,b\n1,"x\ny"\n3,4\n5,"""\n"""\n', b'a,b\n1,"x\ny"\n5,"""\n"""\n'),
        (b'a,b\n1,5" disk\n3,4\n5,3" disk\n', b'a,b\n1,5" disk\n5,3" disk\n'),
        (b"a\n\n1\n2\n\n3\n", b"a\n\n1\n\n3\n"),
        (b"sep=;\na;b\n1;2\n3;4\n5;6\n", b"sep=;\na;b\n1;2\n5;6\n"),
        ("a\né\nü\nß\n".encode("latin-1"), "a\né\nß\n".encode("latin-1")),
        ("\ufeffa\né\nü\nß\n".encode(), "\ufeffa\né\nß\n".encode()),
    ],
)
def test_text_rows_are_unchanged(tmp_path: Path, content: bytes, expected: bytes) -> None:
    assert cut(tmp_path, content) == expected


def test_wide_characters_stay_readable(tmp_path: Path) -> None:
    found = cut(tmp_path, "a\n1\n2\n3\n".encode("utf-16"))
    assert found is not None and found.decode("utf-16").lstrip("\ufeff") == "a\n1\n3\n"


@pytest.mark.parametrize("content", [b"a\n", b"a\n1\n2\n", b"a\n1\n2", b"a\n1\n2\n\n\n"])
def test_a_small_table_is_not_cut(tmp_path: Path, content: bytes) -> None:
    assert cut(tmp_path, content) is None


def test_json_lines_have_no_header_and_no_quoted_line_breaks(tmp_path: Path) -> None:
    lines = [json.dumps({"a": 'one "', "n": [n]}) for n in range(4)]
    found = cut(tmp_path, "\n".join(lines).encode(), "jsonl")
    assert found is not None and found.decode().splitlines() == [lines[0], lines[3]]


def test_other_formats_are_not_cut(tmp_path: Path) -> None:
    assert cut(tmp_path, b'[{"a": 1}, {"a": 2}, {"a": 3}]', "json") is None


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=5)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=8), st.integers(1, 5))
def test_the_sample_has_whole_rows_in_order(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], rows: int
) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["a", "b"], *table])
    found = cut(tmp_path_factory.mktemp("cut"), text.getvalue().encode(), rows=rows)
    assert (found is None) == (len(table) <= rows)
    if found is not None:
        read = list(csv.reader(io.StringIO(found.decode(), newline="")))[1:]
        left = iter(table)
        assert len(read) == rows and all(row in left for row in read)


COLUMNS = st.integers(1, 60).flatmap(
    lambda count: st.lists(
        st.lists(st.sampled_from("abcd"), min_size=count, max_size=count), max_size=3
    ).map(lambda columns: (count, columns))
)


@given(COLUMNS, st.integers(1, 40))
def test_a_sample_keeps_some_rows_of_each_class(
    table: tuple[int, list[list[str]]], rows: int
) -> None:
    count, columns = table
    chosen = fair_rows(count, rows, columns)
    assert chosen == sorted(set(chosen)) == fair_rows(count, rows, columns)
    assert len(chosen) == min(count, rows) and set(chosen) <= set(range(count))
    # A single class column always fits.
    for column in columns[:1]:
        kept = Counter(column[place] for place in chosen)
        least = max(1, min(samples.FEW, rows // len({*column}) // 2))
        if len({*column}) <= min(rows, count // 2):
            assert all(kept[name] >= min(least, n) for name, n in Counter(column).items())


@given(st.integers(0, 500), st.integers(0, 100))
def test_rows_are_spread_over_the_whole_table(count: int, wanted: int) -> None:
    places = spread(count, wanted)
    assert places == sorted(set(places)) and len(places) == min(count, wanted)
    if 1 < wanted <= count:
        assert (places[0], places[-1]) == (0, count - 1)


@pytest.mark.parametrize("file_format", ["csv", "jsonl", "parquet"])
def test_each_class_of_a_sorted_table_is_in_the_sample(tmp_path: Path, file_format: str) -> None:
    kinds = ["Adelie"] * 152 + ["Gentoo"] * 124 + ["Rare"] * 3
    frame = pl.DataFrame({"n": range(len(kinds)), "kind": kinds, "note": [None] * len(kinds)})
    whole = io.BytesIO()
    write: dict[str, Any] = {
        "csv": frame.write_csv,
        "jsonl": frame.write_ndjson,
        "parquet": frame.write_parquet,
    }
    write[file_format](whole)
    found = cut(tmp_path, whole.getvalue(), file_format, rows=50)
    assert found is not None
    read: dict[str, Any] = {"csv": pl.read_csv, "jsonl": pl.read_ndjson, "parquet": pl.read_parquet}
    table = read[file_format](io.BytesIO(found))
    assert table.height == 50 and table["n"].is_sorted()
    assert Counter(table["kind"])["Rare"] == 3 and {*table["kind"]} == {*kinds}


@pytest.mark.parametrize("text", ["plain", 'a "quoted" word,\nand a line'])
def test_a_large_text_is_read_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(samples, "WHOLE_BYTES", 5000)
    buffer = io.StringIO()
    rows = [[str(n), text, "end"] for n in range(20_000)]
    csv.writer(buffer, lineterminator="\n").writerows([["n", "text", "end"], *rows])
    source = tmp_path / "large.csv"
    source.write_text(buffer.getvalue())
    (tmp_path / "work").mkdir()
    made, target = Source(source, source.name, tmp_path / "work"), tmp_path / "target"
    for wanted in (10, 5000):
        assert copy_sample(made, wanted, target, part=1 << 10)
        read = list(csv.reader(io.StringIO(target.read_text(), newline="")))[1:]
        assert len(read) == wanted and all(row in rows for row in read[:10])
        assert int(read[-1][0]) > 19_000


def test_parquet_keeps_types_and_the_index_of_pandas(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"n": range(10), "t": pd.Timestamp("2026-01-01")}, index=list("abcdefghij")
    )
    whole = frame.to_parquet()
    found = pd.read_parquet(io.BytesIO(cut(tmp_path, whole, "parquet", 3) or b""))
    assert found["n"].tolist() == [0, 1, 9] and found.index.tolist() == ["a", "b", "j"]
    assert found["t"].dtype == frame["t"].dtype
    assert cut(tmp_path, whole, "parquet", 10) is None
    plain = cut(tmp_path, pd.DataFrame({"n": range(10)}).to_parquet(), "parquet", 3) or b""
    assert pd.read_parquet(io.BytesIO(plain)).index.tolist() == [0, 1, 2]
    assert pl.read_parquet(plain).columns == ["n"]


def test_a_large_parquet_file_is_read_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "SPOT_ROWS", 10)
    whole = io.BytesIO()
    pl.DataFrame({"n": range(5000)}).write_parquet(whole)
    found = pl.read_parquet(cut(tmp_path, whole.getvalue(), "parquet", 20) or b"")["n"].to_list()
    assert len(found) == 20 and found == sorted(found) and found[-1] > 4900
