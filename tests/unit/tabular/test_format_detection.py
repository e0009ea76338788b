"""What a file is, judged by its beginning."""

import zipfile
from pathlib import Path

import pytest

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
