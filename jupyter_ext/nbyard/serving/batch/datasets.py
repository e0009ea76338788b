"""Files of tables, read in pieces of bounded size and written in one step."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from nbyard.serving.arrow import arrow_types
from nbyard.serving.codec import Schema

from .cells import typed

BLOCK_BYTES = 4 * 2**20
ROWS = 65_536
CSV, PARQUET = ".csv", ".parquet"
SUFFIXES = (CSV, PARQUET)


class CannotRead(Exception):
    """A dataset is not there or not readable; the text says which and why."""


def files_of(place: str) -> list[str]:
    """The files of a dataset, in the order of their names."""
    if not os.path.isdir(place):
        if not os.path.isfile(place):
            raise CannotRead(f"there is no file or folder {place}")
        return [place]
    found = [
        os.path.join(folder, name)
        for folder, _, names in os.walk(place)
        for name in names
        if name.lower().endswith(SUFFIXES) and not name.startswith(".")
    ]
    if not found:
        raise CannotRead(f"there is no CSV or Parquet file in {place}")
    return sorted(found)


def pieces(path: str, schema: Schema, first: int = 0) -> Iterator[Any]:
    """The batches of one file; `first` is its first row in its dataset.

    Raises:
        CannotRead: it is no table.
        Refused: a cell of a CSV file does not fit its column.
    """
    import pyarrow

    try:
        yield from _parquet(path) if _is_parquet(path) else _csv(path, schema, first)
    except pyarrow.ArrowInvalid as error:
        raise CannotRead(f"{path}: {error}") from None


def _is_parquet(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(4) == b"PAR1"


def _parquet(path: str) -> Iterator[Any]:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        yield from file.iter_batches(batch_size=ROWS)


def _csv(path: str, schema: Schema, first: int) -> Iterator[Any]:
    import pyarrow
    from pyarrow import csv

    reading = csv.ReadOptions(block_size=BLOCK_BYTES)
    parsing = csv.ParseOptions(newlines_in_values=True)
    converting = csv.ConvertOptions(
        column_types=dict.fromkeys(schema.names, pyarrow.string()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    if os.path.getsize(path) == 0:
        raise CannotRead(f"{path}: it is empty, without a header")
    with csv.open_csv(path, reading, parsing, converting) as reader:
        for batch in reader:
            if batch.num_rows:
                yield typed(schema, batch, first)
                first += batch.num_rows


def writer(path: str, schema: Schema) -> Any:
    """What takes batches of the schema for a file of that name, to be closed in the end."""
    import pyarrow
    from pyarrow import csv, parquet

    told = pyarrow.schema(list(arrow_types(schema).items()))
    if path.lower().endswith(PARQUET):
        return parquet.ParquetWriter(path, told)
    return csv.CSVWriter(path, told)
