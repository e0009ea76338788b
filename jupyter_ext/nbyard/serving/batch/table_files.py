"""Files of tables, read in pieces of limited size and written atomically."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from nbyard.serving.arrow import arrow_types, is_finite
from nbyard.serving.codec import Schema

from .csv_cells import convert_text_columns

# Arrow reads about 30 blocks of CSV ahead, whatever they contain.
BLOCK_BYTES = 2**20
ROWS = 65_536
# Without a buffer size Arrow reads all columns of a row group. With its pre-buffer it reads the
# whole file.
BUFFER_BYTES = 2**20
CSV, PARQUET = ".csv", ".parquet"
SUFFIXES = (CSV, PARQUET)


class CannotRead(Exception):
    """A dataset is missing or not readable. The message names the file and the reason."""


def files_of(place: str) -> list[str]:
    """Return the files of a dataset, sorted by name.

    Raises:
        CannotRead: The dataset does not exist, or has no CSV or Parquet file.
    """
    if not os.path.isdir(place):
        if not os.path.isfile(place):
            raise CannotRead(f"there is no file or folder {place}")
        return [place]
    files = [
        os.path.join(folder, name)
        for folder, _, names in os.walk(place)
        for name in names
        if name.lower().endswith(SUFFIXES) and not name.startswith(".")
    ]
    if not files:
        raise CannotRead(f"there is no CSV or Parquet file in {place}")
    return sorted(files)


def read_pieces(path: str, schema: Schema, first: int = 0) -> Iterator[Any]:
    """Yield the batches of one file. `first` is the number of its first row in its dataset.

    Raises:
        CannotRead: The file is not a table.
        ValueRefused: A cell of a CSV file does not fit its column.
    """
    import pyarrow

    with open(path, "rb") as file:
        # Each Parquet file begins with these bytes, and a single file may have any name.
        is_parquet = file.read(4) == b"PAR1"
    try:
        if is_parquet:
            from pyarrow import parquet

            with parquet.ParquetFile(path, pre_buffer=False, buffer_size=BUFFER_BYTES) as table:
                yield from table.iter_batches(batch_size=ROWS)
        else:
            yield from _csv(path, schema, first)
    except pyarrow.ArrowInvalid as error:
        raise CannotRead(f"{path}: {error}") from None


def _csv(path: str, schema: Schema, first: int) -> Iterator[Any]:
    """Yield the batches of a CSV file.

    Arrow parses numbers while all have a common spelling. From the first block with another
    spelling on, cells are read as texts.
    """
    import pyarrow

    if os.path.getsize(path) == 0:
        raise CannotRead(f"{path}: it is empty, without a header")
    done = 0
    try:
        for batch in _blocks(path, schema, pyarrow.float64()):
            numbers = [column for column in batch.columns if pyarrow.types.is_float64(column.type)]
            # other values than finite numbers have many spellings
            if not all(map(is_finite, numbers)):
                break
            yield convert_text_columns(schema, batch, first + done)
            done += batch.num_rows
        else:
            return
    except pyarrow.ArrowInvalid:
        pass
    for batch in _blocks(path, schema, pyarrow.string()):
        # skips rows that were yielded as numbers already
        skipped = min(done, batch.num_rows)
        done -= skipped
        first += skipped
        if skipped < batch.num_rows:
            yield convert_text_columns(schema, batch.slice(skipped), first)
            first += batch.num_rows - skipped


def _blocks(path: str, schema: Schema, number: Any) -> Iterator[Any]:
    """Yield the blocks of a CSV file. Columns of type float get the Arrow type `number`.

    All other columns are read as texts.

    Integers are read as texts, because Arrow would accept hexadecimal ones.
    """
    import pyarrow
    from pyarrow import csv

    kinds = {c.name: number if c.type == "float" else pyarrow.string() for c in schema.columns}
    converting = csv.ConvertOptions(
        column_types=kinds,
        # An empty cell is null, but an empty text in quotes is a text.
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    reading = csv.ReadOptions(block_size=BLOCK_BYTES)
    # Quoted cells may contain line breaks, which Arrow does not expect by default.
    parsing = csv.ParseOptions(newlines_in_values=True)
    with csv.open_csv(path, reading, parsing, converting) as reader:
        for batch in reader:
            if batch.num_rows:
                yield batch


def open_writer(path: str, schema: Schema) -> Any:
    """Return a writer of batches for a CSV or Parquet file. The caller closes it."""
    import pyarrow

    arrow_schema = pyarrow.schema(list(arrow_types(schema).items()))
    if path.lower().endswith(PARQUET):
        from pyarrow import parquet

        return parquet.ParquetWriter(path, arrow_schema)
    from pyarrow import csv

    return csv.CSVWriter(path, arrow_schema)
