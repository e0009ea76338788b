"""What is said about a table: its columns, a page of its rows, a profile of its values."""

from typing import Any, Literal

import msgspec

from nbyard.errors import Invalid

TableFormat = Literal["csv", "tsv", "jsonl", "json", "parquet", "arrow", "excel"]
ColumnType = Literal[
    "int",
    "float",
    "decimal",
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
MAX_TEXT_COLUMNS = 5000
MAX_TABLE_COLUMNS = 50_000
MAX_PAGE_ROWS = 1000
MAX_CELL_CHARACTERS = 1000
MAX_FIELD_CHARACTERS = 8 << 20


class BrokenTable(Invalid):
    """The file is no table of the kind that its name promises; the message says where and why.

    What only cannot be shown here (too large, too slow, another dialect) is no fault of the file.
    """


class Column(msgspec.Struct, frozen=True, omit_defaults=True):
    """A column; `nullable` says that missing values are possible.

    `layout` is how a text table writes the values: the patterns of dates and times with `|` between
    them, the digits after the point of decimals, `big` for integers of more than 64 bits. `padded`
    values have blanks around them.
    """

    name: str
    type: ColumnType
    nullable: bool = True
    layout: str = ""
    padded: bool = False


class TableInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a file holds, inferred once from all its rows and stored with the dataset version.

    `rows` is None where only the first rows were read. `columns` are all of them, or the first 500
    of more than 5,000 in a text table; `column_count` counts all. `delimiter`, `encoding`,
    `decimal_comma` and `null_words` (whether a word such as NA stands for a missing value) are for
    text; `sheet` and `sheets` are for Excel.
    """

    format: TableFormat
    rows: int | None
    columns: list[Column]
    column_count: int
    delimiter: str = ""
    encoding: str = ""
    decimal_comma: bool = False
    null_words: bool = True
    sheet: str = ""
    sheets: list[str] = []
    warnings: list[str] = []


class TablePage(msgspec.Struct, frozen=True):
    """Some rows. Values are JSON: dates in ISO form, infinite numbers, decimals and huge integers
    as text, long text cut with a mark at the end. `total` is None while nobody counted.

    `columns` are at most 500 of `column_count`, from `column_offset` on. Of an Excel file `sheet`
    is shown of all `sheets`."""

    columns: list[Column]
    offset: int
    total: int | None
    rows: list[list[Any]]
    warnings: list[str] = []
    column_offset: int = 0
    column_count: int = 0
    sheet: str = ""
    sheets: list[str] = []


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
    """At most 500 of `column_count` columns, from `column_offset` on. A sampled profile looked at
    `rows` of about `total` rows."""

    rows: int
    sampled: bool
    columns: list[ColumnProfile]
    total: int | None = None
    warnings: list[str] = []
    column_offset: int = 0
    column_count: int = 0
    sheet: str = ""
    sheets: list[str] = []
