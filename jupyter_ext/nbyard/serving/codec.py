"""Convert and check values by a schema, for all modes.

A schema converts records or columns to a DataFrame for the model, and the model's answer to columns
of plain values.

A column's type is int (64 bits), float, str, bool, date or datetime. Nullable columns may be null
or missing. The model gets int64, float64, bool and datetime64[us] (in UTC) columns, datetime64[ns]
for times with nanoseconds, and texts as pandas keeps them. Nullable columns are Int64, float64 with
NaN, boolean, and datetime64 with NaT.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from .column_checks import CHECKS, FIRST, LAST, UnfitValue, is_plain, shown_value

Columns = list[list[Any]]
TIMES = ("date", "datetime")
TIME_DTYPE = "datetime64[us]"
DTYPES = {
    **{"int": "int64", "float": "float64", "str": "object", "bool": "bool"},
    **dict.fromkeys(TIMES, TIME_DTYPE),
}
NULLABLE_DTYPES = DTYPES | {"int": "Int64", "bool": "boolean"}
# types of missing values in pandas
MISSING = ("NAType", "NaTType")
# types with a length that are not columns
NO_COLUMN = (str, bytes, dict, set)
# types of one-block frames, which are by far the fastest to create
ONE_BLOCK = ("int", "float", "bool")


class ValueRefused(ValueError):
    """Input does not fit the schema. The message names row, field and problem.

    `row` counts from 0, and is None if no single row is the problem.
    """

    def __init__(self, message: str, row: int | None = None, field: str = "") -> None:
        where = [f"row {row}"] if row is not None else []
        where += [f"field {field!r}"] if field else []
        super().__init__(f"{', '.join(where)}: {message}" if where else message)
        self.message, self.row, self.field = message, row, field

    def moved(self, rows: int) -> ValueRefused:
        """Return the same error with a row number that is larger by `rows`."""
        row = None if self.row is None else self.row + rows
        return type(self)(self.message, row, self.field)

    def detail(self) -> dict[str, Any]:
        """Return the error as a JSON object for a response."""
        return {"row": self.row, "field": self.field, "message": self.message}


class BadAnswer(ValueRefused):
    """The model's answer does not fit the schema."""


class Column(NamedTuple):
    """A column of a schema. The module's docstring lists the types."""

    name: str
    type: str
    nullable: bool = False


