"""What changed between two versions of code: lines for people, notebooks cell by cell."""

import difflib
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

MAX_LINES = 5_000
MAX_CHARACTERS = 2_000  # of a line


class DiffLine(msgspec.Struct, frozen=True):
    """One line; `place` opens a group of changes and names where it is."""

    kind: Literal["same", "added", "removed", "place"]
    text: str


class Diff(msgspec.Struct, frozen=True):
    """Changes from version `old` to `new`, with three lines around each; empty when the code is
    the same. `cut` tells that there were more, `hint` how to compare better."""

    old: int
    new: int
    lines: list[DiffLine]
    cut: bool = False
    hint: str = ""


def diff_lines(old: str, new: str) -> Iterator[DiffLine]:
    """The changed lines of a text and what is around them."""
    found = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=3)
    kinds: dict[str, Literal["same", "added", "removed"]] = {"+": "added", "-": "removed"}
    for number, line in enumerate(found):
        if number < 2:
            continue
        if line.startswith("@@"):
            yield DiffLine("place", line)
        else:
            yield DiffLine(kinds.get(line[:1], "same"), line[1:])


def shortened(line: DiffLine) -> DiffLine:
    """Return a line that is not too long to be shown, with … where its end is left out."""
    if len(line.text) <= MAX_CHARACTERS:
        return line
    return DiffLine(line.kind, line.text[:MAX_CHARACTERS] + "…")


def notebook_lines(notebook: dict[str, Any]) -> str:
    """A notebook as text: a heading for each cell, then its source; no outputs."""
    parts = []
    for cell in notebook.get("cells", []):
        source = cell.get("source", "")
        text = source if isinstance(source, str) else "".join(source)
        tags = cell.get("metadata", {}).get("tags") or []
        named = f" ({', '.join(map(str, tags))})" if tags else ""
        parts.append(f"── {cell.get('cell_type', '')}{named}\n{text}")
    return "\n".join(parts)
