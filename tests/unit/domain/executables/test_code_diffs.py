"""Versions can be compared."""

from nbyard.domain.executables.code_diffs import (
    MAX_CHARACTERS,
    DiffLine,
    diff_lines,
    notebook_lines,
    shorten_line,
)


def test_the_same_code_has_no_lines() -> None:
    assert list(diff_lines("a\nb", "a\nb")) == []


def test_changed_lines_are_shown_with_context() -> None:
    found = list(diff_lines("a\nb\nc", "a\nB\nc"))
    assert found[0].kind == "place"
    assert found[1:] == [
        DiffLine("same", "a"),
        DiffLine("removed", "b"),
        DiffLine("added", "B"),
        DiffLine("same", "c"),
    ]


def test_lines_that_look_like_headers_are_kept() -> None:
    kinds = [(line.kind, line.text) for line in diff_lines("-- a\n", "++ b\n")]
    assert ("removed", "-- a") in kinds and ("added", "++ b") in kinds


def test_notebooks_are_compared_by_their_cells_without_outputs() -> None:
    cells = [
        {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": ["a = 1\n", "b = 2"]},
        {"cell_type": "markdown", "source": "# Title", "outputs": ["x" * 1000]},
    ]
    text = notebook_lines({"cells": cells})
    assert text == "── code (parameters)\na = 1\nb = 2\n── markdown\n# Title"


def test_long_lines_are_cut() -> None:
    line = DiffLine("added", "x" * MAX_CHARACTERS)
    assert shorten_line(line) is line
    assert shorten_line(DiffLine("added", line.text + "yz")) == DiffLine("added", line.text + "…")
