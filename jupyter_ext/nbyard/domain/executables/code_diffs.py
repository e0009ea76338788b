"""Differences between two versions of code, as lines. Notebooks are compared by cell."""

import difflib
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from nbyard.reasons.structs import Reason

MAX_LINES = 5_000
MAX_CHARACTERS = 2_000  # of a line


class DiffLine(msgspec.Struct, frozen=True):
    """One line. `place` starts a group of changes and names its position."""

    kind: Literal["same", "added", "removed", "place"]
    text: str


class Diff(msgspec.Struct, frozen=True):
    """Changes from version `old` to `new`, with three lines of context; empty if equal.

    `cut` means that more lines follow. `hint` says how to compare better.
    """

    old: int
    new: int
    lines: list[DiffLine]
    cut: bool = False
    hint: Reason | None = None


def diff_lines(old: str, new: str) -> Iterator[DiffLine]:
    """Yield the changed lines of a text with their context."""
    diff = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=3)
    kinds: dict[str, Literal["same", "added", "removed"]] = {"+": "added", "-": "removed"}
    for number, line in enumerate(diff):
        # the first two lines are file names
        if number < 2:
            continue
        if line.startswith("@@"):
            yield DiffLine("place", line)
        else:
            yield DiffLine(kinds.get(line[:1], "same"), line[1:])


def shorten_line(line: DiffLine) -> DiffLine:
    """Return a line cut to a length that can be shown, with … at its end."""
    if len(line.text) <= MAX_CHARACTERS:
        return line
    return DiffLine(line.kind, line.text[:MAX_CHARACTERS] + "…")


def notebook_lines(notebook: dict[str, Any]) -> str:
    """Return a notebook as text: a heading for each cell, then its source, without outputs."""
    parts = []
    for cell in notebook.get("cells", []):
        source = cell.get("source", "")
        text = source if isinstance(source, str) else "".join(source)
        tags = cell.get("metadata", {}).get("tags") or []
        named = f" ({', '.join(map(str, tags))})" if tags else ""
        parts.append(f"── {cell.get('cell_type', '')}{named}\n{text}")
    return "\n".join(parts)