class Schema:
    """The columns of a model's input or output, in order. Errors have the class `refusal`."""

    def __init__(self, columns: Sequence[Column], refusal: type[ValueRefused] = ValueRefused):
        self.columns = list(columns)
        self.names = [column.name for column in columns]
        self._width = len(self.columns)
        self._known = frozenset(self.names)
        self._refusal = refusal
        self._get = itemgetter(*self.names)
        kinds = {column.type for column in columns}
        alone = next(iter(kinds)) if len(kinds) == 1 else ""
        # numpy converts None to NaN in float arrays, so nullable floats fit, too.
        is_whole = not any(column.nullable for column in columns) or alone == "float"
        self._block = DTYPES[alone] if alone in ONE_BLOCK and is_whole else ""

    @classmethod
    def of(
        cls, fields: Sequence[dict[str, Any]], refusal: type[ValueRefused] = ValueRefused
    ) -> Schema:
        """Return the schema of a list of columns in model.json."""
        columns = [
            Column(field["name"], field["type"], bool(field.get("nullable"))) for field in fields
        ]
        return cls(columns, refusal)

    def read(self, records: Sequence[Any]) -> Columns:
        """Convert records, which are objects by column name, to checked columns.

        Raises:
            ValueRefused: A record or value does not fit. The error names row and field.
        """
        # the fast path: all records have exactly the fields of the schema
        try:
            rows = [*map(self._get, records)]
            is_whole = all(len(record) == self._width for record in records)
        except (KeyError, TypeError):
            is_whole = False
        if not is_whole:
            rows = self._rows_of_records(records)
        # With one name, `itemgetter` returns a value instead of a tuple.
        columns = (
            [rows] if self._width == 1 else [list(values) for values in zip(*rows, strict=True)]
        )
        return self.check(columns) if rows else [[] for _ in self.columns]

    def _rows_of_records(self, records: Sequence[Any]) -> list[Any]:
        rows = []
        for index, record in enumerate(records):
            if not isinstance(record, dict):
                raise self._refusal("an object with the fields of the schema is needed", index)
            for name in record:
                if name not in self._known:
                    known = ", ".join(self.names[:20])
                    raise self._refusal(f"unknown field; known fields: {known}", index, name)
            for column in self.columns:
                if column.name not in record and not column.nullable:
                    raise self._refusal("is missing", index, column.name)
            row = tuple(record.get(name) for name in self.names)
            rows.append(row if self._width > 1 else row[0])
        return rows

    def places_in(self, names: Sequence[str]) -> list[int | None]:
        """Return where a table with these columns has those of the schema, None if it lacks one.

        Raises:
            ValueRefused: A column is missing, appears twice, or is not in the schema.
        """
        places = {name: place for place, name in enumerate(names)}
        for place, name in enumerate(names):
            if name not in self._known:
                known = ", ".join(self.names[:20])
                raise self._refusal(f"unknown field; known fields: {known}", field=name)
            if places[name] != place:
                raise self._refusal("appears twice", field=name)
        for column in self.columns:
            if column.name not in places and not column.nullable:
                raise self._refusal("is missing", field=column.name)
        return [places.get(name) for name in self.names]

    def check(self, columns: Columns) -> Columns:
        """Return the columns with each value converted to its type.

        Raises:
            ValueRefused: A value does not fit. The error names row and field.
        """
        return [
            values if is_plain(column.type, values) else self._checked_column(column, values)
            for column, values in zip(self.columns, columns, strict=True)
        ]

    def _checked_column(self, column: Column, values: Sequence[Any]) -> list[Any]:
        check = CHECKS[column.type]
        checked: list[Any] = []
        for index, value in enumerate(values):
            if value is None and column.nullable:
                checked.append(None)
                continue
            try:
                checked.append(check(value))
            except UnfitValue as error:
                said = "null" if value is None else shown_value(value)
                raise self._refusal(f"{error}, not {said}", index, column.name) from None
        return checked

    def frame(self, columns: Columns) -> Any:
        """Convert checked columns to the DataFrame for the model."""
        import numpy
        import pandas

        if self._block:
            block = numpy.array(columns, dtype=self._block)
            return pandas.DataFrame(block.T, columns=self.names, copy=False)
        series: dict[str, Any] = {}
        for column, values in zip(self.columns, columns, strict=True):
            dtype = (NULLABLE_DTYPES if column.nullable else DTYPES)[column.type]
            # only pandas' own times count nanoseconds
            if column.type in TIMES and any(getattr(value, "nanosecond", 0) for value in values):
                series[column.name] = _fine(values)
            elif dtype in ("Int64", "boolean"):
                series[column.name] = pandas.array(values, dtype=dtype)
            else:
                series[column.name] = numpy.array(values, dtype=dtype)
        return pandas.DataFrame(series, columns=self.names, copy=False)

    def answer(self, answer: Any, count: int) -> Columns:
        """Convert a model's answer to `count` rows to checked columns of JSON values.

        Dates and times become ISO 8601 texts.

        Raises:
            ValueRefused: The answer has other rows or columns, or a value that does not fit.
        """
        series = self.columns_of_answer(answer)
        columns = []
        for column, values in zip(self.columns, series, strict=True):
            plain = _python_values(values)
            if len(plain) != count:
                raise self._refusal(f"has {len(plain)} rows for {count}", field=column.name)
            columns.append(plain)
        checked = self.check(columns)
        return [
            [None if value is None else value.isoformat() for value in values]
            if column.type in TIMES
            else values
            for column, values in zip(self.columns, checked, strict=True)
        ]

    def columns_of_answer(self, answer: Any) -> list[Any]:
        """Return the columns of a model's answer in the order of the schema, unchecked.

        Columns are found by name, or by place if they have no names.

        Raises:
            ValueRefused: the answer has other columns.
        """
        if hasattr(answer, "columns") and hasattr(answer, "iloc"):
            names = list(answer.columns)
            # the columns of a frame without names are numbered
            if all(isinstance(name, int) for name in names) and len(names) == self._width:
                return [answer.iloc[:, place] for place in range(self._width)]
            for name in self.names:
                if name not in names:
                    said = ", ".join(map(str, names[:20]))
                    raise self._refusal(f"is missing; there are: {said}", field=name)
            if len(names) > self._width:
                extra = next((name for name in names if name not in self._known), names[0])
                raise self._refusal("is not in the output schema", field=str(extra))
            return [answer[name] for name in self.names]
        is_column = getattr(answer, "ndim", 1) == 1 and hasattr(answer, "__len__")
        if self._width == 1 and is_column and not isinstance(answer, NO_COLUMN):
            return [answer]
        if getattr(answer, "ndim", 0) == 2 and answer.shape[1] == self._width:
            return [answer[:, place] for place in range(self._width)]
        message = f"a DataFrame with the columns {', '.join(self.names)} is needed"
        raise self._refusal(f"{message}, not {type(answer).__name__}")


def _fine(values: list[Any]) -> Any:
    """Return times as an array in nanoseconds."""
    import numpy
    import pandas

    try:
        stamps = [
            pandas.Timestamp(value).as_unit("ns").to_datetime64() for value in values if value
        ]
    except pandas.errors.OutOfBoundsDatetime:
        message = f"beside a time with nanoseconds each is from {FIRST} to {LAST}"
        raise ValueRefused(message) from None
    whole = numpy.full(len(values), numpy.datetime64("NaT", "ns"))
    whole[[value is not None for value in values]] = stamps
    return whole


def _python_values(values: Any) -> list[Any]:
    """Convert a column of a model's answer to Python values; missing values become None."""
    kind = getattr(getattr(values, "dtype", None), "kind", "O")
    may_lack = hasattr(getattr(values, "dtype", None), "na_value")
    if kind in "iub" and not may_lack:
        return list(values.tolist())
    if kind == "M":
        import pandas

        series = pandas.Series(values)
        if series.dt.tz is not None:
            series = series.dt.tz_convert("UTC").dt.tz_localize(None)
        if series.dt.nanosecond.any():
            return [None if moment is pandas.NaT else moment for moment in series]
        return list(series.to_numpy().astype(TIME_DTYPE).tolist())
    elements = values.tolist() if hasattr(values, "tolist") else list(values)
    if kind == "f" and not may_lack and not any(map(math.isnan, elements)):
        return list(elements)
    plain: list[Any] = []
    for element in elements:
        item = element.item() if hasattr(element, "item") else element
        is_nan = isinstance(item, float) and math.isnan(item)
        plain.append(None if is_nan or type(item).__name__ in MISSING else item)
    return plain
