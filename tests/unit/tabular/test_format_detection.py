"""What a file is, judged by its beginning."""

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.errors import Invalid
from nbyard.tabular import format_detection


@pytest.mark.parametrize(
    ("filename", "content", "expected"),
    [
        ("a.csv", b"a,b\n", "csv"),
        ("A.CSV", b"a,b\n", "csv"),
        ("a.tab", b"a\tb\n", "tsv"),
        ("a.ndjson", b"{}\n", "jsonl"),
        ("a.json", b"  [\n{}]", "json"),
        ("a.json", b'{"a":1}\n{"a":2}\n', "jsonl"),
        ("a.jsonl", b'[{"a":1},\n{"a":2}]', "json"),
        ("nonsense", b"PAR1....\1\0\0\0PAR1", "parquet"),
        ("a.csv", b"ARROW1..\1\0\0\0ARROW1", "arrow"),
        ("a.csv", "a,b\n".encode("utf-16"), "csv"),
    ],
)
def test_detect(tmp_path: Path, filename: str, content: bytes, expected: str) -> None:
    (tmp_path / "blob").write_bytes(content)
    assert format_detection.detect_format(tmp_path / "blob", filename) == expected


@pytest.mark.parametrize(
    ("filename", "content", "says"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b"\x7fELF\0\0\0", "NUL"),
        ("a.parquet", b"a,b\n", "something else"),
        ("a.xlsx", b"a,b\n", "something else"),
        ("a.xlsx", b"PK\x03\x04zz", "damaged"),
        ("a.csv", b"PK\x03\x04zz", "archive"),
        ("a.pkl", b"\x80\x04", "no preview"),
        ("a", b"a,b\n", "no preview"),
    ],
)
def test_other_files_are_no_tables(
    tmp_path: Path, filename: str, content: bytes, says: str
) -> None:
    (tmp_path / "blob").write_bytes(content)
    with pytest.raises(Invalid, match=says):
        format_detection.detect_format(tmp_path / "blob", filename)


def test_a_too_large_workbook_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "blob", "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", b"0" * 1_000_000)
    assert format_detection.detect_format(tmp_path / "blob", "a.xlsx") == "excel"
    monkeypatch.setattr(format_detection, "MAX_UNZIPPED_BYTES", 999_999)
    with pytest.raises(Invalid, match="unpacks to 1,000,000 bytes"):
        format_detection.detect_format(tmp_path / "blob", "a.xlsx")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"]
)
def test_encoding(encoding: str) -> None:
    text = "name,größe\n" + "abc,1\n" * 200
    assert format_detection.encoding_of(text.encode(encoding)) == encoding


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"caf\xe9", "latin-1"),
        (b"\x80 \x93q\x94", "cp1252"),
        (b"\x80 \x81", "latin-1"),
    ],
)
def test_windows_characters_set_the_encoding(content: bytes, expected: str) -> None:
    assert format_detection.encoding_of(content + b"\n" * 9) == expected
    assert format_detection.single_byte([b"a", content]) == expected


def test_a_cut_character_does_not_change_the_encoding() -> None:
    assert format_detection.encoding_of("aé".encode()[:-1]) == "utf-8"


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
    unique, changed = format_detection.unique_names(names)
    assert (unique, changed) == (expected, [name for name in expected if name not in names])


@given(st.lists(st.text(max_size=3), max_size=30))
def test_duplicate_names_become_unique(names: list[str]) -> None:
    found, _ = format_detection.unique_names(names)
    assert len(set(found)) == len(found) == len(names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"a;b\n1,5;x\n2,25;y\n", (";", True)),
        (b"a;b\n1,5;x\n2.5;y\n", (";", False)),
        (b"a,b\n1,5\n", (",", False)),
    ],
)
def test_decimal_commas(text: bytes, expected: tuple[str, bool]) -> None:
    dialect = format_detection.dialect_of(io.BytesIO(text), "csv")
    assert (dialect.delimiter, dialect.decimal_comma) == expected


def test_a_header_over_several_lines() -> None:
    dialect = format_detection.dialect_of(io.BytesIO(b'\n"two\nlines",b\n1,2\n'), "csv")
    assert dialect.names == ["two\nlines", "b"]
