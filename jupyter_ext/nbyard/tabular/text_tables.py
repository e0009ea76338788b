"""Reads text tables without any library: checks and counts all lines, and reads any page.

A check creates a sparse index with pairs of (rows before, offset in the file). So a later page is
found without reading the rows before it.
"""

import bisect
import csv
import itertools
import json
from collections.abc import Callable, Iterator
from functools import cache
from operator import methodcaller
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from nbyard.domain.datasets.table_descriptions import BrokenTable
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, because
from nbyard.runner.handoff.text_format import MAX_LINE_BYTES, Dialect, UnreadableText, in_words

CHUNK = 256 << 10
ROWS_PER_ENTRY = 1000
BOM = b"\xef\xbb\xbf"


class Scan(msgspec.Struct):
    """The number of rows, blank lines and ragged lines in a file, and an index of rows.

    A ragged line has another number of values than the header. The row with the number `rows_at[i]`
    begins at the byte `offsets[i]`. `has_loose_quotes`: a value that has no quotes around it
    contains one, such as `5" disk`.
    """

    rows: int = 0
    blank: int = 0
    ragged: int = 0
    first_ragged: Reason | None = None
    rows_at: list[int] = []
    offsets: list[int] = []
    has_loose_quotes: bool = False

    def mark(self, offset: int) -> None:
        """Add an index entry: the next row begins at `offset`."""
        self.rows_at.append(self.rows)
        self.offsets.append(offset)

    def add_ragged(self, line: int, actual: int, expected: int) -> None:
        """Count a line with the wrong number of values. Keep a reason for the first one."""
        if not self.ragged:
            params = {"line": line, "found": actual, "expected": expected}
            self.first_ragged = because("ragged-line", **params)
        self.ragged += 1


def refusal_of(problem: UnreadableText) -> Invalid:
    """Return the error for a text that is no table."""
    return (BrokenTable if problem.is_broken else Invalid)(str(problem))


class WrongEncoding(Invalid):
    """The text does not have the encoding that its beginning suggested."""


def check_rows(path: Path, dialect: Dialect) -> Scan:
    """Check and count the rows of a text table.

    Raises:
        BrokenTable: The file is not a table. The message names the line.
        Invalid: The table cannot be read. The message names the line.
    """
    scan = Scan()
    with path.open("rb") as file:
        lines = dialect.lines
        file.seek(dialect.body)
        while True:
            start = file.tell()
            chunk = file.read(CHUNK)
            # Complete the last line, so that chunks end between lines.
            chunk += file.readline(MAX_LINE_BYTES) if chunk and not chunk.endswith(b"\n") else b""
            if not chunk:
                return scan
            _refuse_binary(chunk, lines, dialect.encoding)
            # A quote may span lines, so from here on the csv module has to parse.
            if b'"' in chunk:
                break
            scan.mark(start)
            lines += _check_plain(chunk, dialect, scan, lines)
        file.seek(start)
        source, expected = LineSource(file, dialect, lines), len(dialect.names)
        scan.mark(source.offset)
        for line, row in source.rows():
            if not row:
                scan.blank += 1
                continue
            scan.rows += 1
            if len(row) != expected:
                scan.add_ragged(line, len(row), expected)
            if not scan.has_loose_quotes and any(map(source.is_loose, row)):
                scan.has_loose_quotes = True
            if scan.rows % ROWS_PER_ENTRY == 0:
                scan.mark(source.offset)
    return scan


def _count_lines(data: bytes) -> int:
    return data.count(b"\n")


def _refuse_binary(chunk: bytes, lines: int, encoding: str) -> None:
    if (place := chunk.find(b"\0")) >= 0:
        line = lines + 1 + _count_lines(chunk[:place])
        raise BrokenTable(f"line {line:,} contains a NUL byte: the file is damaged or binary")
    if not chunk.endswith(b"\n") and len(chunk) >= MAX_LINE_BYTES:
        line = lines + 1 + _count_lines(chunk)
        raise BrokenTable(f"line {line:,} is longer than {MAX_LINE_BYTES:,} bytes")
    if chunk.isascii():
        return
    try:
        chunk.decode(encoding.removesuffix("-sig"))
    except UnicodeDecodeError as problem:
        line = lines + 1 + _count_lines(chunk[: problem.start])
        raise WrongEncoding(f"line {line:,} is not {encoding} text") from problem


@cache
def _all_but(kept: bytes) -> bytes:
    return bytes({*range(256)} - {*kept})


def _check_plain(chunk: bytes, dialect: Dialect, scan: Scan, before: int) -> int:
    delimiter, expected = dialect.delimiter.encode(), len(dialect.names)
    if expected > 1 and chunk.endswith(b"\n"):
        count, row = _count_lines(chunk), delimiter * (expected - 1) + b"\n"
        # The fast path: all lines have the same number of delimiters.
        # For example, `1,2\n3,4\n` without its values is `,\n,\n`.
        if chunk.translate(None, _all_but(delimiter + b"\n")) == row * count:
            scan.rows += count
            return count
    lines = chunk.split(b"\n")
    if not lines[-1]:
        lines.pop()
    widths = list(map(methodcaller("count", delimiter), lines))
    if set(widths) == {expected - 1} and (expected > 1 or all(map(bytes.strip, lines))):
        scan.rows += len(lines)
        return len(lines)
    for number, (line, width) in enumerate(zip(lines, widths, strict=True), before + 1):
        if line.strip(b"\r"):
            scan.rows += 1
            if width + 1 != expected:
                scan.add_ragged(number, width + 1, expected)
        else:
            scan.blank += 1
    return len(lines)


