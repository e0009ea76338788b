"""Reads tables from JSON objects.

All values decide the types, also of keys that appear late.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import polars as pl  # noqa: TID253  # the reader process exists for it

from nbyard.domain.datasets.table_descriptions import Column, ColumnType
from nbyard.tabular.text_tables import decode_row

ROWS_AT_ONCE = 50_000
KINDS: dict[type, ColumnType] = {
    bool: "bool",
    int: "int",
    float: "float",
    str: "string",
    list: "list",
    dict: "struct",
}
DTYPES: dict[ColumnType, Any] = {
    "bool": pl.Boolean,
    "int": pl.Int64,
    "float": pl.Float64,
    "string": pl.String,
}
INT64 = range(-(2**63), 2**63)
INT128 = range(-(2**127), 2**127)

Row = dict[str, Any]


class JsonValueTypes:
    """Collects the types of the values of each key."""

    def __init__(self) -> None:
        self.rows = 0
        self._types_by_name: dict[str, set[type]] = {}
        self._present: dict[str, int] = {}
        self._long: dict[str, bool] = {}

    def add(self, row: Row) -> None:
        """Count a row, and record the types of its values."""
        self.rows += 1
        for name, value in row.items():
            if name not in self._types_by_name:
                self._types_by_name[name], self._present[name] = set(), 0
            if value is None:
                continue
            kind = type(value)
            self._types_by_name[name].add(kind)
            self._present[name] += 1
            if kind is int and value not in INT64:
                self._long[name] = self._long.get(name, False) or value not in INT128

    def columns(self) -> list[Column]:
        """Return the columns with the types that fit all rows so far."""
        return [self._column(name, kinds) for name, kinds in self._types_by_name.items()]

    def _column(self, name: str, kinds: set[type]) -> Column:
        types = {KINDS[kind] for kind in kinds}
        column_type: ColumnType = "float" if types == {"int", "float"} else "other"
        column_type = types.pop() if len(types) == 1 else column_type if types else "null"
        # Such numbers need 128 bits; even longer ones have no type.
        layout = "big" if column_type == "int" and name in self._long else ""
        if layout and self._long[name]:
            column_type, layout = "other", ""
        return Column(name, column_type, self._present[name] < self.rows, layout)


def kinds_of(rows: Iterable[Row]) -> JsonValueTypes:
    """Return the types of the values in these rows."""
    kinds = JsonValueTypes()
    for row in rows:
        kinds.add(row)
    return kinds


def rows_of(lines: Iterable[bytes], offset: int = 0) -> Iterator[Row]:
    """Return the objects in lines of JSON.

    `offset` is the number of rows before them, for messages.

    Raises:
        BrokenTable: A line is not JSON.
        Invalid: A row is not an object, or is nested too deeply.
    """
    return (decode_row(line, f"row {number:,}") for number, line in enumerate(lines, offset + 1))


def read_frames(rows: Iterable[Row], columns: Sequence[Column]) -> Iterator[pl.DataFrame]:
    """Yield frames of rows, with columns named by their places.

    For nested and mixed values, a frame only shows whether they are present.
    """
    source, is_first = iter(rows), True
    # A table without rows still has a frame with its columns.
    while (chunk := list(islice(source, ROWS_AT_ONCE))) or is_first:
        is_first = False
        series = []
        for place, column in enumerate(columns):
            cells = [row.get(column.name) for row in chunk]
            if column.type == "float":
                cells = [_float(cell) for cell in cells]
            elif column.type not in DTYPES:
                cells = [None if cell is None else True for cell in cells]
            dtype = pl.Int128 if column.layout == "big" else DTYPES.get(column.type, pl.Boolean)
            series.append(pl.Series(str(place), cells, dtype, strict=True))
        yield pl.DataFrame(series)


def _float(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    # JSON integers have any size; floats do not.
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
