"""Changes between two notebooks, cell by cell, as nbdime aligns the cells. Outputs do not count."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from nbyard.domain.diffs import DiffLine, diff_lines

MAX_CELLS = 1_000
HINT = "Install nbdime to compare notebooks cell by cell: pip install 'nbyard[nbdime]'"

Json = dict[str, Any]


def notebook_diff(old: Json, new: Json) -> list[DiffLine] | None:
    """Return what changed, or None where nbdime is not installed or the notebooks are too long."""
    first, second = _plain(old), _plain(new)
    if max(len(first["cells"]), len(second["cells"])) > MAX_CELLS:
        return None
    try:
        from nbdime.diffing.notebooks import diff_notebooks
    except ImportError:
        return None
    ops = {op.key: op for op in diff_notebooks(first, second)}
    lines = list(_metadata("Notebook", first["metadata"], second["metadata"]))
    if "cells" in ops:
        lines += _cells(first["cells"], second["cells"], ops["cells"].diff)
    return lines


def _plain(notebook: Json) -> Json:
    """What of a notebook is code: no outputs, counts and ids."""
    cells = []
    for cell in notebook.get("cells", []):
        source = cell.get("source", "")
        text = source if isinstance(source, str) else "".join(source)
        kind, metadata = str(cell.get("cell_type", "raw")), dict(cell.get("metadata") or {})
        empty: Json = {"outputs": [], "execution_count": None} if kind == "code" else {}
        cells.append({"cell_type": kind, "source": text, "metadata": metadata, **empty})
    metadata = {**(notebook.get("metadata") or {})}
    return {"nbformat": 4, "nbformat_minor": 4, "metadata": metadata, "cells": cells}


def _cells(old: list[Json], new: list[Json], ops: list[Any]) -> Iterator[DiffLine]:
    """The changed cells, numbered from 1 as the notebooks have them."""
    shift = 0
    for op in ops:
        if op.op == "addrange":
            for offset, cell in enumerate(op.valuelist):
                yield DiffLine("place", _title(op.key + shift + offset, cell, "added"))
                yield from _whole("added", cell)
            shift += len(op.valuelist)
        elif op.op == "removerange":
            for at in range(op.key, op.key + op.length):
                yield DiffLine("place", _title(at, old[at], "removed"))
                yield from _whole("removed", old[at])
            shift -= op.length
        else:
            before, after = old[op.key], new[op.key + shift]
            yield DiffLine("place", _title(op.key + shift, after, "changed"))
            changed = diff_lines(before["source"], after["source"])
            yield from (line for line in changed if line.kind != "place")
            yield from _metadata("Metadata", before["metadata"], after["metadata"])


def _title(index: int, cell: Mapping[str, Any], change: str) -> str:
    return f"Cell {index + 1} ({cell['cell_type']}) {change}"


def _whole(kind: Literal["added", "removed"], cell: Mapping[str, Any]) -> Iterator[DiffLine]:
    yield from (DiffLine(kind, line) for line in cell["source"].splitlines())


def _metadata(what: str, old: Json, new: Json) -> Iterator[DiffLine]:
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) == new.get(key):
            continue
        yield DiffLine("place", f"{what}: {key}")
        if key in old:
            yield DiffLine("removed", json.dumps(old[key], sort_keys=True))
        if key in new:
            yield DiffLine("added", json.dumps(new[key], sort_keys=True))
