"""Parse requests in plain JSON and in the formats of MLflow's clients.

https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally (section "Inference Server").
"""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
from json import JSONDecodeError
from typing import Any

from nbyard.runner.handoff.text_format import Dialect, UnreadableText, dialect_in, encoding_in
from nbyard.serving.codec import Columns, Schema
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

    The header has the names of the columns.

    Raises:
        MalformedRequest: The body is not CSV.
        ValueRefused: A column is missing or unknown, or a value does not fit its column.
    """
    try:
        dialect, text = _decoded(content, schema)
        if "\0" in text:
            raise UnreadableText("a value contains a NUL byte")
        lines = itertools.islice(io.StringIO(text, newline=""), dialect.lines, None)
        rows = [*filter(None, csv.reader(lines, delimiter=dialect.delimiter, strict=True))]
    except (UnicodeDecodeError, csv.Error, UnreadableText) as error:
        raise MalformedRequest(f"the body is not CSV: {error}") from None
    _check_widths(len(dialect.names), rows, "the body")
    places, texts = schema.places_in(dialect.names), [*zip(*rows, strict=True)]
    columns = []
    for column, place in zip(schema.columns, places, strict=True):
        cells = [""] * len(rows) if place is None else texts[place] if rows else []
        columns.append(
            [
                value_of_text(column.type, cell, column.nullable, dialect.decimal_comma)
                for cell in cells
            ]
        )
    return schema.check(columns)


def _decoded(content: bytes, schema: Schema) -> tuple[Dialect, str]:
    """Return how a body is written, and its text.

    A body in UTF-8 that begins with names of the schema between commas needs no detection.
    """
    with contextlib.suppress(UnicodeDecodeError):
        text = content.decode("utf-8-sig")
        names = text.partition("\n")[0].rstrip("\r").split(",")
        if {*names} <= {*schema.names} and len({*names}) == len(names):
            return Dialect(",", "utf-8", False, names, [], 0, 1, 0, False), text
    dialect = dialect_in(content, is_tsv=False, encoding=encoding_in(lambda: io.BytesIO(content)))
    return dialect, content.decode(dialect.encoding)


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
    _check_widths(len(names), rows, where)
    return [dict(zip(names, row, strict=True)) for row in rows]


def _check_widths(width: int, rows: list[Any], where: str) -> None:
    for index, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != width:
            raise MalformedRequest(f"{where}[{index}]: a list of {width} values is needed")
