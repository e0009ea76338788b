"""Prepares a file for reading: its format, its dialect, and if needed a copy in UTF-8.

Intermediate files are in a separate folder: `text` (the file in UTF-8), `plain` (the same without
blank lines), `scan` (the index of its rows) and `info` (its columns).
"""

import functools
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from nbyard.domain.datasets.table_descriptions import (
    MAX_TABLE_COLUMNS,
    BrokenTable,
    TableFormat,
    TableInfo,
)
from nbyard.runner.handoff.text_format import (
    SAMPLE_BYTES,
    Dialect,
    UnreadableText,
    dialect_of,
    encoding_in,
    encoding_of,
    needs_rewriting,
    unpacked_name,
)
from nbyard.tabular import text_tables
from nbyard.tabular.format_detection import detect_format, unpack

INFO = "info"
# The names of encodings other than UTF-8, for users.
ENCODINGS = {"cp1252": "Windows-1252 (cp1252)", "latin-1": "Latin-1"}


class Source:
    """A file with a table.

    `folder` has intermediate files, which later questions use again.
    """

    def __init__(self, path: Path, filename: str, folder: Path, sheet: str = ""):
        self.folder = folder
        self.sheet = sheet
        if (name := unpacked_name(filename)) != filename:
            packed = path
            path = self._ensure_file("unpacked", lambda target: unpack(packed, filename, target))
        self.format: TableFormat = detect_format(path, name)
        self.original = path
        with path.open("rb") as file:
            head = file.read(SAMPLE_BYTES)
        self.encoding = encoding_of(head)
        rewrite = self.format in ("csv", "tsv", "jsonl") and needs_rewriting(head)
        self.path = self._rewritten(self.encoding) if rewrite else path
        self._read_as = "utf-8" if rewrite else ""

    @functools.cached_property
    def dialect(self) -> Dialect:
        """Return the dialect of a text table, which is read once."""
        with self.path.open("rb") as file:
            try:
                return dialect_of(file, self.format == "tsv", self._read_as)
            except UnreadableText as problem:
                raise text_tables.refusal_of(problem) from problem

    @functools.cached_property
    def utf8_path(self) -> Path:
        """Return the path of the text table in UTF-8, without blank lines.

        Readers such as polars support nothing else, and no quotes within the words of a header.
        """
        scan = self.known_scan()
        if scan and (self.dialect.skipped or self.is_irregular):
            return self._ensure_file(
                "plain", lambda path: text_tables.copy_plain(self.path, self.dialect, path)
            )
        if self.dialect.encoding in ("utf-8", "utf-8-sig"):
            return self.path
        return self._rewritten(self.dialect.encoding)

    @property
    def is_irregular(self) -> bool:
        """Return whether some libraries of data frames refuse or misread a text table.

        It has blank lines, quotes in values without quotes around them, or columns of one name.
        """
        scan = self.known_scan()
        has_quotes = any('"' in name for name in self.dialect.names)
        is_loose = scan is not None and (scan.has_loose_quotes or scan.blank > 0)
        return has_quotes or bool(self.dialect.renamed) or is_loose

    def scan(self) -> text_tables.Scan:
        """Check and count all lines of a text table. The result is stored."""
        if known := self.known_scan():
            return known
        return self._remembered(self._check())

    def scan_lines(self, see: Callable[[dict[str, Any]], None]) -> text_tables.Scan:
        """Count all lines of JSON, and call `see` with the object in each line."""
        return self._remembered(text_tables.check_lines(self.path, see))

    def _remembered(self, scan: text_tables.Scan) -> text_tables.Scan:
        encoding = "" if self.format == "jsonl" else self.dialect.encoding
        write_atomically(self.folder / "scan", msgspec.msgpack.encode((encoding, scan)))
        return scan

    def known_info(self) -> TableInfo | None:
        """Return the stored schema, None if not all rows were read before."""
        try:
            return msgspec.json.decode((self.folder / INFO).read_bytes(), type=TableInfo)
        except FileNotFoundError:
            return None

    def remember(self, info: TableInfo) -> None:
        """Store the schema that fits all rows."""
        write_atomically(self.folder / INFO, msgspec.json.encode(info))

    def known_scan(self) -> text_tables.Scan | None:
        """Return the result of an earlier `scan`, or None."""
        try:
            content = (self.folder / "scan").read_bytes()
        except FileNotFoundError:
            return None
        encoding, scan = msgspec.msgpack.decode(content, type=tuple[str, text_tables.Scan])
        self._read_as_other(encoding)
        return scan

    def _check(self) -> text_tables.Scan:
        if len(self.dialect.names) > MAX_TABLE_COLUMNS:
            columns = len(self.dialect.names)
            raise BrokenTable(
                f"line 1 has {columns:,} columns; the maximum is {MAX_TABLE_COLUMNS:,}"
            )
        if self.dialect.encoding in ENCODINGS:
            self._read_as_other(self._encoding_in())
        try:
            return text_tables.check_rows(self.path, self.dialect)
        except text_tables.WrongEncoding:
            # Every byte is a character in these encodings; only the beginning looked like UTF-8.
            self._read_as_other(self._encoding_in())
            return text_tables.check_rows(self.path, self.dialect)

    def _encoding_in(self) -> str:
        return encoding_in(lambda: self.path.open("rb"))

    def _read_as_other(self, encoding: str) -> None:
        if encoding and encoding != self.dialect.encoding:
            self._read_as = encoding
            # The next access reads the header again, with the other encoding.
            del self.dialect

    def _rewritten(self, encoding: str) -> Path:
        def write(target: Path) -> None:
            with (
                self.original.open(encoding=encoding, newline=None) as source,
                target.open("w", encoding="utf-8", newline="") as copy,
            ):
                try:
                    while piece := source.read(1 << 20):
                        copy.write(piece)
                except UnicodeDecodeError as problem:
                    why = f"the file is not {encoding} text: {problem}"
                    raise BrokenTable(why) from problem

        return self._ensure_file("text", write)

    def _ensure_file(self, name: str, write: Callable[[Path], None]) -> Path:
        target = self.folder / name
        if not target.exists():
            # Several reader processes may write it at once. Each renames a complete file.
            temporary = self.folder / f"{name}.{os.getpid()}"
            write(temporary)
            temporary.rename(target)
        return target


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file atomically: readers see either the old or the new content."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    temporary.write_bytes(content)
    temporary.rename(path)
