"""Parameters cells of Bash notebooks are read and never run."""

from typing import Any

import msgspec
import pytest

from nbyard.domain.notebooks.bash_parameters import read_parameters
from nbyard.domain.notebooks.parameter_cells import Parameters


def read(source: str) -> Parameters:
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": source}
    return read_parameters({"cells": [cell]})


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("x=1", "1"),
        ("x='a b'  # text", "a b"),
        ('  x="a b";', "a b"),
        ("export x=1", "1"),
        ("declare -i x=1", "1"),
        ("x=", ""),
        ("x=1 # type: int", 1),
        ("x=2025-02-28 # type: date", "2025-02-28"),
        *[(f"x={code}", msgspec.UNSET) for code in ("$y", '"$HOME/a"', "$(date)", "*.csv", "~/a")],
    ],
)
def test_a_line_declares_an_argument(line: str, value: Any) -> None:
    parameters = read(f"# comment\n{line}\necho $x\n")
    (argument,) = parameters.arguments
    assert (argument.name, argument.default, argument.required) == ("x", value, False)
    assert parameters.hints == []


def test_other_assignments_are_named_by_their_line() -> None:
    parameters = read("x=1\ny=(1 2)\nx+=2\nif [ $x = 1 ]; then\n  echo\nfi")
    assert [argument.name for argument in parameters.arguments] == ["x"]
    assert [(hint.code, hint.params) for hint in parameters.hints] == [
        ("line-no-assignment", {"line": 2}),
        ("line-no-assignment", {"line": 3}),
    ]
