"""Compares the code of two versions by lines, or notebooks by cell if possible.

Compares two notebooks cell by cell, as nbdime aligns the cells.

Outputs are ignored, and so is metadata that programs write: widgets, times, language version.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from nbyard.blobs import Blobs
from nbyard.domain.executables.code_diffs import (
    MAX_LINES,
    Diff,
    DiffLine,
    diff_lines,
    notebook_lines,
    shorten_line,
)
from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.reasons.structs import Reason, because

# nbdime compares all pairs of cells, and similar cells by character, which is slow.
MAX_CELLS = 200
MAX_SOURCE = 50_000  # characters of all cells
MAX_CELL = 8_000
OF_CELLS = ("tags", "name")
OF_NOTEBOOKS = ("kernelspec", "title")
TOO_LONG, HINT = because("too-much-changed"), because("install-nbdime")

Json = dict[str, Any]


def notebook_diff(old: Json, new: Json) -> tuple[list[DiffLine] | None, Reason | None]:
    """Return the changed lines, or None and a hint if nbdime cannot compare the notebooks."""
    first, second = _without_outputs(old), _without_outputs(new)
    before, after = first["cells"], second["cells"]
    # Most notebooks differ in a few cells. Without equal ends, nbdime has less to compare.
    while before and after and before[-1] == after[-1]:
        before.pop()
        after.pop()
    pairs = enumerate(zip(before, after, strict=False))
    start = next((at for at, (a, b) in pairs if a != b), min(len(before), len(after)))
    del before[:start], after[:start]
    if _is_long(before) or _is_long(after):
        return None, TOO_LONG
    try:
        from nbdime.diffing.notebooks import diff_notebooks
    except ImportError:
        return None, HINT
    ops = {op.key: op for op in diff_notebooks(first, second)}
    lines = list(_metadata_lines("Notebook", first["metadata"], second["metadata"]))
    if "cells" in ops:
        lines += _cells(before, after, ops["cells"].diff, start)
    return lines, None


def _is_long(cells: list[Json]) -> bool:
    lengths = [len(cell["source"]) for cell in cells]
    return len(cells) > MAX_CELLS or sum(lengths) > MAX_SOURCE or max(lengths, default=0) > MAX_CELL


def _picked(metadata: Json | None, names: tuple[str, ...]) -> Json:
    return {name: metadata[name] for name in names if name in metadata} if metadata else {}


def _without_outputs(notebook: Json) -> Json:
    cells = []
    for cell in notebook.get("cells", []):
        source = cell.get("source", "")
        # nbformat stores a source as one text or as a list of lines.
        text = source if isinstance(source, str) else "".join(source)
        kind, metadata = str(cell.get("cell_type", "raw")), _picked(cell.get("metadata"), OF_CELLS)
        empty: Json = {"outputs": [], "execution_count": None} if kind == "code" else {}
        cells.append({"cell_type": kind, "source": text, "metadata": metadata, **empty})
    metadata = _picked(notebook.get("metadata"), OF_NOTEBOOKS)
    # nbformat 4.5 requires cell IDs, which are left out here.
    return {"nbformat": 4, "nbformat_minor": 4, "metadata": metadata, "cells": cells}


def _cells(old: list[Json], new: list[Json], ops: list[Any], start: int) -> Iterator[DiffLine]:
    """Yield the lines of changed cells.

    `start` equal cells before them are counted in the numbers.
    """
    # nbdime counts cells in the old notebook. `shift` leads to the same cell in the new one.
    shift = 0
    for op in ops:
        if op.op == "addrange":
            for offset, cell in enumerate(op.valuelist):
                yield DiffLine("place", _title(start + op.key + shift + offset, cell, "added"))
                yield from _whole("added", cell)
            shift += len(op.valuelist)
        elif op.op == "removerange":
            for at in range(op.key, op.key + op.length):
                yield DiffLine("place", _title(start + at, old[at], "removed"))
                yield from _whole("removed", old[at])
            shift -= op.length
        else:
            before, after = old[op.key], new[op.key + shift]
            yield DiffLine("place", _title(start + op.key + shift, after, "changed"))
            changed = diff_lines(before["source"], after["source"])
            yield from (line for line in changed if line.kind != "place")
            yield from _metadata_lines("Metadata", before["metadata"], after["metadata"])


def _title(index: int, cell: Mapping[str, Any], change: str) -> str:
    return f"Cell {index + 1} ({cell['cell_type']}) {change}"


def _whole(kind: Literal["added", "removed"], cell: Mapping[str, Any]) -> Iterator[DiffLine]:
    yield from (DiffLine(kind, line) for line in cell["source"].splitlines())


def _metadata_lines(what: str, old: Json, new: Json) -> Iterator[DiffLine]:
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) == new.get(key):
            continue
        yield DiffLine("place", f"{what}: {key}")
        if key in old:
            yield DiffLine("removed", json.dumps(old[key], sort_keys=True))
        if key in new:
            yield DiffLine("added", json.dumps(new[key], sort_keys=True))


def version_diff(blobs: Blobs, old: ExecutableVersion, new: ExecutableVersion) -> Diff:
    """Return the changed lines between two versions, which may be of different executables."""
    contents = [content_of(blobs, version.content_digest) for version in (old, new)]
    are_notebooks = (old.kind, new.kind) == ("notebook", "notebook")
    lines, hint = content_diff(*contents, are_notebooks=are_notebooks)
    short = [*map(shorten_line, lines[:MAX_LINES])]
    return Diff(old.number, new.number, short, len(lines) > MAX_LINES, hint)


def content_diff(
    old: bytes, new: bytes, *, are_notebooks: bool
) -> tuple[list[DiffLine], Reason | None]:
    """Return the changed lines, and a hint if the cells of notebooks could not be compared."""
    if not are_notebooks:
        texts = [content.decode("utf-8", "replace") for content in (old, new)]
        return list(diff_lines(*texts)), None
    from nbyard.kinds.notebook import read_notebook

    notebooks = [read_notebook(content) for content in (old, new)]
    lines, hint = notebook_diff(*notebooks)
    # Without nbdime, or if too much has changed, compare the sources of all cells as one text.
    if lines is None:
        lines = list(diff_lines(*(notebook_lines(notebook) for notebook in notebooks)))
    return lines, hint


def content_of(blobs: Blobs, digest: str) -> bytes:
    """Return all stored bytes with this digest."""
    with blobs.open(digest) as handle:
        return bytes(handle.read())
