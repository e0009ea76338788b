"""Reads text tables (CSV, TSV) as data frames, with types inferred from all rows.

The description of a table lies in a file beside it. Preview, profile and run all use it, so that
they show the same types. Libraries parse plain numbers and words. This module converts other texts.
"""

from __future__ import annotations

import csv
import io
import json
import os
from functools import partial
from typing import Any

from .text_format import NULLS, dialect_of_file, moment_of, open_unpacked, unpacked_name

TOLD = ".table.json"
PLAIN = ("int", "float", "string", "null")
# The most digits of a decimal of 128 bits, in Arrow and in polars.
MAX_DIGITS = 38
UINT64 = range(2**64)

Column = dict[str, Any]
Table = dict[str, Any]


def table_description(path: str) -> Table:
    """Return the description of the table in a file.

    If there is none, the columns have no types, and libraries infer them.

    Raises:
        UnreadableText: The header cannot be read.
    """
    try:
        with open(os.path.join(os.path.dirname(path), TOLD), encoding="utf-8") as file:
            return dict(json.load(file))
    except FileNotFoundError:
        pass
    dialect = dialect_of_file(path, partial(open_unpacked, path))
    columns = [{"name": name} for name in dialect.names]
    skipped = {"skipped_lines": dialect.skipped, "untyped": True}
    return {**dialect._asdict(), **skipped, "columns": columns}


def _source(path: str) -> Any:
    """Return what libraries read: the path of a file, or its content if it is compressed."""
    if unpacked_name(path) == path:
        return path
    with open_unpacked(path) as file:
        return io.BytesIO(file.read())


def of_pandas(path: str, table: Table) -> Any:
    """Read a text table as a DataFrame of pandas."""
    import pandas

    columns = table["columns"]
    read_as = {}
    for column in columns:
        if "type" not in column:
            continue
        # What is converted below is read as text.
        kind = column["type"] if _is_plain(column) else "string"
        whole = "Int64" if column.get("nullable", True) else "int64"
        read_as[column["name"]] = {"string": "str", "int": whole}.get(kind, "float64")
    frame = pandas.read_csv(
        _source(path),
        sep=table["delimiter"],
        decimal="," if table.get("decimal_comma") else ".",
        encoding=table["encoding"],
        header=0,
        names=[column["name"] for column in columns],
        index_col=False,
        # Without it, pandas refuses lines with more values.
        usecols=None if table.get("untyped") else range(len(columns)),
        skiprows=table.get("skipped_lines", 0),
        dtype=read_as,
        na_values=[*NULLS],
        keep_default_na=False,
    )
    for place, column in enumerate(columns):
        if not _is_plain(column):
            texts = frame.iloc[:, place]
            values = _values(texts.astype(object).where(texts.notna(), None), column, table)
            kind = _pandas_values(column, values)
            frame.isetitem(place, pandas.Series(values, frame.index, kind))
    return frame


def of_polars(path: str, table: Table) -> Any:
    """Read a text table as a DataFrame of polars."""
    import polars

    columns = table["columns"]
    if _is_unusual(table):
        schema = {column["name"]: polars.String for column in columns}
        frame = polars.DataFrame(_texts(path, table), schema=schema, orient="col")
    else:
        frame = polars.read_csv(
            _source(path),
            separator=table["delimiter"],
            encoding=table["encoding"].replace("utf-8-sig", "utf8").replace("utf-8", "utf8"),
            new_columns=[column["name"] for column in columns],
            # 0 reads all columns as text. The types come from the description, if it has any.
            infer_schema_length=None if table.get("untyped") else 0,
            decimal_comma=bool(table.get("untyped") and table["decimal_comma"]),
            skip_rows=table.get("skipped_lines", 0),
            null_values=[*NULLS],
            truncate_ragged_lines=True,
            glob=False,
        )
    plain = {"int": polars.Int64, "float": polars.Float64, "null": polars.Null}
    known = {"int": "Int64", "float": "Float64", "bool": "Boolean", "date": "Date", "time": "Time"}
    for place, column in enumerate(columns):
        kind, texts = column.get("type"), frame.to_series(place)
        if _is_plain(column):
            if kind in plain:
                comma = kind == "float" and table.get("decimal_comma")
                texts = texts.str.replace(",", ".", literal=True) if comma else texts
                frame = frame.replace_column(place, texts.cast(plain[kind]))
            continue
        values = _values(texts, column, table)
        if kind == "datetime":
            polars_type: Any = polars.Datetime("us", "UTC" if _is_zoned(column) else None)
        elif kind == "decimal":
            polars_type = polars.Decimal(MAX_DIGITS, int(column["layout"]))
        elif kind == "int" and column.get("layout"):
            # The environment of the work may have a polars without Int128.
            large = getattr(polars, "Int128", polars.Decimal(MAX_DIGITS, 0))
            polars_type = polars.UInt64 if _fits_uint64(values) else large
        else:
            polars_type = getattr(polars, known.get(kind, "String"))
        frame = frame.replace_column(place, polars.Series(texts.name, values, polars_type))
    return frame