class LineSource:
    """The decoded lines of an open file.

    `line` counts them, and `offset` is where the next one begins.
    """

    def __init__(self, file: BinaryIO, dialect: Dialect, lines_before: int = 0):
        self._file = file
        self._dialect = dialect
        self._encoding = dialect.encoding.removesuffix("-sig")
        self.line = lines_before
        self.offset = file.tell()
        self._row: list[str] = []

    def __iter__(self) -> Iterator[str]:
        for raw in iter(lambda: self._file.readline(MAX_LINE_BYTES), b""):
            if b"\0" in raw or len(raw) >= MAX_LINE_BYTES:
                _refuse_binary(raw, self.line, self._encoding)
            self.line += 1
            self.offset += len(raw)
            try:
                text = raw.decode(self._encoding)
                self._row.append(text)
                yield text
            except UnicodeDecodeError as problem:
                raise WrongEncoding(f"line {self.line:,} is not {self._encoding} text") from problem

    def is_loose(self, value: str) -> bool:
        """Return whether a value of the last row contains a quote, and has none around it."""
        if '"' not in value:
            return False
        return '"' + value.replace('"', '""') + '"' not in "".join(self._row)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield rows, each with the number of the line where it begins.

        Raises:
            BrokenTable: A row cannot be read.
        """
        reader = csv.reader(self, delimiter=self._dialect.delimiter, strict=True)
        while True:
            line = self.line + 1
            self._row.clear()
            try:
                yield line, next(reader)
            except StopIteration:
                return
            except csv.Error as problem:
                raise refusal_of(in_words(line, str(problem), self._dialect.delimiter)) from problem


def read_page(
    path: Path, dialect: Dialect, offset: int, limit: int, scan: Scan | None
) -> list[list[str]]:
    """Return `limit` rows from `offset`, each as wide as the header.

    `scan` has the index of rows.
    """
    with path.open("rb") as file:
        skip, start = offset, dialect.body
        if scan and scan.offsets:
            place = bisect.bisect_right(scan.rows_at, offset) - 1
            skip, start = offset - scan.rows_at[place], scan.offsets[place]
        lines = dialect.lines if start == dialect.body else 0
        file.seek(start)
        rows = (row for _, row in LineSource(file, dialect, lines).rows() if row)
        width = len(dialect.names)
        return [
            (row + [""] * (width - len(row)))[:width]
            for row in itertools.islice(rows, skip, skip + limit)
        ]


def copy_plain(path: Path, dialect: Dialect, target: Path) -> None:
    """Copy a text table as UTF-8, without blank lines, and with every row as wide as the header."""
    width = len(dialect.names)
    with path.open("rb") as file, target.open("w", encoding="utf-8", newline="") as copy:
        file.seek(dialect.body)
        writer = csv.writer(copy, delimiter=dialect.delimiter, lineterminator="\n")
        writer.writerow(dialect.names)
        for _, row in LineSource(file, dialect, dialect.lines).rows():
            if row:
                writer.writerow((row + [""] * (width - len(row)))[:width])


def lines_page(path: Path, offset: int, limit: int, scan: Scan | None) -> list[bytes]:
    """Return `limit` lines from `offset`, without blank ones.

    `scan` has the index of lines.
    """
    with path.open("rb") as file:
        skip, start = offset, 0
        if scan and scan.offsets:
            place = bisect.bisect_right(scan.rows_at, offset) - 1
            skip, start = offset - scan.rows_at[place], scan.offsets[place]
        file.seek(start)
        lines = (line for line in iter(lambda: file.readline(MAX_LINE_BYTES), b"") if line.strip())
        return list(itertools.islice(lines, skip, skip + limit))


_decode = msgspec.json.Decoder().decode


def decode_json(text: bytes) -> Any:
    """Return the value of a JSON text, also with the NaN and Infinity that Python writes.

    Raises:
        DecodeError: The text is not JSON.
    """
    try:
        return _decode(text)
    except msgspec.DecodeError:
        if b"NaN" not in text and b"Infinity" not in text:
            raise
        try:
            return json.loads(text)
        except ValueError as problem:
            raise msgspec.DecodeError(str(problem)) from problem


def decode_row(line: bytes, where: str) -> dict[str, Any]:
    """Return the object in a line of JSON. `where` names the line in messages.

    Raises:
        BrokenTable: The line is not JSON.
        Invalid: The row is not an object, or is nested too deeply.
    """
    try:
        row = decode_json(line.removeprefix(BOM))
    except RecursionError as problem:
        raise Invalid(f"{where} is nested too deeply") from problem
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise BrokenTable(f"{where} is not JSON: {problem}") from problem
    if not isinstance(row, dict):
        raise Invalid(f"{where} is not a JSON object")
    return row


def check_lines(path: Path, see: Callable[[dict[str, Any]], None]) -> Scan:
    """Count the lines of JSON, without blank ones, and call `see` with the object in each.

    Raises:
        BrokenTable: A line is not JSON. The message names the line.
        Invalid: A row is not an object.
    """
    scan = Scan()
    with path.open("rb") as file:
        for number, start, line in _lines(file):
            if not line.strip():
                continue
            if scan.rows % ROWS_PER_ENTRY == 0:
                scan.mark(start)
            scan.rows += 1
            see(decode_row(line, f"line {number:,}"))
    return scan


def each_line(path: Path) -> Iterator[bytes]:
    """Yield all lines that are not blank."""
    with path.open("rb") as file:
        yield from (line for _, _, line in _lines(file) if line.strip())


def _lines(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    start = 0
    for number, line in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES), b""), 1):
        if len(line) >= MAX_LINE_BYTES:
            raise BrokenTable(f"line {number:,} is longer than {MAX_LINE_BYTES:,} bytes")
        yield number, start, line
        start += len(line)
