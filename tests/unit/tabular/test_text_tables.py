"""Lines counted, checked and found again, compared with the csv module on whole files."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbyard.errors import Invalid
from nbyard.reasons.structs import because
from nbyard.runner.handoff.text_format import dialect_of
from nbyard.tabular import text_tables

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=6)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_tables, "CHUNK", 16)
    monkeypatch.setattr(text_tables, "ROWS_PER_ENTRY", 3)


@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=40), data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_csv_files_are_counted_and_paged(
    tmp_path: Path, rows: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("a", "b", "c"), *rows])
    path = tmp_path / "x.csv"
    path.write_bytes(text.getvalue().encode())
    with path.open("rb") as file:
        dialect = dialect_of(file, is_tsv=False, encoding="utf-8")
    if dialect.delimiter != ",":
        return
    scan = text_tables.check_rows(path, dialect)
    assert (scan.rows, scan.ragged) == (len(rows), 0)
    offset = data.draw(st.integers(0, len(rows) + 2))
    for index in (scan, None):
        found = text_tables.read_page(path, dialect, offset, 5, index)
        assert found == [list(row) for row in rows[offset : offset + 5]]


@given(lines=st.lists(st.sampled_from([b"{}", b"", b'{"a":"b"}', b"  "]), max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lines(tmp_path: Path, lines: list[bytes]) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"\n".join(lines))
    real = [line for line in lines if line.strip()]
    seen: list[dict[str, str]] = []
    scan = text_tables.check_lines(path, seen.append)
    assert scan.rows == len(seen) == len(real)
    for offset in range(0, len(real) + 1, 7):
        found = text_tables.lines_page(path, offset, 4, scan)
        assert [line.rstrip(b"\n") for line in found] == real[offset : offset + 4]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a,b\n" + b"1,2\n" * 50 + b'"3,4\n' + b"5,6\n" * 50, "opens in line 52 is never closed"),
        (b"a,b\n" + b"1,2\n" * 50 + b"1,\0\n", "line 52 contains a NUL"),
        (b'a,b\n"x",2\n' + b"1,2\n" * 50 + b"1,\0\n", "line 53 contains a NUL"),
        (b'a,b\n"x"y,2\n', "line 2: "),
        (b"a,b\n" + b"1,2\n" * 20 + b"\xff,1\n", "line 22 is not utf-8"),
        (b'a,b\n"x",1\n' + b"1,2\n" * 20 + b"\xff,1\n", "line 23 is not utf-8"),
    ],
)
def test_the_line_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with path.open("rb") as file:
        dialect = dialect_of(file, is_tsv=False, encoding="utf-8")
    with pytest.raises(Invalid, match=says):
        text_tables.check_rows(path, dialect)


def test_ragged_lines_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    for quoted in (b"1,2\n", b'"1",2\n'):
        path.write_bytes(b"a,b\n" + quoted * 30 + b"\n1,2,3\n1\n")
        with path.open("rb") as file:
            dialect = dialect_of(file, is_tsv=False)
        scan = text_tables.check_rows(path, dialect)
        assert (scan.rows, scan.blank, scan.ragged) == (32, 1, 2)
        assert scan.first_ragged == because("ragged-line", line=33, found=3, expected=2)
        assert text_tables.read_page(path, dialect, 30, 9, scan) == [["1", "2"], ["1", ""]]
        text_tables.copy_plain(path, dialect, tmp_path / "plain")
        assert (tmp_path / "plain").read_bytes().endswith(b"1,2\n1,2\n1,\n")
