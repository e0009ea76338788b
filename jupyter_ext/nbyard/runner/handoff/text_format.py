"""How text tables (CSV, TSV) are written: encoding, delimiter, header, and the texts of values.

The reader processes, the hand-off and the images of models share this module. So it uses the
standard library only, and runs on Python 3.9.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timezone
from functools import cache
from importlib import import_module
from typing import BinaryIO, Literal, NamedTuple, cast

MAX_FIELD_CHARACTERS = 8 << 20
# By default, a field may have 131,072 characters. The limit is the same for the whole process.
csv.field_size_limit(MAX_FIELD_CHARACTERS)
SAMPLE_BYTES = 256 << 10
MAX_LINE_BYTES = 4 * MAX_FIELD_CHARACTERS
DELIMITERS = (",", ";", "\t", "|")
# The modules that read compressed files, and their own exceptions.
ZSTD = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
COMPRESSED = {".gz": "gzip", ".bz2": "bz2", ".xz": "lzma", ".zst": ZSTD}
DAMAGED = (("zlib", "error"), ("lzma", "LZMAError"), (ZSTD, "ZstdError"))
TSV = (".tsv", ".tab")
# Control characters in Latin-1. Windows-1252 has characters such as the euro sign there, except
# for five bytes.
NO_CONTROLS = bytes({*range(256)} - {*range(0x80, 0xA0)})
SINGLE_BYTE = ("cp1252", "latin-1")
UNUSED = b"\x81\x8d\x8f\x90\x9d"
# Excel writes and reads such a line before the header.
STATED = re.compile(r'"?sep=(.)"?,*', re.IGNORECASE)
SAMPLE_LINES = 200
LEAST_ROWS = 3
LINE_END = re.compile(r"\r\n|\r|\n")
DECIMAL_POINT = re.compile(r'"?[+-]?[0-9]*\.[0-9]*(?:[eE][+-]?[0-9]+)?"?\Z')
# Spreadsheets quote numbers with thousands, such as "2,800".
DECIMAL_COMMA = re.compile(r'[+-]?[0-9]+,[0-9]+\Z|"[+-]?[0-9]+,(?![0-9]{3}")[0-9]+"\Z')
NUMBER = re.compile(r"[+-]?[0-9]+([.,:/-][0-9]+)*\Z")


class UnreadableText(ValueError):
    """The text is no table. `is_broken` means that no other delimiter would make it one."""

    def __init__(self, message: str, *, is_broken: bool = True):
        super().__init__(message)
        self.is_broken = is_broken


class Dialect(NamedTuple):
    """How a text table is written."""

    delimiter: str
    encoding: str
    decimal_comma: bool
    names: list[str]  # of its columns
    renamed: list[str]  # columns whose names were changed to be unique
    body: int  # offset of the first row after the header, in bytes
    lines: int  # number of lines before it
    skipped: int  # number of lines before the header
    is_empty: bool  # no row follows the header


def unpacked_name(filename: str) -> str:
    """Return the name of a file without the suffix of its compression."""
    stem, dot, suffix = filename.rpartition(".")
    return stem if stem and dot + suffix.lower() in COMPRESSED else filename


def open_unpacked(path: str, filename: str = "") -> BinaryIO:
    """Open a file for reading, and decompress it if its name has the suffix of a compression."""
    suffix = os.path.splitext(filename or path)[1].lower()
    if suffix not in COMPRESSED:
        return open(path, "rb")
    if suffix == ".zst":
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
        return cast(BinaryIO, zstd.open(path, "rb"))
    return cast(BinaryIO, import_module(COMPRESSED[suffix]).open(path, "rb"))


def damage_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions that a damaged compressed file raises."""
    loaded = (getattr(sys.modules.get(module), name, None) for module, name in DAMAGED)
    return (OSError, EOFError, *filter(None, loaded))


def utf16_variant(head: bytes) -> str:
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
    if wide := utf16_variant(head):
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


