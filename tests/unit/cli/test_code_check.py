"""Code that Python cannot parse is an error, unless IPython accepts it."""

import json
import sys
from typing import Any

import pytest

from nbyard.cli.code_check import error_of_cell, syntax_problems

BROKEN = "def f(:"


def notebook(*sources: str, tags: tuple[str, ...] = (), **metadata: Any) -> bytes:
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [
        {"cell_type": "code", "metadata": {"tags": [*tags]}, "outputs": [], "source": source}
        for source in (source.splitlines(keepends=True) for source in sources)
    ]
    top = {"metadata": {"kernelspec": spec, **metadata}, "nbformat": 4, "nbformat_minor": 4}
    return json.dumps({"cells": cells, **top}, indent=1).encode()


@pytest.mark.parametrize(
    "source",
    [
        "%matplotlib inline\nimport os",
        "!ls -l | grep (x",
        "!pip install a \\\n  b c",
        "if True:\n    !ls\n    %cd data",
        "for i in range(3):\n    %timeit f(i)",
        "files = !ls (",
        "rows = %sql select * from wine",
        "print?",
        "??print",
        "%%bash\nls -l | grep (x",
        "\n%%html\n<b>",
        "await load()\nasync for row in rows: pass",
        ">>> 1 + 2\n3",
        "  x = 1\n  y = 2",
        "pip install polars",
        "cd ../data",
        "git status",
        "/f 1 2",
        "",
    ],
)
def test_cells_of_ipython_are_valid(source: str) -> None:
    assert error_of_cell(source) is None


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (BROKEN, 1),
        ("%matplotlib inline\n\nx = (1", 3),
        ("\n\n!ls\nx = = 1", 4),
        ("print 'a'", 1),
        ("for x in", 1),
    ],
)
def test_cells_that_ipython_refuses_have_an_error(source: str, line: int) -> None:
    error = error_of_cell(source)
    assert error is not None and error.lineno == line


def test_each_broken_cell_is_found_at_its_line() -> None:
    content = notebook(f"x = 1\n{BROKEN}", "y = 2", f"x = 1\n{BROKEN}")
    problems = syntax_problems("a.ipynb", content)
    lines = [n for n, text in enumerate(content.decode().splitlines(), 1) if BROKEN in text]
    assert [problem.line for problem in problems] == lines
    assert [str(problem.reason).partition(":")[0] for problem in problems] == [
        "cell 1, line 2",
        "cell 3, line 2",
    ]
    assert all(problem.is_certain for problem in problems)


@pytest.mark.parametrize(
    "content",
    [
        notebook(BROKEN, tags=("raises-exception",)),
        notebook(BROKEN, tags=("skip-execution",)),
        notebook(BROKEN, kernelspec={"name": "ir", "language": "R"}),
        notebook(
            BROKEN, kernelspec={"name": "s", "language": "sage"}, language_info={"name": "python"}
        ),
    ],
)
def test_other_cells_and_languages_are_not_read(content: bytes) -> None:
    assert syntax_problems("a.ipynb", content) == []


@pytest.mark.parametrize(
    ("version", "is_certain"),
    [(sys.version, True), ("3.8.1", True), ("2.7.18", False), ("3.99.0", False), ("", True)],
)
def test_code_of_another_python_is_not_certain(version: str, is_certain: bool) -> None:
    content = notebook(BROKEN, language_info={"name": "python", "version": version})
    assert [one.is_certain for one in syntax_problems("a.ipynb", content)] == [is_certain]


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("a.py", b"x = 1\ndef f(:\n", [2]),
        ("a", b"#!/usr/bin/env python3\ndef f(:\n", [2]),
        ("a.py", b'x = "\\d"\n', []),
        ("a.py", b"\xff\xfex\0", []),
        ("a.py", b"x = 1\0", None),
        ("a.sh", b"def f(:\n", []),
        ("a.csv", b"def f(:\n", []),
    ],
)
def test_scripts(name: str, content: bytes, lines: list[int] | None) -> None:
    found = [problem.line for problem in syntax_problems(name, content)]
    # Only newer versions of Python call this a syntax error.
    assert found in ([], [1]) if lines is None else found == lines
