"""Values into notebooks: exact where they arrive, inert on the way."""

import ast
import json
import math
import pathlib
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.runner.work.inject_parameters import (
    CannotInject,
    cell_tags,
    insert_values_cell,
    values_cell_source,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
NUMBERS = st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda v: st.lists(v, max_size=4) | st.dictionaries(TEXTS, v, max_size=4),
    max_leaves=10,
)
AWKWARD = "'\"\\\n\r\t${HOME}`id`$(id)\u2028\U0001f600\x1b é"


def run_python(source: str) -> dict:
    names: dict = {}
    exec(source, names)
    return names


@given(VALUES)
def test_python_gets_exactly_the_value(value: object) -> None:
    assert run_python(values_cell_source("python", {"x": value}))["x"] == value
    assert values_cell_source("python", {"x": value}).isascii()


def test_python_gets_numbers_that_are_none() -> None:
    names = run_python(values_cell_source("python", {"x": math.inf, "y": math.nan}))
    assert names["x"] == math.inf and math.isnan(names["y"])


def test_python_gets_the_type_of_the_default() -> None:
    """JSON has neither paths nor tuples, so the declared type of the cell decides."""
    defaults = "a = Path('x') / 'y'\nb: pathlib.Path\nc = (1, 2)\nd = {1}\ne = [1]\nf: str = 'x'"
    values = {"a": "p", "b": "q", "c": [3], "d": [4], "e": [5], "f": "z"}
    names = run_python(values_cell_source("", values, defaults))
    assert (names["a"], names["b"]) == (pathlib.Path("p"), pathlib.Path("q"))
    assert (names["c"], names["d"], names["e"], names["f"]) == ((3,), {4}, [5], "z")
    assert run_python(values_cell_source("", {"a": None}, defaults))["a"] is None
    assert run_python(values_cell_source("", {"a": "p"}, "a = = 1"))["a"] == "p"


@pytest.mark.parametrize("language", ["python", "R", "julia", "bash", "powershell", "scala"])
@pytest.mark.parametrize("name", ["x = 1\nimport os\ny", "class", "", "a b", "a;b", "x" * 129])
def test_names_are_checked_again(language: str, name: str) -> None:
    with pytest.raises(CannotInject):
        values_cell_source(language, {name: 1})


@given(TEXTS)
def test_no_text_can_be_interpreted(text: str) -> None:
    """In Julia and PowerShell, texts are base64, which cannot contain `$`."""
    for language in ("julia", "powershell"):
        line = values_cell_source(language, {"x": text}).splitlines()[-1]
        assert "$" not in line.removeprefix("$x") and "`" not in line


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=30))
def test_bash_gets_exactly_the_text(text: str) -> None:
    source = values_cell_source("bash", {"x": text}) + '\nprintf "%s" "$x"'
    done = subprocess.run(["bash", "-c", source], capture_output=True, check=True)
    assert done.stdout.decode() == text


def test_r_gets_json_strings() -> None:
    """R reads \\u and raw UTF-8, but no mixture of \\x and \\u; papermill would write both."""
    line = values_cell_source("R", {"x": AWKWARD, "y": [1, True, None]}).split("\n")
    assert json.loads(line[1].removeprefix("x = ")) == AWKWARD
    assert line[2] == "y = list(1, TRUE, NULL)"


def test_r_gets_vectors_if_possible() -> None:
    """The declared type of the cell decides."""
    defaults = "a <- c(1, 2)\nb = c('x')\n c <- list(1)\nd <- cut(1)"
    values = {"a": [1, 2.5], "b": [], "c": [1], "d": [1], "e": [1]}
    assert values_cell_source("R", values, defaults).splitlines()[1:] == [
        "a = c(1, 2.5)", "b = c()", "c = list(1)", "d = list(1)", "e = list(1)",
    ]  # fmt: skip
    mixed = values_cell_source("R", {"a": [1, None], "b": [[1]]}, defaults)
    assert mixed.splitlines()[1:] == ["a = list(1, NULL)", "b = list(list(1))"]


def test_scala_and_its_like_get_ascii() -> None:
    for language in ("scala", "C#", "F#"):
        line = values_cell_source(language, {"x": AWKWARD}).splitlines()[1]
        assert line.isascii() and "\\x" not in line and "\\U" not in line


def test_javascript_gets_json() -> None:
    line = values_cell_source("javascript", {"x": {"a": [AWKWARD]}}).splitlines()[1]
    assert json.loads(line.removeprefix("var x = ").removesuffix(";")) == {"a": [AWKWARD]}


def test_unsupported_values_are_refused() -> None:
    """HOUSE rule 6: refused, rather than run with something else."""
    for language, value in (("cobol", 1), ("bash", {"a": 1}), ("julia", math.inf), ("deno", "x")):
        with pytest.raises(CannotInject):
            values_cell_source(language, {"x": value})


def cell(source: str, *own_tags: str) -> dict:
    return {"cell_type": "code", "metadata": {"tags": list(own_tags)}, "source": source}


def test_the_injected_cell_comes_after_the_last_parameters_cell() -> None:
    notebook: dict = {
        "nbformat_minor": 5,
        "cells": [
            cell("x = 1", "parameters"),
            cell("x = 9", "injected-parameters"),
            cell("x = 2", "parameters"),
            cell("y = x"),
        ],
    }
    assert insert_values_cell(notebook, "python", {"x": 3}) == [0, 2, None, 3], (
        "places in the source"
    )
    assert [c["source"] for c in notebook["cells"]] == [
        *("x = 1", "x = 2", "# Parameters\nx = 3", "y = x")
    ]
    assert (
        cell_tags(notebook["cells"][2]) == ["injected-parameters"] and "id" in notebook["cells"][2]
    )


def test_without_a_parameters_cell_values_come_first() -> None:
    notebook: dict = {"nbformat_minor": 4, "cells": [cell("y = x")]}
    assert insert_values_cell(notebook, "python", {}) == [0]
    assert len(notebook["cells"]) == 1
    assert insert_values_cell(notebook, "python", {"x": 3}) == [None, 0]
    assert ast.parse(notebook["cells"][0]["source"]) and "id" not in notebook["cells"][0]


def test_an_injected_cell_is_kept_if_nothing_replaces_it() -> None:
    """A notebook that papermill wrote from one without a parameters cell runs again."""
    cells = [cell("x = 9", "injected-parameters"), cell("y = x")]
    notebook: dict = {"nbformat_minor": 5, "cells": list(cells)}
    assert insert_values_cell(notebook, "python", {}) == [0, 1] and notebook["cells"] == cells
    assert insert_values_cell(notebook, "python", {"x": 3}) == [None, 1]


def test_odd_metadata() -> None:
    assert cell_tags({}) == [] and cell_tags({"metadata": {"tags": "x"}}) == []
