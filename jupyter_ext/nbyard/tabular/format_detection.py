"""Detects the format of a file by name and content."""

import re
import zipfile
from pathlib import Path
from typing import get_args

from nbyard.domain.datasets.table_descriptions import BrokenTable, TableFormat
from nbyard.domain.file_formats import SUFFIXES as FORMATS
from nbyard.errors import Invalid
from nbyard.runner.handoff.text_format import (
    damage_errors,
    open_unpacked,
    unpacked_name,
    utf16_variant,
)

MAX_UNZIPPED_BYTES = 2 << 30
TABLE_FORMATS: tuple[TableFormat, ...] = get_args(TableFormat)
# The old format of Excel has no preview.
SUFFIXES = {
    f".{suffix}": table_format
    for suffix, name in FORMATS.items()
    for table_format in TABLE_FORMATS
    if name == table_format and suffix != "xls"
}
MAGIC: dict[bytes, TableFormat] = {b"PAR1": "parquet", b"ARROW1": "arrow"}
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
        with open_unpacked(str(path), filename) as source, target.open("wb") as copy:
            while piece := source.read(1 << 20):
                size += len(piece)
                if size > MAX_UNZIPPED_BYTES:
                    raise Invalid(
                        f"The unpacked file is larger than {MAX_UNZIPPED_BYTES >> 30} GiB."
                    )
                copy.write(piece)
    except damage_errors() as problem:
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
    if head[:2] not in (b"\xff\xfe", b"\xfe\xff") and b"\0" in head and not utf16_variant(head):
        raise BrokenTable("the file holds NUL bytes: it is binary, not text")
    # Spark, for example, writes JSON lines to files with the suffix .json.
    if named == "json" and not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        return "jsonl"
    if named == "jsonl" and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        # A first line such as `[{"a": 1},` begins a list. `[1, 2]` is one line of many.
        return "json" if not head.lstrip().partition(b"\n")[0].rstrip().endswith(b"]") else "jsonl"
    return named
