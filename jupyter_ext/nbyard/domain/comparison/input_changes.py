"""Describe how a file that was given to an input changed between two runs."""

from nbyard.domain.comparison.structs import OutputComparison
from nbyard.reasons.structs import Reason, because

MAX_CHANGES = 3
# The figure of a changed column that users recognize first.
FIGURES = ("type", "max", "min", "mean", "nulls", "distinct", "count")


def file_change(filename: str, compared: OutputComparison) -> Reason:
    """Return the reason that describes how a file changed.

    For a table, the reason has the numbers of rows and the first changed columns.
    """
    changes = []
    if len({*compared.rows}) > 1:
        changes.append(because("rows-changed", old=compared.rows[0], new=compared.rows[1]))
    for column in compared.columns:
        name, sides = column.name, (column.old, column.new)
        if column.change == "same":
            continue
        if column.old is None or column.new is None:
            changes.append(because("column-added" if column.new else "column-removed", name=name))
        else:
            figure = next(figure for figure in FIGURES if figure in column.differs)
            values = [getattr(side, figure) for side in sides]
            old, new = (
                f"{value:.6g}" if isinstance(value, float) else f"{value}" for value in values
            )
            changes.append(because("column-changed", name=name, figure=figure, old=old, new=new))
    if not changes:
        return because("input-file-changed", file=filename)
    rest = len(changes) - MAX_CHANGES
    shown = changes[:MAX_CHANGES]
    if rest > 0:
        shown.append(because("more-changes", count=rest))
    return because("input-table-changed", file=filename, changes=shown)