def encoding_in(opened: Callable[[], BinaryIO]) -> str:
    """Return the encoding of a text, judged by all its bytes. `opened` opens it."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with opened() as file:
        head = file.read(SAMPLE_BYTES)
        encoding = encoding_of(head)
        if encoding.startswith("utf-16"):
            return encoding
        try:
            decoder.decode(head)
            for piece in _pieces(file):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            pass
        else:
            return encoding
    with opened() as file:
        return single_byte(_pieces(file))


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.read(SAMPLE_BYTES), b"")


def needs_rewriting(head: bytes) -> bool:
    """Return whether a text must be rewritten before its lines can be read as bytes.

    That is so for UTF-16, and for lines that end with carriage returns only.
    """
    return encoding_of(head).startswith("utf-16") or (b"\n" not in head and b"\r" in head)


def dialect_of_file(path: str, opened: Callable[[], BinaryIO]) -> Dialect:
    """Return the dialect of a text table, by its name and its beginning. `opened` opens it.

    Raises:
        UnreadableText: The header cannot be read.
    """
    with opened() as file:
        head = file.read(SAMPLE_BYTES)
    encoding = encoding_of(head)
    encoding = encoding_in(opened) if encoding in SINGLE_BYTE else encoding
    return dialect_in(head, unpacked_name(path).lower().endswith(TSV), encoding)


def dialect_in(head: bytes, is_tsv: bool, encoding: str) -> Dialect:
    """Return the dialect of a text table that begins with these bytes.

    Raises:
        UnreadableText: The header cannot be read.
    """
    if not needs_rewriting(head):
        return dialect_of(io.BytesIO(head), is_tsv, encoding)
    # A sample may end within a character.
    text = head.decode(encoding, "ignore" if len(head) == SAMPLE_BYTES else "strict")
    lines = LINE_END.sub("\n", text).encode()
    return dialect_of(io.BytesIO(lines), is_tsv, "utf-8")._replace(encoding=encoding)


def dialect_of(file: BinaryIO, is_tsv: bool, encoding: str = "") -> Dialect:
    """Return the dialect of a text table, from its header and its first lines.

    Raises:
        UnreadableText: The header cannot be read.
    """
    file.seek(0)
    head = file.read(SAMPLE_BYTES)
    encoding = encoding or encoding_of(head)
    bom = 3 if encoding == "utf-8-sig" else 0
    rest = head[bom:].decode(_plain(encoding), "replace")
    lines = LINE_END.split(rest, SAMPLE_LINES)
    stated = STATED.fullmatch(lines[0]) if lines else None
    skipped = 1 if stated else 0
    if stated:
        delimiter = stated[1]
    else:
        tabs = "\t" if is_tsv else ""
        skipped, delimiter = _preamble(lines[:SAMPLE_LINES], tabs or DELIMITERS)
        delimiter = tabs or delimiter or _delimiter(lines[:50])
    file.seek(bom)
    before = b"".join(file.readline(MAX_LINE_BYTES) for _ in range(skipped))
    header, size, lines_read = _header(file, _plain(encoding), delimiter)
    names, renamed = unique_names(header)
    rows = lines[skipped + 1 : SAMPLE_LINES]
    values = [value.strip() for line in rows for value in line.split(delimiter)]
    decimal_comma = (
        delimiter != ","
        and not any(map(DECIMAL_POINT.match, values))
        and any(map(DECIMAL_COMMA.match, values))
    )
    return Dialect(
        delimiter=delimiter,
        encoding=encoding,
        decimal_comma=decimal_comma,
        names=names,
        renamed=renamed,
        body=bom + len(before) + size,
        lines=skipped + lines_read,
        skipped=skipped,
        is_empty=not file.read(1),
    )


def _plain(encoding: str) -> str:
    return encoding[:-4] if encoding.endswith("-sig") else encoding


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
            rows, ends = zip(*((row, reader.line_num) for row in reader))  # noqa: B905  older Pythons
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


def _header(file: BinaryIO, encoding: str, delimiter: str) -> tuple[list[str], int, int]:
    """Return the values of the first row that is not blank, and its end in bytes and in lines."""
    size = 0

    def lines() -> Iterator[str]:
        nonlocal size
        for line in iter(lambda: file.readline(MAX_LINE_BYTES), b""):
            size += len(line)
            if b"\0" in line:
                raise UnreadableText("line 1 holds NUL bytes: it is binary, not text")
            try:
                text = line.decode(encoding)
            except UnicodeDecodeError as problem:
                message = f"the first line is not {encoding} text"
                raise UnreadableText(message, is_broken=False) from problem
            yield text

    reader = csv.reader(lines(), delimiter=delimiter, strict=True)
    first = 1
    try:
        for row in reader:
            if "".join(row).strip():
                return row, size, reader.line_num
            first = reader.line_num + 1
    except csv.Error as problem:
        raise in_words(first, str(problem), delimiter) from problem
    raise UnreadableText("the file is empty")


def in_words(line: int, problem: str, delimiter: str) -> UnreadableText:
    """Return the error for a problem of the csv module in the row that begins in this line.

    The file may not be broken if it is separated by tabs: many such files do not use quotes.
    """
    message = f"line {line:,}: {problem}"
    if "unexpected end" in problem:
        message = f"the quote that opens in line {line:,} is never closed"
    if "field larger" in problem:
        message = (
            f"a value in the row that starts in line {line:,} is longer than"
            f" {MAX_FIELD_CHARACTERS:,} characters (is a quote left open?)"
        )
    return UnreadableText(message, is_broken=delimiter != "\t")


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


# The words that pandas reads as missing, except words with another common meaning.
NULLS = ("", "NA", "N/A", "n/a", "<NA>", "#N/A", "NaN", "nan", "null", "NULL", "None")

WHOLE = "(?:0|[1-9][0-9]*)"
# A number would lose a leading zero or plus: such texts are keys, phone numbers or codes.
INT = "(?:0|-?[1-9][0-9]*)"
FLOAT = (
    rf"(?:(?:-?{WHOLE}|[+-]?(?:{WHOLE}\.[0-9]*|\.[0-9]+))(?:[eE][+-]?[0-9]+)?"
    "|[+-]?(?:inf|Inf|Infinity))"
)
BOOL = "(?:[Tt]rue|TRUE|[Ff]alse|FALSE)"
PARTS = {
    "%Y": "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])",
    "%m": "[0-9]{1,2}",
    "%d": "[0-9]{1,2}",
    "%H": "[0-9]{2}",
    "%M": "[0-9]{2}",
    "%S": "[0-9]{2}",
    "%f": "[0-9]{1,6}",
    "%z": "[+-][0-9]{2}:?[0-9]{2}",
}
DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y")
CLOCKS = ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f")
ZONES = ("", "Z", "%z")
UTC = timezone.utc  # noqa: UP017  # kernels may be older than Python 3.11
# Only a number above 12 shows which of the first two is the day. With points it is clear.
EITHER = ("%d/", "%m/", "%d-", "%m-")


FormType = Literal["bool", "int", "float", "date", "datetime", "time", "string", "null"]


class Form(NamedTuple):
    """A type, and how texts write its values."""

    type: FormType
    layouts: tuple[str, ...] = ()  # such as `%d.%m.%Y`
    padded: bool = False  # some texts have spaces around the value


# The narrowest forms come first.
FORMS = (
    *(Form("bool"), Form("int"), Form("float")),
    *(Form("date", (day,)) for day in DATES),
    *(
        Form("datetime", tuple(f"{day}{mark}{clock}{zone}" for mark in "T " for clock in CLOCKS))
        for zone in ZONES
        for day in DATES
    ),
    Form("time", CLOCKS),
)


# Layouts that one text alone makes clear.
CLEAR = {
    kind: tuple(
        layout
        for form in FORMS
        if form.type in kinds
        for layout in form.layouts
        if not layout.startswith(EITHER)
    )
    for kind, kinds in {"date": ("date",), "datetime": ("date", "datetime")}.items()
}


def form_pattern(form: Form, decimal_comma: bool = False, *, or_null: bool = False) -> str:
    """Return a regular expression that matches whole texts of a form.

    With `or_null`, it also matches texts that stand for a missing value.
    """
    known = {"bool": BOOL, "int": INT, "float": FLOAT}
    if form.type in known:
        pattern = known[form.type]
        pattern = pattern.replace(r"\.", ",") if decimal_comma else pattern
    else:
        pattern = "|".join(_compiled(layout).pattern for layout in form.layouts)
    blanks = r"[ \t]*" if form.padded else ""
    nulls = "|" + "|".join(map(re.escape, NULLS)) if or_null else ""
    return f"^(?:{blanks}(?:{pattern}){blanks}{nulls})$"


def form_of(texts: Iterable[str], decimal_comma: bool = False) -> Form:
    """Return the narrowest form that fits all these texts, of type `null` if all are missing."""
    # Equal texts are checked once; columns often have few distinct values.
    present = list(dict.fromkeys(text for text in texts if text not in NULLS))
    if not present:
        return Form("null")
    bare = [text.strip(" \t") for text in present]
    padded = bare != present
    for form in FORMS:
        if fitting := _form_with_used_layouts(form, bare, decimal_comma):
            return fitting._replace(padded=padded)
    return Form("string")


def moment_of(text: str, layouts: Iterable[str]) -> datetime | None:
    """Return the date or time that a text writes in one of these layouts; in UTC if it has a zone.

    Return None for another text.
    """
    for layout in layouts:
        if not _compiled(layout).fullmatch(text):
            continue
        try:
            moment = datetime.strptime(text, layout)  # noqa: DTZ007  # many have no zone
            if layout.endswith("Z"):
                return moment.replace(tzinfo=UTC)
            return moment.astimezone(UTC) if layout.endswith("%z") else moment
        except (ValueError, OverflowError):  # no such day, or beyond the year 9999 in UTC
            continue
    return None


def day_month_swapped(form: Form) -> Form | None:
    """Return the form with day and month exchanged, None if the texts do not allow that."""
    if form.type not in ("date", "datetime") or not form.layouts[0].startswith(EITHER):
        return None
    exchange = {"%d": "%m", "%m": "%d"}
    layouts = tuple(
        re.sub("%[dm]", lambda part: exchange[part[0]], layout) for layout in form.layouts
    )
    return form._replace(layouts=layouts)


def _form_with_used_layouts(form: Form, texts: Sequence[str], decimal_comma: bool) -> Form | None:
    """Return the form with only the layouts that the texts use, None if a text does not fit."""
    if not form.layouts:
        # In Python, `$` also matches before a last line break. In polars (Rust), it does not.
        matches = re.compile(form_pattern(form, decimal_comma)[:-1] + r"\Z").match
        return form if all(map(matches, texts)) else None
    used: dict[str, None] = {}
    for text in texts:
        layout = next((known for known in form.layouts if moment_of(text, (known,))), None)
        if layout is None:
            return None
        used[layout] = None
    return form._replace(layouts=tuple(used))


@cache
def _compiled(layout: str) -> re.Pattern[str]:
    parts = re.sub("%.|.", lambda part: PARTS.get(part[0], re.escape(part[0])), layout)
    return re.compile(parts)
