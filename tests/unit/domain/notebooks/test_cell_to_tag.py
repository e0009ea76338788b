"""The cell that is offered as the parameters cell."""

from typing import Any

import pytest

from nbyard.kinds.notebook import cell_to_tag


def notebook(*sources: str) -> dict[str, Any]:
    title = {"cell_type": "markdown", "metadata": {}, "source": "n = 1"}
    code = [{"cell_type": "code", "metadata": {}, "source": source} for source in sources]
    return {"cells": [title, *code]}


@pytest.mark.parametrize(
    ("language", "sources", "index", "names"),
    [
        ("python", ["import os", 'n = 3\nsource = "a.csv"', "m = 4"], 2, ["n", "source"]),
        ("python", ["%matplotlib inline", "n: int = 3"], 2, ["n"]),
        ("ipython", ["print(1)", "n = 3"], 2, ["n"]),
        ("python", ["n = 3\nframe = read(n)", "m = 4"], 2, ["m"]),
        ("python", ["import os", "n = 3\nframe = read(n)"], 2, ["n"]),
        ("python", ["no python (", "n = 3"], 2, ["n"]),
        ("python", ["import os", "frame = read()"], None, []),
        ("python", [], None, []),
        ("R", ["library(dplyr)", "n <- 3"], 2, ["n"]),
        ("R", ["library(dplyr)"], None, []),
        ("julia", ["using CSV", "n = 3"], 1, []),
        ("julia", [], None, []),
    ],
)
def test_the_first_cell_that_assigns_constants_is_offered(
    language: str, sources: list[str], index: int | None, names: list[str]
) -> None:
    """Imports usually come first. Cells with only constants are preferred."""
    assert cell_to_tag(notebook(*sources), language) == (index, names)
