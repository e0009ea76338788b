"""Read files of tables in pieces of limited size, and write them.

The cells of CSV files are converted to the types of their columns. If all cells of a column have a
common spelling, Arrow converts the column as a whole. Otherwise each cell passes the checks that
all modes share.

Batches become DataFrames for a model, and its answers batches. Columns that already have the type
of the schema are used without copying.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from functools import partial
from typing import Any

from nbyard.runner.handoff.text_format import (
    NULLS,
    TSV,
    Dialect,
    UnreadableText,
    damage_errors,
    dialect_of_file,
    encoding_in,
    open_unpacked,
    unpacked_name,
)
from nbyard.serving.codec import TIME_DTYPE, TIMES, Column, Columns, Schema, ValueRefused
from nbyard.serving.column_checks import FALSE, TRUE, value_of_text

# kinds of numpy types that need no conversion
QUICK_KINDS = {"float": "f", "int": "i", "bool": "b"}
MICROSECONDS = len("2026-01-31T12:00:00.123456")
A_DAY = "[12][0-9]{3}-[0-9]{2}-[0-9]{2}"
A_TIME = f"{A_DAY}[T ][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}([.][0-9]{{1,6}})?"
ZONED = "datetime in a zone"
# Spellings that Arrow parses in the same way as the checks.
USUAL = {
    # 18 digits always fit into 64 bits.
    "int": "-?[0-9]{1,18}",
    "float": "-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?",
    "date": A_DAY,
    "datetime": A_TIME,
    ZONED: f"{A_TIME}(Z|[+-][0-9]{{2}}:[0-9]{{2}})",
}


def arrow_types(schema: Schema) -> dict[str, Any]:
    """Return the Arrow types of a schema's columns, by name."""
    import pyarrow

    types = {
        "int": pyarrow.int64(),
        "float": pyarrow.float64(),
        "str": pyarrow.string(),
        "bool": pyarrow.bool_(),
        "date": pyarrow.date32(),
        "datetime": pyarrow.timestamp("us"),
    }
    return {column.name: types[column.type] for column in schema.columns}


def frame_of(schema: Schema, batch: Any, first: int = 0) -> Any:
    """Convert an Arrow batch to the DataFrame for a model.

    `first` is the number of the batch's first row in its dataset, for errors.

    Raises:
        ValueRefused: A column is missing or not in the schema, or a value does not fit.
    """
    import pandas

    columns = {}
    places = schema.places_in(batch.schema.names)
    for column, place in zip(schema.columns, places, strict=True):
        values = None if place is None else _quick(column, batch.column(place))
        # the slow path, value by value
        if values is None:
            plain = [None] * batch.num_rows if place is None else batch.column(place).to_pylist()
            values = Schema([column]).frame([check_values(column, plain, first)])[column.name]
        columns[column.name] = values
    return pandas.DataFrame(columns, columns=schema.names, copy=False)


def _quick(column: Column, array: Any) -> Any:
    """Return a column as numpy array if it has the type of the schema and no nulls, else None."""
    import pyarrow

    kind = array.type
    if column.nullable or array.null_count:
        return None
    if column.type == "float" and pyarrow.types.is_float64(kind) and is_finite(array):
        return array.to_numpy(zero_copy_only=False)
    fits = {
        "int": pyarrow.types.is_int64(kind),
        "bool": pyarrow.types.is_boolean(kind),
        "str": pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind),
        "date": pyarrow.types.is_date32(kind),
        "datetime": kind == pyarrow.timestamp("us"),
    }
    if not fits.get(column.type):
        return None
    values = array.to_numpy(zero_copy_only=False)
    return values.astype(TIME_DTYPE) if column.type in TIMES else values


def is_finite(array: Any) -> bool:
    """Return whether a column has neither NaN nor infinite numbers. Null is neither."""
    from pyarrow import compute

    # With `min_count=1`, the default, a column without values would give null.
    return compute.all(compute.is_finite(array), min_count=0).as_py() is True


