"""Previews of files: what a file contains, in a form that fits on a small card."""

import math
import re
from typing import Any

import msgspec

from nbyard.domain.attempts.metric_series import WORDS
from nbyard.domain.datasets.table_descriptions import TablePage

MiB = 1 << 20
# Larger files have no preview. Tables of other formats are read in parts.
LARGEST = {"ipynb": 64 * MiB, "json": 16 * MiB, "excel": 16 * MiB, "png": 32 * MiB, "jpg": 32 * MiB}
MAX_COLUMNS = 12
MAX_ROWS = 3
MAX_CELL = 24
MAX_METRICS = 6
MAX_NAME = 40
MAX_TEXT = 120
MAX_LINE = 80
# Escape sequences for colours and cursors, and all other control characters.
CONTROLS = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|[\x00-\x1f\x7f-\x9f]"
)


class TableHead(msgspec.Struct, frozen=True):
    """The first cells of a table as short texts: at most 3 rows of at most 12 columns.

    `column_count` counts all columns. `row_count` is null if the rows were not counted.
    """

    columns: list[str]
    rows: list[list[str]]
    column_count: int
    row_count: int | None


class ShownMetric(msgspec.Struct, frozen=True):
    """A number by name. Values that are not numbers are "NaN", "Infinity" or "-Infinity"."""

    name: str
    value: float | str


class ShownModel(msgspec.Struct, frozen=True):
    """The class of a model, empty if unknown, and its number of features if known.

    `inputs` are the names of the first features, if the model was fitted with names.
    """

    class_name: str
    features: int | None = None
    inputs: list[str] = []


class FilePreview(msgspec.Struct, frozen=True, omit_defaults=True):
    """The preview of one file. `picture` means that the file has a small picture."""

    picture: bool = False
    table: TableHead | None = None
    metrics: list[ShownMetric] = []
    model: ShownModel | None = None
    text: str = ""


def head_of(page: TablePage) -> TableHead:
    """Return the head of a table as short texts."""
    columns = [one_line(column.name, MAX_CELL) for column in page.columns[:MAX_COLUMNS]]
    rows = [[cell_text(value) for value in row[:MAX_COLUMNS]] for row in page.rows[:MAX_ROWS]]
    return TableHead(columns, rows, page.column_count, page.total)


def cell_text(value: Any) -> str:
    """Return a value of a table as short text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | dict):
        return one_line(msgspec.json.encode(value).decode(), MAX_CELL)
    return one_line(str(value), MAX_CELL)


def metrics_in(value: Any) -> list[ShownMetric]:
    """Return the first numbers of a flat JSON object; empty for any other value."""
    metrics: list[ShownMetric] = []
    for name, number in value.items() if isinstance(value, dict) else ():
        if (
            isinstance(number, bool)
            or not isinstance(number, int | float)
            or len(metrics) == MAX_METRICS
        ):
            continue
        try:
            value = float(number)
        except OverflowError:  # an integer of hundreds of digits
            continue
        # JSON has no NaN and no infinities.
        shown = value if math.isfinite(value) else WORDS[str(value)]
        metrics.append(ShownMetric(one_line(name, MAX_NAME), shown))
    return metrics


def first_line(text: str) -> str:
    """Return the first line that is not blank, cut to a card."""
    return next(
        (line for raw_line in text.splitlines() if (line := one_line(raw_line, MAX_TEXT))), ""
    )


def last_line(text: str) -> str:
    """Return the last line that is not blank, cut to a card.

    Progress bars overwrite their line, so only the text after the last carriage return counts.
    """
    lines = (one_line(raw_line, MAX_LINE) for raw_line in reversed(re.split(r"[\r\n]", text)))
    return next(filter(None, lines), "")


def one_line(text: str, most: int) -> str:
    """Return text in one line of at most `most` characters, without control characters."""
    # Only the beginning is looked at, because a cell may have a thousand characters.
    plain = " ".join(CONTROLS.sub(" ", text[: 8 * most]).split())
    # JSON answers cannot contain half of a surrogate pair.
    plain = plain.encode("utf-8", "replace").decode()
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"
