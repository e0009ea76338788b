"""What is said about a table: its columns, a page of its rows, a profile of its values."""

from typing import Any, Literal

import msgspec

from nbyard.errors import Invalid

TableFormat = Literal["csv", "tsv", "jsonl", "json", "parquet", "arrow", "excel"]
ColumnType = Literal[
    "int",
    "float",
    "bool",
    "string",
    "date",
    "datetime",
    "time",
    "duration",
    "binary",
    "list",
    "struct",
    "null",
    "other",
]

MAX_COLUMNS = 500
MAX_TABLE_COLUMNS = 50_000
MAX_PAGE_ROWS = 1000
MAX_CELL_CHARACTERS = 1000
MAX_FIELD_CHARACTERS = 8 << 20


class BrokenTable(Invalid):
    """The file is no table of the kind that its name promises; the message says where and why.

    What only cannot be shown here (too large, too slow, another dialect) is no fault of the file.
    """


class Column(msgspec.Struct, frozen=True):
    """A column; `nullable` says that missing values are possible."""

    name: str
    type: ColumnType
    nullable: bool = True


class TableInfo(msgspec.Struct, frozen=True):
    """What a file holds. `rows` is None while nobody counted them.

    `columns` are at most 500, `column_count` counts all. `delimiter`, `encoding` and
    `decimal_comma` are for text; `sheets` is for Excel.
    """

    format: TableFormat
    rows: int | None
    columns: list[Column]
    column_count: int
    delimiter: str = ""
    encoding: str = ""
    decimal_comma: bool = False
    sheets: list[str] = []
    warnings: list[str] = []


class TablePage(msgspec.Struct, frozen=True):
    """Some rows. Values are JSON: dates in ISO form, infinite numbers and huge integers as text,
    long text cut with a mark at the end. `total` is None while nobody counted."""

    columns: list[Column]
    offset: int
    total: int | None
    rows: list[list[Any]]
    warnings: list[str] = []


class TopValue(msgspec.Struct, frozen=True):
    """A frequent value."""

    value: Any
    count: int


class Histogram(msgspec.Struct, frozen=True):
    """Counts between neighbouring edges; there is one edge more than counts."""

    edges: list[float | str]
    counts: list[int]


class ColumnProfile(msgspec.Struct, frozen=True):
    """The values of a column. `count` leaves nulls out; a histogram or the top values are there."""

    name: str
    type: ColumnType
    count: int
    nulls: int
    distinct: int | None = None
    min: Any = None
    max: Any = None
    mean: float | str | None = None
    std: float | None = None
    quantiles: dict[str, float | str] = {}
    histogram: Histogram | None = None
    top: list[TopValue] = []


class Profile(msgspec.Struct, frozen=True):
    """All columns. A sampled profile looked at `rows` of about `total` rows."""

    rows: int
    sampled: bool
    columns: list[ColumnProfile]
    total: int | None = None
    warnings: list[str] = []
