"""Parse requests in plain JSON and in the formats of MLflow's clients.

https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally (section "Inference Server").
"""

from __future__ import annotations

import csv
import io
import math
from json import JSONDecodeError
from typing import Any

from nbyard.serving.codec import Column, Columns, Schema
from nbyard.serving.column_checks import value_of_text

from .open_inference_protocol import MalformedRequest

# orjson's error is a subclass
NOT_JSON = (JSONDecodeError,)
WAYS = ("dataframe_split", "dataframe_records", "instances", "inputs")


def read_json(body: bytes) -> Any:
    """Parse JSON.

    Raises:
        JSONDecodeError: The body is not JSON.
    """
    import orjson

    return orjson.loads(body)


def records_of(schema: Schema, columns: Columns) -> list[dict[str, Any]]:
    """Convert columns to a list of records, which are objects by column name."""
    if len(columns) == 1:
        name = schema.names[0]
        return [{name: value} for value in columns[0]]
    return [dict(zip(schema.names, row, strict=True)) for row in zip(*columns, strict=True)]


def read_invocation(body: Any, schema: Schema) -> Columns:
    """Parse a JSON request to MLflow's `/invocations` as checked columns.

    Raises:
        MalformedRequest: The request has none of MLflow's formats.
        ValueRefused: A value does not fit its column.
    """
    ways = [way for way in WAYS if isinstance(body, dict) and way in body]
    if len(ways) != 1:
        raise MalformedRequest(f"an object with one of {', '.join(WAYS)} is needed")
    payload = body[ways[0]]
    if ways[0] == "dataframe_split":
        return schema.read(_split(payload))
    if isinstance(payload, dict):
        lengths = {len(values) if isinstance(values, list) else -1 for values in payload.values()}
        if len(lengths) != 1 or -1 in lengths:
            raise MalformedRequest("columns must be lists of the same length")
        rows = zip(*payload.values(), strict=True)
        return schema.read([dict(zip(payload, row, strict=True)) for row in rows])
    if not isinstance(payload, list):
        raise MalformedRequest(f"{ways[0]}: a list is needed")
    if payload and isinstance(payload[0], list) and ways[0] in ("instances", "inputs"):
        return schema.read(_rows(schema.names, payload, ways[0]))
    return schema.read(payload)


def read_csv(content: bytes, schema: Schema) -> Columns:
    """Parse a CSV request to `/invocations` as checked columns.

    The first line has the names of the columns. Empty fields become null in nullable columns.

    Raises:
        MalformedRequest: The body is not CSV in UTF-8 with unique names.
        ValueRefused: A value does not fit its column.
    """
    try:
        # Excel begins a CSV file in UTF-8 with a byte order mark.
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise MalformedRequest(f"the body is not CSV: {error}") from None
    # csv returns an empty list for a blank line
    rows = [line for line in lines if line]
    if not rows or len(set(rows[0])) < len(rows[0]):
        raise MalformedRequest("the body is not CSV: the first line names each column once")
    kinds = {column.name: column for column in schema.columns}
    return schema.read(
        [
            {name: _cell(text, kinds.get(name)) for name, text in row.items()}
            for row in _rows(rows[0], rows[1:], "the body")
        ]
    )


def _cell(text: str, column: Column | None) -> Any:
    """Convert a cell to a value as in JSON. An invalid cell stays text, which is refused later."""
    if column is None or (column.type == "str" and text):
        return text
    value = value_of_text(column.type, text)
    is_missing = not text or (isinstance(value, float) and math.isnan(value))
    return None if column.nullable and is_missing else value


def _split(table: Any) -> list[dict[str, Any]]:
    if not isinstance(table, dict) or not isinstance(table.get("columns"), list):
        raise MalformedRequest("dataframe_split: an object with columns and data is needed")
    if not isinstance(table.get("data"), list):
        raise MalformedRequest("dataframe_split.data: a list of rows is needed")
    names = table["columns"]
    if not all(isinstance(name, str) for name in names):
        raise MalformedRequest("dataframe_split.columns: names must be texts")
    if len(set(names)) < len(names):
        raise MalformedRequest("dataframe_split.columns: two columns have the same name")
    return _rows(names, table["data"], "dataframe_split.data")


def _rows(names: list[Any], rows: list[Any], where: str) -> list[dict[str, Any]]:
    for index, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(names):
            raise MalformedRequest(f"{where}[{index}]: a list of {len(names)} values is needed")
    return [dict(zip(names, row, strict=True)) for row in rows]
