"""Convert Arrow batches to DataFrames for a model, and its answers to Arrow batches.

Columns that already have the type of the schema are used without copying. In other columns, each
value passes the checks that all modes share.
"""

from __future__ import annotations

import math
from typing import Any

from .codec import TIME_DTYPE, TIMES, Column, Columns, Schema, ValueRefused

# kinds of numpy types that need no conversion
QUICK_KINDS = {"float": "f", "int": "i", "bool": "b"}
MICROSECONDS = len("2026-01-31T12:00:00.123456")


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
