"""The codec for whole batches of Arrow: columns that are of their type already are taken as they
are; others go value by value through the same checks as those of every other mode."""

from __future__ import annotations

import math
from typing import Any

from .codec import TIME_DTYPE, TIMES, Column, Columns, Refused, Schema

# of numpy, for what is taken as it is
QUICK_KINDS = {"float": "f", "int": "i", "bool": "b"}
MICROSECONDS = len("2026-01-31T12:00:00.123456")


def arrow_types(schema: Schema) -> dict[str, Any]:
    """How the columns of a schema are kept, by name."""
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
    """The DataFrame that a model is asked with; `first` is the batch's first row in its dataset.

    Raises:
        Refused: a column is missing or not in the schema, or a value does not fit.
    """
    import pandas

    names = batch.schema.names
    for name in names:
        if name not in schema.names:
            raise Refused("there is no such field in the schema", None, name)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise Refused("stands there twice", None, twice)
    found = {}
    for column in schema.columns:
        place = batch.schema.get_field_index(column.name)
        if place < 0 and not column.nullable:
            raise Refused("is missing", None, column.name)
        values = _quick(column, batch.column(place)) if place >= 0 else None
        if values is None:
            plain = batch.column(place).to_pylist() if place >= 0 else [None] * batch.num_rows
            values = Schema([column]).frame([checked(column, plain, first)])[column.name]
        found[column.name] = values
    return pandas.DataFrame(found, columns=schema.names, copy=False)


def _quick(column: Column, array: Any) -> Any:
    """A column without nulls of its own type, as numpy has it; else None."""
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
    """Whether no number of a column is NaN or infinite; null is neither."""
    from pyarrow import compute

    return compute.all(compute.is_finite(array), min_count=0).as_py() is True


def checked(column: Column, values: list[Any], first: int) -> list[Any]:
    """The values of a column in their type; NaN is null where that is allowed.

    Raises:
        Refused: one does not fit; rows are counted on from `first`.
    """
    plain = [_or_null(value) for value in values] if column.nullable else values
    try:
        return Schema([column]).check([plain])[0]
    except Refused as error:
        raise error.moved(first) from None


def _or_null(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def batch_of(schema: Schema, found: Any, count: int, first: int = 0) -> Any:
    """The checked batch of what a model answered to `count` rows.

    Raises:
        Refused: it has other rows or columns, or a value that does not fit.
    """
    import pyarrow

    types = arrow_types(schema)
    try:
        columns = _answered(schema, found, count) or schema.answer(found, count)
    except Refused as error:
        raise error.moved(first) from None
    arrays = [
        pyarrow.array([*map(_coarse, values)], pyarrow.string()).cast(types[column.name])
        if column.type in TIMES
        else pyarrow.array(values, types[column.name])
        for column, values in zip(schema.columns, columns, strict=True)
    ]
    return pyarrow.RecordBatch.from_arrays(arrays, names=schema.names)


def _coarse(time: str | None) -> str | None:
    """Without nanoseconds: all parts of predictions have one type."""
    return time and time[:MICROSECONDS]


def _answered(schema: Schema, found: Any, count: int) -> Columns | None:
    """The columns as numpy has them, where all are of their type and none lacks a value."""
    import numpy

    columns: list[Any] = []
    for column, values in zip(schema.columns, schema.named(found), strict=True):
        array = numpy.asarray(values) if hasattr(values, "dtype") else None
        kind = QUICK_KINDS.get(column.type)
        if array is None or array.dtype.kind != kind or len(array) != count:
            return None
        if kind == "f" and not numpy.isfinite(array).all():
            return None
        columns.append(array)
    return columns
