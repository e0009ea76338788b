"""E9: what changed between two notebooks, as nbdime aligns their cells."""

import sys

import pytest

from nbyard.domain.diffs import DiffLine
from nbyard.notebook_diffs import MAX_CELLS, notebook_diff


def cell(source, kind="code", **metadata):
    """A cell as it is saved, with what does not count."""
    outputs = {"outputs": [{"output_type": "stream", "text": source}], "execution_count": 1}
    more = outputs if kind == "code" else {}
    return {"cell_type": kind, "source": source, "metadata": metadata, "id": "x", **more}


def notebook(*cells, kernel="python3"):
    return {"cells": [*cells], "metadata": {"kernelspec": {"name": kernel}}, "nbformat": 4}


OLD = notebook(cell("x = 1\ny = 2"), cell("# Title", "markdown"), cell("print(x)\nprint(y)"))


def told(lines):
    signs = {"place": "@ ", "added": "+ ", "removed": "- ", "same": "  "}
    return [signs[line.kind] + line.text for line in lines]


def test_cells_are_aligned_and_named():
    pytest.importorskip("nbdime")
    new = notebook(
        cell(["x = 1\n", "y = 3"], tags=["parameters"]),
        cell("import os"),
        cell("# Title", "markdown"),
    )
    assert told(notebook_diff(OLD, new)) == [
        "@ Cell 1 (code) changed",
        "  x = 1",
        "- y = 2",
        "+ y = 3",
        "@ Metadata: tags",
        '+ ["parameters"]',
        "@ Cell 2 (code) added",
        "+ import os",
        "@ Cell 3 (code) removed",
        "- print(x)",
        "- print(y)",
    ]


def test_outputs_and_ids_do_not_count_and_the_kernel_does():
    pytest.importorskip("nbdime")
    rerun = notebook(*({**one, "id": "y", "outputs": []} for one in OLD["cells"]))
    assert notebook_diff(OLD, rerun) == []
    assert notebook_diff(OLD, notebook(*OLD["cells"], kernel="ir")) == [
        DiffLine("place", "Notebook: kernelspec"),
        DiffLine("removed", '{"name": "python3"}'),
        DiffLine("added", '{"name": "ir"}'),
    ]


def test_without_nbdime_or_of_very_long_notebooks_there_is_none(monkeypatch):
    long = notebook(*[cell("x")] * (MAX_CELLS + 1))
    assert notebook_diff(long, OLD) is None
    monkeypatch.setitem(sys.modules, "nbdime", None)
    monkeypatch.setitem(sys.modules, "nbdime.diffing.notebooks", None)
    assert notebook_diff(OLD, OLD) is None
