"""Descriptions of a table: its columns, a page of its rows, a profile of its values."""

from typing import Any, Literal

import msgspec

from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason

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

# columns of a page or profile
MAX_COLUMNS = 500
# a text table with more keeps only its first MAX_COLUMNS
MAX_TEXT_COLUMNS = 5000
MAX_TABLE_COLUMNS = 50_000
MAX_PAGE_ROWS = 1000
MAX_CELL_CHARACTERS = 1000


class UnreadableContent(Invalid):
    """The content of a file cannot be read, however often it is tried."""


class BrokenTable(UnreadableContent):
    """The file is not a table of the type that its name promises.

    The message says where and why. A table that just cannot be shown (too large, too slow,
    another dialect) is not broken.
    """


class Column(msgspec.Struct, frozen=True, omit_defaults=True):
    """A column. `nullable` means that missing values are possible.

    `layout` is the format of values in a text table. It has patterns of dates and times
    separated by `|`, or the number of decimals, or `big` for integers of more than 64 bits.
    `padded` values have blanks around them.
    """

    name: str
    type: ColumnType
    nullable: bool = True
    layout: str = ""
    padded: bool = False


class TableInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """The structure of a table, inferred once from all rows and stored with the dataset version.

    `rows` is None if only the first rows were read. `columns` are all columns, or the first 500
    of more than 5,000 in a text table. `column_count` counts all. `delimiter`, `encoding`,
    `decimal_comma` and `null_words` (whether a word such as NA means a missing value) are for
    text, as are `skipped_lines` (before the header) and `is_irregular`: libraries misread the text,
    because it has blank or ragged lines, carriage returns as line ends, quotes in values without
    quotes around them, or columns of one name. `sheet`, `sheets` and `skipped_lines` are for Excel.
    """

    format: TableFormat
    rows: int | None
    columns: list[Column]
    column_count: int
    delimiter: str = ""
    encoding: str = ""
    decimal_comma: bool = False
    null_words: bool = True
    skipped_lines: int = 0
    is_irregular: bool = False
    sheet: str = ""
    sheets: list[str] = []
    warnings: list[Reason] = []


class TablePage(msgspec.Struct, frozen=True):
    """A page of rows. `total` is None until the rows are counted.

    Values are JSON: dates are in ISO form, infinite numbers, decimals and huge integers are
    text. Long text is cut and marked at the end. `columns` are at most 500 of `column_count`,
    from `column_offset` on. For Excel files, `sheet` is shown of all `sheets`.
    """

    columns: list[Column]
    offset: int
    total: int | None
    rows: list[list[Any]]
    warnings: list[Reason] = []
    column_offset: int = 0
    column_count: int = 0
    sheet: str = ""
    sheets: list[str] = []


class TopValue(msgspec.Struct, frozen=True):
    """A frequent value and its count."""

    value: Any
    count: int


class Histogram(msgspec.Struct, frozen=True):
    """Counts between neighbouring edges. There is one more edge than counts."""

    edges: list[float | str]
    counts: list[int]


class ColumnProfile(msgspec.Struct, frozen=True):
    """The profile of a column, with a histogram or the top values. `count` leaves nulls out."""

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
    """A profile of at most 500 of `column_count` columns, from `column_offset` on.

    A sampled profile covers `rows` of about `total` rows.
    """

    rows: int
    sampled: bool
    columns: list[ColumnProfile]
    total: int | None = None
    warnings: list[Reason] = []
    column_offset: int = 0
    column_count: int = 0
    sheet: str = ""
    sheets: list[str] = []
