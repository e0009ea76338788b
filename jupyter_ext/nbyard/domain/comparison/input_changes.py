"""Describe how a file that was given to an input changed between two runs."""

from typing import Any

from nbyard.domain.comparison.structs import OutputComparison
from nbyard.domain.datasets.comparisons import ColumnChange
from nbyard.reasons.structs import Reason, because

MAX_CHANGES = 3
# The figure of a changed column that users recognize first.
FIGURES = ("type", "max", "min", "mean", "nulls", "distinct", "count")


def file_change(filename: str, compared: OutputComparison) -> Reason:
    """Return how a file changed: the rows and the first columns of a table."""
    changes = []
    if len({*compared.rows}) > 1:
        changes.append(because("rows-changed", old=compared.rows[0], new=compared.rows[1]))
    changes += [_column_change(one) for one in compared.columns if one.change != "same"]
    if not changes:
        return because("input-file-changed", file=filename)
    rest = len(changes) - MAX_CHANGES
    shown = changes[:MAX_CHANGES]
    if rest > 0:
        shown.append(because("more-changes", count=rest))
    return because("input-table-changed", file=filename, changes=shown)


def _column_change(column: ColumnChange) -> Reason:
    if column.old is None or column.new is None:
        return because("column-added" if column.new else "column-removed", name=column.name)
    figure = next(figure for figure in FIGURES if figure in column.differs)
    old, new = (_text(getattr(side, figure)) for side in (column.old, column.new))
    return because("column-changed", name=column.name, figure=figure, old=old, new=new)


def _text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else f"{value}"
