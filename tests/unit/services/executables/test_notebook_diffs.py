"""Differences between two notebooks, with the cells that nbdime aligns."""

import sys

import pytest

from nbyard.domain.executables.code_diffs import DiffLine
from nbyard.services.executables.version_diffs import (
    HINT,
    MAX_CELL,
    MAX_CELLS,
    MAX_SOURCE,
    TOO_LONG,
    notebook_diff,
)


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


def test_cells_are_aligned_and_named(nbdime):
    new = notebook(
        cell(["x = 1\n", "y = 3"], tags=["parameters"]),
        cell("import os"),
        cell("# Title", "markdown"),
    )
    assert told(notebook_diff(OLD, new)[0]) == [
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


def test_outputs_and_ids_do_not_count_and_the_kernel_does(nbdime):
    rerun = notebook(*({**one, "id": "y", "outputs": []} for one in OLD["cells"]))
    assert notebook_diff(OLD, rerun) == ([], None)
    assert notebook_diff(OLD, notebook(*OLD["cells"], kernel="ir"))[0] == [
        DiffLine("place", "Notebook: kernelspec"),
        DiffLine("removed", '{"name": "python3"}'),
        DiffLine("added", '{"name": "ir"}'),
    ]


def test_metadata_of_programs_does_not_count(nbdime):
    timed = {"execution": {"iopub.execute_input": "2026-01-01"}, "papermill": {"duration": 1.5}}
    rerun = notebook(*(one | {"metadata": timed} for one in OLD["cells"]))
    rerun["metadata"] |= {"widgets": {"state": "x" * 1_000_000}, "papermill": {"duration": 3}}
    assert notebook_diff(OLD, rerun) == ([], None)


@pytest.mark.parametrize(
    "long",
    [
        [cell("x")] * (MAX_CELLS + 1),
        [cell("x" * MAX_CELL)] * (MAX_SOURCE // MAX_CELL + 1),
        [cell("x" * (MAX_CELL + 1))],
    ],
)
def test_very_long_notebooks_are_not_compared_by_nbdime(long):
    assert notebook_diff(notebook(*long), OLD) == (None, TOO_LONG)
    assert notebook_diff(OLD, notebook(*long)) == (None, TOO_LONG)
    assert "nstall" not in str(TOO_LONG)


def test_a_long_notebook_with_few_changes_is_compared(nbdime):
    same = [cell(f"x = {number}" * 200) for number in range(1_000)]
    new = [*same[:600], cell("y = 1"), *same[601:]]
    place = [
        line for line in told(notebook_diff(notebook(*same), notebook(*new))[0]) if "@" in line
    ]
    assert [line.removeprefix("@ Cell 601 (code) ") for line in place] == ["added", "removed"]


def test_without_nbdime_the_hint_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "nbdime", None)
    monkeypatch.setitem(sys.modules, "nbdime.diffing.notebooks", None)
    assert notebook_diff(OLD, OLD) == (None, HINT)