def check_values(column: Column, values: list[Any], first: int) -> list[Any]:
    """Check the values of a column; return them in its type. NaN becomes null if nullable.

    Raises:
        ValueRefused: A value does not fit. The error counts rows from `first`.
    """
    if column.nullable:
        values = [
            None if isinstance(value, float) and math.isnan(value) else value for value in values
        ]
    try:
        return Schema([column]).check([values])[0]
    except ValueRefused as error:
        raise error.moved(first) from None


def batch_of(schema: Schema, answer: Any, count: int, first: int = 0) -> Any:
    """Check a model's answer to `count` rows; return it as an Arrow batch.

    Raises:
        ValueRefused: The answer has other rows or columns, or a value that does not fit.
    """
    import pyarrow

    types = arrow_types(schema)
    try:
        columns = _plain_columns(schema, answer, count) or schema.answer(answer, count)
    except ValueRefused as error:
        raise error.moved(first) from None
    arrays = []
    for column, values in zip(schema.columns, columns, strict=True):
        if column.type in TIMES:
            # without nanoseconds, so that all parts of predictions have one type
            texts = [time and time[:MICROSECONDS] for time in values]
            arrays.append(pyarrow.array(texts, pyarrow.string()).cast(types[column.name]))
        else:
            arrays.append(pyarrow.array(values, types[column.name]))
    return pyarrow.RecordBatch.from_arrays(arrays, names=schema.names)


def _plain_columns(schema: Schema, answer: Any, count: int) -> Columns | None:
    """Return the columns of an answer as numpy arrays, None if any of them needs conversion."""
    import numpy

    columns: list[Any] = []
    for column, values in zip(schema.columns, schema.columns_of_answer(answer), strict=True):
        array = numpy.asarray(values) if hasattr(values, "dtype") else None
        kind = QUICK_KINDS.get(column.type)
        if array is None or array.dtype.kind != kind or len(array) != count:
            return None
        if kind == "f" and not numpy.isfinite(array).all():
            return None
        columns.append(array)
    return columns


def convert_text_columns(schema: Schema, batch: Any, first: int, decimal_comma: bool) -> Any:
    """Convert the text columns of a batch to the types of a schema.

    `first` is the number of the batch's first row in its dataset. Empty cells become null, except
    in text columns that are not nullable. Words such as NA become null in nullable columns.

    Raises:
        ValueRefused: A cell does not fit. The error names its row and field.
    """
    import pyarrow

    known = {column.name: column for column in schema.columns}
    is_text = pyarrow.types.is_string
    arrays = [
        _column(known[name], array, first, decimal_comma)
        if name in known and is_text(array.type)
        else array
        for name, array in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pyarrow.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _column(column: Column, texts: Any, first: int, decimal_comma: bool) -> Any:
    import pyarrow
    from pyarrow import compute

    content = texts.buffers()[2]  # None if all texts are empty
    if column.type == "str" and content and b"\0" in content.to_pybytes():
        raise UnreadableText("a value contains a NUL byte: the file is damaged or binary")
    if column.type == "str" and not column.nullable:
        return texts
    missing = pyarrow.array(NULLS if column.nullable else [""])
    texts = compute.replace_with_mask(
        texts, compute.is_in(texts, missing), pyarrow.scalar(None, pyarrow.string())
    )
    if column.type == "str":
        return texts
    whole = arrow_types(Schema([column]))[column.name]
    if column.type == "bool":
        is_true, is_false = (
            compute.is_in(texts, pyarrow.array(spellings)) for spellings in (TRUE, FALSE)
        )
        is_null = compute.is_null(texts)
        is_known = compute.or_(compute.or_(is_true, is_false), is_null)
        if compute.all(is_known, min_count=0).as_py():
            no_truth = pyarrow.scalar(None, pyarrow.bool_())
            return compute.replace_with_mask(is_true, is_null, no_truth)
    has_usual = column.type in USUAL and not (decimal_comma and column.type == "float")
    ways = {column.type: whole} if has_usual else {}
    if column.type == "datetime":
        ways[ZONED] = pyarrow.timestamp("us", "UTC")
    for way, read in ways.items():
        fits = compute.match_substring_regex(texts, f"^({USUAL[way]})$")
        if not compute.all(fits, min_count=0).as_py():
            continue
        try:
            return compute.cast(compute.cast(texts, read), whole)
        except pyarrow.ArrowInvalid:  # such as the 30th of February
            break
    values = [
        text and value_of_text(column.type, text, column.nullable, decimal_comma)
        for text in texts.to_pylist()
    ]
    return pyarrow.array(check_values(column, values, first), whole)


# Arrow reads about 30 blocks of CSV ahead, whatever they contain.
BLOCK_BYTES = 2**20
ROWS = 65_536
# Without a buffer size Arrow reads all columns of a row group; with pre-buffer, the whole file.
BUFFER_BYTES = 2**20
PARQUET = (".parquet", ".pq")
# How outputs may end, and which files of a folder are read, compressed text too.
SUFFIXES = (".csv", *PARQUET)
TEXTS = (".csv", *TSV)
# compressions by their names in Arrow, which reads all but the last one
PACKED = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".xz": "xz"}


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
        if not name.startswith(".")
        and (name.lower().endswith(PARQUET) or unpacked_name(name).lower().endswith(TEXTS))
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
    except (pyarrow.ArrowInvalid, UnicodeDecodeError, UnreadableText) as error:
        raise CannotRead(f"{path}: {error}") from None
    except damage_errors() as error:
        raise CannotRead(f"{path} cannot be read: {error}") from None


