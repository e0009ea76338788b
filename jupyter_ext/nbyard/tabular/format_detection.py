"""Detects the format of a file by name and content, and how a text table is written."""

import bz2
import csv
import gzip
import itertools
import lzma
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from nbyard.domain.datasets.table_descriptions import MAX_FIELD_CHARACTERS, BrokenTable, TableFormat
from nbyard.domain.file_formats import COMPRESSED
from nbyard.errors import Invalid

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SAMPLE_BYTES = 256 << 10
MAX_LINE_BYTES = 4 * MAX_FIELD_CHARACTERS
MAX_UNZIPPED_BYTES = 2 << 30
DELIMITERS = (",", ";", "\t", "|")
SUFFIXES: dict[str, TableFormat] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".xlsx": "excel",
}
OPENERS: dict[str, Callable[..., Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".zst": zstd.open,
}
MAGIC: dict[bytes, TableFormat] = {b"PAR1": "parquet", b"ARROW1": "arrow"}
# Control characters in Latin-1. Windows-1252 has characters such as the euro sign there, except
# for five bytes.
NO_CONTROLS = bytes({*range(256)} - {*range(0x80, 0xA0)})
UNUSED = b"\x81\x8d\x8f\x90\x9d"
ENCODINGS = {"cp1252": "Windows-1252 (cp1252)", "latin-1": "Latin-1"}
# Valid files of other kinds with these names: Arrow streams, Feather 1, encrypted Parquet, Excel
# files with a password.
ALSO_CALLED_SO = (b"\xff\xff\xff\xff", b"FEA1", b"PARE", b"\xd0\xcf\x11\xe0")

# The beginning of a web page; comments may precede its first tag.
# A server may send its sign-in page under the name of the requested table.
MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*"
    rb"<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
# Excel writes and reads such a line before the header.
STATED = re.compile(r'"?sep=(.)"?,*', re.IGNORECASE)
SAMPLE_LINES = 200
LEAST_ROWS = 3
LINE_END = re.compile(r"\r\n|\r|\n")
DECIMAL_POINT = re.compile(r'"?[+-]?[0-9]*\.[0-9]*(?:[eE][+-]?[0-9]+)?"?\Z')
# Spreadsheets quote numbers with thousands, such as "2,800".
DECIMAL_COMMA = re.compile(r'[+-]?[0-9]+,[0-9]+\Z|"[+-]?[0-9]+,(?![0-9]{3}")[0-9]+"\Z')
NUMBER = re.compile(r"[+-]?[0-9]+([.,:/-][0-9]+)*\Z")


class Dialect(msgspec.Struct, frozen=True):
    """How a text table is written.

    `names` are its columns, and `renamed` those changed to be unique. `body` is the offset in bytes
    of the first row after the header. `skipped` lines stand before the header.
    """

    delimiter: str
    encoding: str
    names: list[str]
    body: int
    decimal_comma: bool = False
    renamed: list[str] = []
    skipped: int = 0


def unpacked_name(filename: str) -> str:
    """Return the name of a file without the suffix of its compression."""
    path = Path(filename)
    return path.stem if path.suffix.lower() in COMPRESSED else filename


def promises_table(filename: str) -> bool:
    """Return whether the name says that a file contains a table.

    JSON may contain anything.
    """
    return SUFFIXES.get(Path(unpacked_name(filename)).suffix.lower(), "json") != "json"


def unpack(path: Path, filename: str, target: Path) -> None:
    """Write the content of a compressed file.

    Raises:
        BrokenTable: The file is damaged.
        Invalid: The content is too large.
    """
    size = 0
    try:
        with (
            OPENERS[Path(filename).suffix.lower()](path, "rb") as source,
            target.open("wb") as copy,
        ):
            while piece := source.read(1 << 20):
                size += len(piece)
                if size > MAX_UNZIPPED_BYTES:
                    raise Invalid(
                        f"The unpacked file is larger than {MAX_UNZIPPED_BYTES >> 30} GiB."
                    )
                copy.write(piece)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zstd.ZstdError) as problem:
        raise BrokenTable(f"The file cannot be unpacked: {problem}") from problem


