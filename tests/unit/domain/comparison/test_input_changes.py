"""How the file of an input changed, in one line."""

import pytest

from nbyard.domain.comparison.causes import output_change
from nbyard.domain.comparison.structs import OutputComparison
from nbyard.domain.datasets.comparisons import ColumnChange, ColumnFigures

from .records import output


def column(name: str, old: object, new: object, figure: str = "max") -> ColumnChange:
    sides = []
    for value in (old, new):
        known: dict[str, object] = {"type": "float", "count": 1, "nulls": 0, figure: value}
        sides.append(None if value is None else ColumnFigures(**known))  # type: ignore[arg-type]
    change = "added" if old is None else "removed" if new is None else "changed"
    old_side, new_side = sides
    differing = [figure] if change == "changed" else []
    return ColumnChange(name, change, old_side, new_side, differing)  # type: ignore[arg-type]


SAME = ColumnChange("same", "same")


@pytest.mark.parametrize(
    ("columns", "rows", "text"),
    [
        ([], [], "sales.csv changed"),
        ([SAME], [3, 3], "sales.csv changed"),
        (
            [SAME, column("price", 295.0, 80250.0)],
            [3, 3],
            "sales.csv changed: price max 295 → 80250",
        ),
        ([], [3, 4], "sales.csv changed: 3 → 4 rows"),
        (
            [column("a", None, 1.0), column("b", 1.0, None), column("c", 0, 2, "nulls")],
            [],
            "sales.csv changed: the column a is new, the column b is gone, c nulls 0 → 2",
        ),
        (
            [column(name, 1.0, 2.5) for name in "abcde"],
            [],
            "sales.csv changed: a max 1 → 2.5, b max 1 → 2.5, c max 1 → 2.5, and 2 more",
        ),
    ],
)
def test_texts(columns: list[ColumnChange], rows: list[int], text: str) -> None:
    files = output("1"), output("2")
    compared = OutputComparison(*files, same=False, columns=columns, rows=rows)
    assert str(output_change("sales.csv", compared)) == text
