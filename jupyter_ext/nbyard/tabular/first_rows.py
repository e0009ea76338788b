"""Copies the first rows of a table, in the format, encoding and spelling of the file."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO

from nbyard.runner.handoff.text_format import SAMPLE_BYTES, encoding_of

LOSSLESS = "latin-1"  # each byte is a character
# More characters in one row mean that a quote does not begin a quoted field.
MOST_IN_ROW = 1 << 20
MOST_CHARS = 64 << 20
TEXTS = {"csv": True, "tsv": True, "jsonl": False}  # whether a header comes first
PARQUET = "parquet"


def copy_first_rows(path: Path, file_format: str, rows: int, target: Path) -> bool:
    """Copy the first rows of a table to `target`.

    Return False if the whole file should be used. Text tables keep their header. Rows with line
    breaks in quotes stay complete.
    """
    if file_format == PARQUET:
        return _copy_parquet(path, rows, target)
    has_header = TEXTS.get(file_format)
    if has_header is None:
        return False
    # UTF-16 has line breaks of two bytes; in all others, each byte stays as it is.
    with path.open("rb") as file:
        encoding = encoding_of(file.read(SAMPLE_BYTES))
    encoding = encoding if encoding.startswith("utf-16") else LOSSLESS
    kept, size = [], 0
    try:
        with path.open(encoding=encoding, newline="") as file:
            records = _records(file, is_quoted=has_header)
            for record in islice(records, rows + has_header):
                kept.append(record)
                size += len(record)
                if size > MOST_CHARS:
                    return False
            if next(records, None) is None:
                return False
    except UnicodeDecodeError:
        return False
    with target.open("w", encoding=encoding, newline="") as copy:
        copy.write("".join(kept))
    return True


def _records(file: IO[str], *, is_quoted: bool) -> Iterator[str]:
    """Yield rows that are not blank, each together with the blank lines before it."""
    pending = ""
    while line := file.readline(MOST_CHARS + 1):
        pending += line
        # Inside quotes, the number of quotes so far is odd.
        is_open = is_quoted and pending.count('"') % 2 and len(pending) < MOST_IN_ROW
        if pending.strip() and not is_open:
            yield pending
            pending = ""
    if pending.strip():
        yield pending


def _copy_parquet(path: Path, rows: int, target: Path) -> bool:
    """Copy the first rows of a Parquet file, with the metadata that pandas reads."""
    import polars as pl

    # One row more shows whether anything is left out.
    frame = pl.scan_parquet(path).head(rows + 1).collect()
    if frame.height <= rows:
        return False
    # With the schema of Arrow, which pyarrow and pandas read: types, categories and the index.
    frame.head(rows).write_parquet(target, metadata=pl.read_parquet_metadata(path))
    return True
