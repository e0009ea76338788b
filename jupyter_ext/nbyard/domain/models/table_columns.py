"""Columns of a model, derived from the table that it was trained on."""

from collections.abc import Sequence
from typing import Any

from nbyard.domain.datasets.table_descriptions import ColumnType as TableType
from nbyard.domain.datasets.table_descriptions import TablePage
from nbyard.domain.models.schema_notations import UNNAMED
from nbyard.domain.models.structs import ColumnType, ModelColumn

TYPES: dict[TableType, ColumnType] = {
    "int": "int",
    "float": "float",
    "decimal": "float",
    "bool": "bool",
    "string": "str",
    "date": "date",
    "datetime": "datetime",
    # pandas reads a CSV column without values as floats, all of them NaN.
    "null": "float",
}
TIMES = ("date", "datetime")
# formats that store dates as text, which readers return as text
TEXTS = ("csv", "tsv", "jsonl", "json")
NUMBERS = ("int", "float", "decimal")


def columns_of_table(page: TablePage, table_format: str) -> list[ModelColumn]:
    """Return the columns of a table that a model can take as input.

    A column with missing values in the rows of the page is nullable. Integers with missing
    values become floats, as in pandas.
    """
    columns = []
    for place, column in enumerate(page.columns):
        is_text = column.type in TIMES and table_format in TEXTS
        column_type: ColumnType | None = "str" if is_text else TYPES.get(column.type)
        if column_type is not None:
            lacks = any(row[place] is None for row in page.rows if place < len(row))
            whole = column_type == "int" and lacks
            columns.append(ModelColumn(column.name, "float" if whole else column_type, lacks))
    return columns


def target_of(
    page: TablePage, features: Sequence[str], classes: Sequence[Any] | None, answer: ColumnType
) -> str:
    """Return the name of the column that a model predicts, guessed from its training table.

    A column fits if it is not a feature and all its values are among the model's `classes`.
    Without classes, a column of numbers fits if the `answer` type is a number. The result is
    `prediction` unless exactly one column fits.
    """
    fits = []
    for place, column in enumerate(page.columns):
        if column.name in features:
            continue
        values = [row[place] for row in page.rows if place < len(row) and row[place] is not None]
        if classes is not None:
            # Values and classes may differ in type, such as the text 1 and the number 1.
            is_fit = bool(values) and {*map(str, values)} <= {*map(str, classes)}
        else:
            is_fit = answer in NUMBERS and column.type in NUMBERS
        if is_fit:
            fits.append(column.name)
    return fits[0] if len(fits) == 1 else UNNAMED
