"""Which cells of a notebook changed between two versions."""

import difflib
from typing import Any, Literal

import msgspec

MAX_CHARS = 2_000


class CellChange(msgspec.Struct, frozen=True):
    """A cell that changed, counted from 1 in the newer version.

    A removed cell is counted in the older version. `before` and `after` are sources.
    """

    cell: int
    change: Literal["changed", "added", "removed"]
    before: str | None = None
    after: str | None = None


def changed_cells(old: dict[str, Any], new: dict[str, Any]) -> list[CellChange]:
    """Return the code cells that differ. Text cells and outputs have no effect on results.

    Cells in a replaced block are paired in their order.
    """
    before, after = _code_cells(old), _code_cells(new)
    sources = [source for _, source in before], [source for _, source in after]
    changes: list[CellChange] = []
    # autojunk would ignore frequent cells in notebooks of 200 cells or more.
    matcher = difflib.SequenceMatcher(None, *sources, autojunk=False)
    for tag, start, end, first, last in matcher.get_opcodes():
        if tag == "equal":
            continue
        pairs = min(end - start, last - first)
        for at in range(pairs):
            (_, then), (number, now) = before[start + at], after[first + at]
            changes.append(CellChange(number, "changed", shorten_source(then), shorten_source(now)))
        for number, source in before[start + pairs : end]:
            changes.append(CellChange(number, "removed", shorten_source(source), None))
        for number, source in after[first + pairs : last]:
            changes.append(CellChange(number, "added", None, shorten_source(source)))
    return changes


def _code_cells(notebook: dict[str, Any]) -> list[tuple[int, str]]:
    """Return number and source of each code cell; the number counts all cells."""
    cells = []
    for number, cell in enumerate(notebook.get("cells", []), 1):
        source = cell.get("source", "")
        text = source if isinstance(source, str) else "".join(source)
        if cell.get("cell_type") == "code":
            cells.append((number, text))
    return cells


def shorten_source(text: str) -> str:
    """Return the text of a cell, cut to at most 2,000 characters."""
    return text if len(text) <= MAX_CHARS else text[: MAX_CHARS - 1] + "…"