def detect_format(path: Path, filename: str) -> TableFormat:
    """Return the format of the table in a file.

    Raises:
        BrokenTable: The name promises a table that the file does not contain.
        Invalid: There is no preview for this kind of file.
    """
    with path.open("rb") as file:
        head = file.read(4096)
        file.seek(max(0, path.stat().st_size - 10))
        tail = file.read()
    if not head:
        raise BrokenTable("the file is empty")
    for magic, table_format in MAGIC.items():
        if head.startswith(magic):
            # A complete file ends with a footer, its length and the magic bytes.
            footer = int.from_bytes(tail.removesuffix(magic)[-4:], "little", signed=True)
            room = path.stat().st_size - 2 * len(magic)
            if not tail.endswith(magic) or not 0 < footer < room:
                raise BrokenTable(f"the end of the {table_format} file is missing")
            return table_format
    suffix = Path(filename).suffix
    named = SUFFIXES.get(suffix.lower())
    if not head.startswith(b"PK\x03\x04"):
        return _by_name(named, suffix, head)
    # Excel files are zip archives, as are many other files.
    if named != "excel":
        raise BrokenTable("this is an archive, not a table")
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(item.file_size for item in archive.infolist())
    except zipfile.BadZipFile as broken:
        raise BrokenTable("the Excel file is damaged") from broken
    # A zip bomb would fill the memory of the reader.
    if size > MAX_UNZIPPED_BYTES:
        raise Invalid(f"the Excel file unpacks to {size:,} bytes, more than can be read")
    return "excel"


def _by_name(named: TableFormat | None, suffix: str, head: bytes) -> TableFormat:
    """Return the format that the file's name promises, after checking the beginning of the file."""
    if named is None:
        raise Invalid("this kind of file has no preview")
    if MARKUP.match(head):
        raise BrokenTable(
            "the file is a web page (HTML), not a table; its address may need a sign-in"
        )
    if named in ("parquet", "arrow", "excel"):
        if head.startswith(ALSO_CALLED_SO):
            raise Invalid(f"this kind of {named} file has no preview")
        raise BrokenTable(f"the file is named {suffix} but its content is something else")
    if head[:2] not in (b"\xff\xfe", b"\xfe\xff") and b"\0" in head and not _utf16_variant(head):
        raise BrokenTable("the file holds NUL bytes: it is binary, not text")
    # Spark, for example, writes JSON lines to files with the suffix .json.
    if named == "json" and not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        return "jsonl"
    if named == "jsonl" and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        # A first line such as `[{"a": 1},` begins a list. `[1, 2]` is complete, and so one line of
        # many.
        return "json" if not head.lstrip().partition(b"\n")[0].rstrip().endswith(b"]") else "jsonl"
    return named


def _utf16_variant(head: bytes) -> str:
    """Return which UTF-16 a text without byte order mark is in, "" for another encoding.

    In UTF-16, every second byte is NUL.
    """
    # More than two of five characters must be in Latin-1: only their high byte is NUL.
    pairs = len(head) // 2
    if pairs and head[1::2].count(0) > 0.4 * pairs and head[0::2].count(0) == 0:
        return "utf-16-le"
    if pairs and head[0::2].count(0) > 0.4 * pairs and head[1::2].count(0) == 0:
        return "utf-16-be"
    return ""


def encoding_of(head: bytes) -> str:
    """Return the encoding of a text, judged by the beginning of its file."""
    for mark, name in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if head.startswith(mark):
            return name
    if wide := _utf16_variant(head):
        return wide
    try:
        head.decode()
    except UnicodeDecodeError as problem:
        # The sample may end in the middle of a character.
        return "utf-8" if problem.start >= len(head) - 3 else single_byte([head])
    return "utf-8"


def single_byte(pieces: Iterable[bytes]) -> str:
    """Return the encoding (cp1252 or latin-1) of bytes that are not UTF-8.

    They are cp1252 if a byte is a character there and a control character in Latin-1. All other
    bytes mean the same in both.
    """
    encoding = "latin-1"
    for piece in pieces:
        controls = piece.translate(None, NO_CONTROLS)
        if any(byte in UNUSED for byte in controls):
            return "latin-1"
        encoding = "cp1252" if controls else encoding
    return encoding


def needs_rewriting(head: bytes) -> bool:
    """Return whether a text must be rewritten before its lines can be read as bytes.

    That is so for UTF-16, and for lines that end with carriage returns only.
    """
    return encoding_of(head).startswith("utf-16") or (b"\n" not in head and b"\r" in head)


def dialect_of(file: BinaryIO, named: TableFormat, encoding: str = "") -> Dialect:
    """Return the dialect of a text table, from its header and its first lines."""
    file.seek(0)
    head = file.read(SAMPLE_BYTES)
    encoding = encoding or encoding_of(head)
    bom = 3 if encoding == "utf-8-sig" else 0
    rest = head[bom:].decode(encoding.removesuffix("-sig"), "replace")
    lines = LINE_END.split(rest)
    stated = STATED.fullmatch(lines[0]) if lines else None
    skipped = 1 if stated else 0
    if stated:
        delimiter = stated[1]
    else:
        tabs = "\t" if named == "tsv" else ""
        skipped, delimiter = _preamble(lines[:SAMPLE_LINES], tabs or DELIMITERS)
        delimiter = tabs or delimiter or _delimiter(lines[:50])
    file.seek(bom)
    before = b"".join(file.readline(MAX_LINE_BYTES) for _ in range(skipped))
    header, size = _header(file, encoding.removesuffix("-sig"), delimiter)
    names, renamed = unique_names(header)
    rows = lines[skipped + 1 : 200]
    values = [value.strip() for line in rows for value in line.split(delimiter)]
    decimal_comma = (
        delimiter != ","
        and not any(map(DECIMAL_POINT.match, values))
        and any(map(DECIMAL_COMMA.match, values))
    )
    body = bom + len(before) + size
    return Dialect(delimiter, encoding, names, body, decimal_comma, renamed, skipped)