def of_pyarrow(path: str, table: Table) -> Any:
    """Read a text table as a Table of pyarrow."""
    import pyarrow
    from pyarrow import csv as arrow_csv

    columns = table["columns"]
    names = [column["name"] for column in columns]
    reading = arrow_csv.ReadOptions(
        column_names=names,
        skip_rows=table.get("skipped_lines", 0),
        skip_rows_after_names=1,
        encoding=table["encoding"],
    )
    # pyarrow cuts the file into blocks at line ends. Without the option, a quoted line end would
    # count as one of these.
    parsing = arrow_csv.ParseOptions(delimiter=table["delimiter"], newlines_in_values=True)
    converting = arrow_csv.ConvertOptions(
        column_types={} if table.get("untyped") else dict.fromkeys(names, pyarrow.string()),
        decimal_point="," if table.get("decimal_comma") else ".",
        null_values=[*NULLS],
        # By default, pyarrow keeps a text such as `NA` in columns of strings.
        strings_can_be_null=True,
    )
    if _is_unusual(table):
        arrow_table = pyarrow.table(dict(zip(names, _texts(path, table), strict=True)))
    else:
        arrow_table = arrow_csv.read_csv(_source(path), reading, parsing, converting)
    known = {"int": "int64", "float": "float64", "bool": "bool_", "date": "date32", "null": "null"}
    for place, column in enumerate(columns):
        kind = column.get("type", "string")
        if kind == "string":
            continue
        values = _values(arrow_table.column(place).to_pylist(), column, table)
        if kind == "datetime":
            arrow_type = pyarrow.timestamp("us", "UTC" if _is_zoned(column) else None)
        elif kind == "time":
            arrow_type = pyarrow.time64("us")
        elif kind == "decimal":
            arrow_type = pyarrow.decimal128(MAX_DIGITS, int(column["layout"]))
        elif kind == "int" and column.get("layout"):
            fits = _fits_uint64(values)
            arrow_type = pyarrow.uint64() if fits else pyarrow.decimal128(MAX_DIGITS, 0)
        else:
            arrow_type = getattr(pyarrow, known[kind])()
        made = pyarrow.array(values, arrow_type)
        arrow_table = arrow_table.set_column(place, column["name"], made)
    return arrow_table


def _is_unusual(table: Table) -> bool:
    """Return whether polars or pyarrow refuse the text of a table, or misread it."""
    is_unusual = table.get("skipped_lines") or table.get("is_irregular") or table.get("rows") == 0
    return bool(is_unusual and not table.get("untyped"))


def _texts(path: str, table: Table) -> list[list[str | None]]:
    """Return the texts of a table by column, with None for missing values."""
    width = len(table["columns"])
    with io.TextIOWrapper(open_unpacked(path), table["encoding"], newline="") as file:
        for _ in range(table.get("skipped_lines", 0)):
            file.readline()
        lines = csv.reader(file, delimiter=table["delimiter"])
        rows = [(row + [""] * width)[:width] for row in lines if row]
    columns = zip(*rows[1:], strict=True) if rows[1:] else [()] * width
    return [[None if text in NULLS else text for text in column] for column in columns]


def _is_plain(column: Column) -> bool:
    """Return whether every library itself parses the texts of a column correctly."""
    is_bare = not column.get("layout") and not column.get("padded")
    return column.get("type", "string") in PLAIN and is_bare


def _values(texts: Any, column: Column, table: Table) -> list[Any]:
    """Return the values of a column's texts. Each distinct text is converted once."""
    column_texts = list(texts)
    meant = {
        text: _value(text, column, bool(table.get("decimal_comma")))
        for text in set(column_texts)
        if text is not None
    }
    return [meant.get(text) for text in column_texts]


def _value(text: str, column: Column, decimal_comma: bool) -> Any:
    kind, text = column["type"], text.strip(" \t") if column.get("padded") else text
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        return int(text)
    if kind in ("float", "decimal"):
        number = text.replace(",", ".") if decimal_comma else text
        if kind == "float":
            return float(number)
        from decimal import Context, Decimal

        # with as many digits after the point as all values of the column
        last_digit = Decimal(1).scaleb(-int(column["layout"]))
        return Context(prec=MAX_DIGITS).quantize(Decimal(number), last_digit)
    layouts = column["layout"].split("|")
    moment = moment_of(text, layouts)
    if moment is None:
        raise ValueError(f"{text[:40]!r} is not written as {' or '.join(layouts)}")
    return getattr(moment, kind)() if kind in ("date", "time") else moment


def _is_zoned(column: Column) -> bool:
    return bool(column["layout"].endswith(("Z", "%z")))


def _fits_uint64(values: list[Any]) -> bool:
    return all(value is None or value in UINT64 for value in values)


def _pandas_values(column: Column, values: list[Any]) -> str:
    kind, nullable = column["type"], None in values
    if kind in ("date", "datetime"):
        # Nanoseconds, the usual unit of pandas, reach only from the year 1677 to 2262.
        return "datetime64[us, UTC]" if _is_zoned(column) else "datetime64[us]"
    if kind == "int" and column.get("layout"):
        return ("UInt64" if nullable else "uint64") if _fits_uint64(values) else "object"
    plain = {"int": ("int64", "Int64"), "float": ("float64",) * 2, "bool": ("bool", "boolean")}
    return plain.get(kind, ("object", "object"))[nullable]