def _csv(path: str, schema: Schema, first: int) -> Iterator[Any]:
    """Yield the batches of a text table.

    Arrow parses numbers while all have a common spelling. From the first block with another
    spelling on, cells are read as texts. If they are not in the encoding of the beginning, they are
    read in the encoding of the whole file.
    """
    import pyarrow

    opened = partial(_open, path)
    dialect = dialect_of_file(path, opened)
    if dialect.is_empty:
        return
    done, ways = 0, [pyarrow.float64(), pyarrow.string()]
    for number in ways:
        before = done
        try:
            for batch in _blocks(path, dialect, schema, number):
                # skips rows that were yielded already
                skipped = min(before, batch.num_rows)
                before -= skipped
                kept = batch.slice(skipped)
                floats = [
                    column for column in kept.columns if pyarrow.types.is_float64(column.type)
                ]
                # other values than finite numbers have many spellings
                if not all(map(is_finite, floats)):
                    break
                if kept.num_rows:
                    yield convert_text_columns(schema, kept, first + done, dialect.decimal_comma)
                    done += kept.num_rows
            else:
                return
        except pyarrow.ArrowInvalid:
            if number == pyarrow.float64():
                continue
            encoding = encoding_in(opened)
            if encoding == dialect.encoding:
                raise
            dialect = dialect._replace(encoding=encoding)
            ways.append(number)


def _open(path: str) -> Any:
    import pyarrow

    packing = PACKED.get(os.path.splitext(path)[1].lower())
    return open_unpacked(path) if packing == "xz" else pyarrow.input_stream(path, packing)


def _blocks(path: str, dialect: Dialect, schema: Schema, number: Any) -> Iterator[Any]:
    """Yield the blocks of a text table. Columns of type float get the Arrow type `number`.

    All other columns are read as texts.

    Integers are read as texts, because Arrow would accept hexadecimal ones.
    """
    import pyarrow
    from pyarrow import csv

    kinds = {c.name: number if c.type == "float" else pyarrow.string() for c in schema.columns}
    converting = csv.ConvertOptions(
        column_types=kinds,
        null_values=[""],
        decimal_point="," if dialect.decimal_comma else ".",
    )
    reading = csv.ReadOptions(
        block_size=BLOCK_BYTES,
        column_names=dialect.names,
        skip_rows=dialect.lines,
        # Arrow skips the byte order mark of UTF-8.
        encoding=dialect.encoding.replace("utf-8-sig", "utf8"),
    )
    # Quoted cells may contain line breaks, which Arrow does not expect by default.
    parsing = csv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True)
    # Given a path, Arrow would not decompress .xz.
    with _open(path) as file, csv.open_csv(file, reading, parsing, converting) as reader:
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
