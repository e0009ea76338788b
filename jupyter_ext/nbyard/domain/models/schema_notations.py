"""Columns of tables and schemas, in the notations of Python, pandas and MLflow.

MLflow's signatures: https://mlflow.org/docs/latest/ml/model/signatures/
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from nbyard.domain.datasets.table_descriptions import ColumnType as TableType
from nbyard.domain.datasets.table_descriptions import TablePage
from nbyard.domain.models.structs import ColumnType, ModelColumn
from nbyard.domain.parsing.strict_json import read_json
from nbyard.errors import BadRequest, Invalid
from nbyard.reasons.structs import Reason

COLUMN_TYPES: dict[TableType, ColumnType] = {
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
TYPES: dict[str, ColumnType] = {
    **dict.fromkeys(("int", "integer", "long", "int8", "int16", "int32", "int64"), "int"),
    **dict.fromkeys(("float", "double", "number", "float32", "float64"), "float"),
    **dict.fromkeys(("str", "string", "text", "object"), "str"),
    **dict.fromkeys(("bool", "boolean"), "bool"),
    **dict.fromkeys(("date", "datetime.date"), "date"),
    **dict.fromkeys(("datetime", "datetime.datetime", "timestamp", "datetime64"), "datetime"),
}
KNOWN = [*dict.fromkeys(TYPES.values())]
# int?, Optional[int], int | None
OPTIONAL = re.compile(r"(?:(.+)\?|(?:typing\.)?Optional\[(.+)\]|(.+?)\s*\|\s*None)\Z")
# Old signatures of MLflow have `optional`, newer ones `required`.
FIELDS = {"name", "type", "nullable", "required", "optional", "tensor-spec"}
UNNAMED = "prediction"
MAX_COLUMNS = 10_000
MAX_NAME = 200


def columns_of_table(page: TablePage, table_format: str) -> list[ModelColumn]:
    """Return the columns of a table that a model can take as input.

    A column with missing values in the rows of the page is nullable. Integers with missing
    values become floats, as in pandas.
    """
    columns = []
    for place, column in enumerate(page.columns):
        is_text = column.type in TIMES and table_format in TEXTS
        column_type: ColumnType | None = "str" if is_text else COLUMN_TYPES.get(column.type)
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


def columns_of(value: Any, where: str) -> list[ModelColumn]:
    """Return the columns of a schema: a list of objects, one object, or either as JSON text.

    Raises:
        Invalid: a column has no name or no known type, or two have the same name.
    """
    if isinstance(value, str):
        try:
            value = read_json(value.encode())
        except BadRequest as error:
            _refuse(where, error.reason)
    listed = [value] if isinstance(value, Mapping) else value
    if not isinstance(listed, list) or not 0 < len(listed) <= MAX_COLUMNS:
        _refuse(where, "a list of columns is needed, such as {name: x, type: float}")
    columns = [
        _column(entry, f"{where}.{index}", len(listed)) for index, entry in enumerate(listed)
    ]
    seen: set[str] = set()
    for index, column in enumerate(columns):
        if column.name in seen:
            _refuse(f"{where}.{index}.name", f"{column.name!r} appears twice")
        seen.add(column.name)
    return columns


def names_type(text: str) -> bool:
    """Return whether a text is the type of a column, such as `float` or `int | None`."""
    return _read_type(text)[0] is not None


def _read_type(text: str) -> tuple[ColumnType | None, bool]:
    optional = OPTIONAL.match(text.strip())
    plain = next(filter(None, optional.groups())) if optional else text.strip()
    return TYPES.get(plain) or TYPES.get(plain.lower()), optional is not None


def _column(value: Any, where: str, count: int) -> ModelColumn:
    if not isinstance(value, Mapping):
        _refuse(where, "a column must be an object with name and type")
    for name in value:
        if name not in FIELDS:
            known = ["name", "type", "nullable"]
            _refuse(f"{where}.{name[:60]}", f"unknown field; known fields: {', '.join(known)}")
    name = value.get("name", UNNAMED if count == 1 else None)
    if not isinstance(name, str) or not name or len(name) > MAX_NAME:
        _refuse(f"{where}.name", "the name of the column is needed, as text")
    type_name = value.get("type")
    if type_name == "tensor":  # the type of a tensor that is one column
        spec = value.get("tensor-spec")
        spec = spec if isinstance(spec, Mapping) else {}
        # MLflow writes -1 for a dimension of any size, which is the number of rows here.
        if spec.get("shape") not in ([-1], [-1, 1]):
            _refuse(f"{where}.tensor-spec", "only a tensor with a single column can be served")
        type_name = spec.get("dtype")
    if not isinstance(type_name, str):
        _refuse(f"{where}.type", f"a type is needed, one of {', '.join(KNOWN)}")
    column_type, is_optional = _read_type(type_name)
    if column_type is None:
        reason = f"{type_name[:40]!r} is not a column type; must be one of {', '.join(KNOWN)}"
        _refuse(f"{where}.type", reason)
    nullable = (
        is_optional
        or _truth(value, "nullable", where)
        or _truth(value, "optional", where)
        or not _truth(value, "required", where, True)
    )
    return ModelColumn(name, column_type, nullable)


def _truth(value: Mapping[str, Any], name: str, where: str, default: bool = False) -> bool:
    flag = value.get(name, default)
    if not isinstance(flag, bool):
        _refuse(f"{where}.{name}", "true or false is needed")
    return flag


def _refuse(where: str, reason: Reason | str) -> NoReturn:
    raise Invalid.field(where, reason)
