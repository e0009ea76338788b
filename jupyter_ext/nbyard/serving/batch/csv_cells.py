"""Converts cells of CSV files to the types of their columns.

If all cells of a column have a common spelling, Arrow converts the column as a whole. Otherwise
each cell passes the checks that all modes share.
"""

from __future__ import annotations

from typing import Any

from nbyard.serving.arrow import arrow_types, check_values
from nbyard.serving.codec import Column, Schema
from nbyard.serving.column_checks import value_of_text

TRUE, FALSE = ("true", "True", "TRUE", "1"), ("false", "False", "FALSE", "0")
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


def convert_text_columns(schema: Schema, batch: Any, first: int) -> Any:
    """Convert the text columns of a batch to the types of a schema.

    `first` is the number of the batch's first row in its dataset. Empty cells become null, except
    in text columns that are not nullable.

    Raises:
        ValueRefused: A cell does not fit. The error names its row and field.
    """
    import pyarrow

    known = {column.name: column for column in schema.columns}
    is_text = pyarrow.types.is_string
    arrays = [
        _column(known[name], array, first) if name in known and is_text(array.type) else array
        for name, array in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pyarrow.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _column(column: Column, texts: Any, first: int) -> Any:
    import pyarrow
    from pyarrow import compute

    if column.type == "str":
        return texts if column.nullable else compute.fill_null(texts, "")
    texts = compute.replace_with_mask(
        texts, compute.equal(texts, ""), pyarrow.scalar(None, pyarrow.string())
    )
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
    ways = {column.type: whole} if column.type in USUAL else {}
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
        None if text is None else value_of_text(column.type, text) for text in texts.to_pylist()
    ]
    return pyarrow.array(check_values(column, values, first), whole)