def _preamble(lines: list[str], delimiters: Iterable[str]) -> tuple[int, str]:
    """Return how many lines of text stand before a table, and its delimiter; 0 and "" for none.

    At least nine of ten rows after the header have as many values as the header. Lines before it
    have fewer. If these have delimiters too, the header must differ from the rows: it has only
    words, and the rows have numbers.
    """
    lines = lines[:-1] if len(lines) == SAMPLE_LINES else lines  # the last one may be cut
    for delimiter in delimiters:
        reader = csv.reader(lines, delimiter=delimiter)
        try:
            rows, ends = zip(*((row, reader.line_num) for row in reader), strict=True)
        except (csv.Error, ValueError):  # no rows
            continue
        # Spreadsheets pad short lines with delimiters.
        widths = [len(row) if sum(map(bool, row)) > 1 else 1 for row in rows]
        width = max((widths.count(width), width) for width in widths)[1]
        first = widths.index(width) if width > 1 else 0
        later = [row for row in rows[first + 1 :] if any(row)]
        fits = sum(len(row) == width for row in later) >= 0.9 * len(later)
        if not first or not fits or len(later) < LEAST_ROWS or max(map(len, rows[:first])) > width:
            continue
        skipped = ends[first - 1]
        text = "".join(lines[:skipped])
        # R writes no name for the names of its rows.
        is_of_r = first == 1 and widths[0] == width - 1
        is_header = all(rows[first]) and not any(map(_is_number, rows[first])) and not is_of_r
        has_numbers = any(map(_is_number, itertools.chain(*later)))
        is_text = not any(mark in text for mark in (*DELIMITERS, '"'))
        if text.strip() and (is_text or (is_header and has_numbers)):
            return skipped, delimiter
    return 0, ""


def _is_number(text: str) -> bool:
    return NUMBER.match(text.strip()) is not None


def _header(file: BinaryIO, encoding: str, delimiter: str) -> tuple[list[str], int]:
    """Return the values of the first row that is not blank, and the offset of its end in bytes."""
    size = 0

    def lines() -> Iterator[str]:
        nonlocal size
        for line in iter(lambda: file.readline(MAX_LINE_BYTES), b""):
            size += len(line)
            if b"\0" in line:
                raise BrokenTable("line 1 holds NUL bytes: it is binary, not text")
            try:
                text = line.decode(encoding)
            except UnicodeDecodeError as problem:
                raise Invalid(f"the first line is not {encoding} text") from problem
            yield text

    reader = csv.reader(lines(), delimiter=delimiter, strict=True)
    first = 1
    try:
        for row in reader:
            if "".join(row).strip():
                return row, size
            first = reader.line_num + 1
    except csv.Error as problem:
        raise in_words(first, str(problem), delimiter) from problem
    raise BrokenTable("the file is empty")


def in_words(line: int, problem: str, delimiter: str) -> Invalid:
    """Return the error for a problem of the csv module in the row that begins in this line.

    The file may not be broken if it is separated by tabs: many such files do not use quotes.
    """
    kind = Invalid if delimiter == "\t" else BrokenTable
    if "unexpected end" in problem:
        return kind(f"the quote that opens in line {line:,} is never closed")
    if "field larger" in problem:
        return kind(
            f"a value in the row that starts in line {line:,} is longer than"
            f" {MAX_FIELD_CHARACTERS:,} characters (is a quote left open?)"
        )
    return kind(f"line {line:,}: {problem}")


def _delimiter(lines: list[str]) -> str:
    """Return the delimiter that splits most lines into the same number of values, at least two."""
    best, best_score = ",", (0, 0)
    for delimiter in DELIMITERS:
        try:
            # The last line may be cut, as the sample ends after a number of bytes.
            widths = [
                len(row) for row in csv.reader(lines[:-1] or lines, delimiter=delimiter) if row
            ]
        except csv.Error:
            continue
        if widths and widths[0] > 1:
            score = (sum(width == widths[0] for width in widths), widths[0])
            best, best_score = (delimiter, score) if score > best_score else (best, best_score)
    return best


def unique_names(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return unique names of columns, and those that had to be changed."""
    unique: dict[str, None] = {}
    renamed = []
    for place, name in enumerate(names, 1):
        base = name if name.strip() else f"column {place}"
        free, count = base, 2
        while free in unique:
            free, count = f"{base}_{count}", count + 1
        if free != name:
            renamed.append(free)
        unique[free] = None
    return list(unique), renamed
