"""Parameters of R notebooks, read as source."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.notebooks.r_parameters import MAX_SOURCE, read_parameters
from nbyard.reasons.structs import because


def cell(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": source}


def read(*sources: str) -> Any:
    return read_parameters({"cells": [cell(source) for source in sources]})


def test_a_parameters_cell() -> None:
    """Types, roles, help, and the defaults as the form shows them."""
    found = read(
        "# Parameters\nlibrary(stats)\nalpha <- 0.1  # how fast\nepochs = 5L\n"
        'input_csv <- "a.csv"\noutput_model <- "m.rds" # the model\nuse <- TRUE\n'
        "names <- c(\"a\", 'b')\nnothing <- NULL\n# type: int how many\ncount <- 3\n"
        "clean <- function(x) x + 1\n"
    )
    told = [(a.name, a.role, a.type, a.default, a.help) for a in found.arguments]
    assert told == [
        ("alpha", "value", "float", 0.1, "how fast"),
        ("epochs", "value", "int", 5, ""),
        ("input_csv", "input", "string", "a.csv", ""),
        ("output_model", "output", "string", "m.rds", "the model"),
        ("use", "value", "bool", True, ""),
        ("names", "value", "list", ["a", "b"], ""),
        ("nothing", "value", "json", None, ""),
        ("count", "value", "int", 3, "how many"),
    ]
    assert found.hints == []


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("1", 1.0), ("-2L", -2), ("0x1F", 31.0), ("0x1FL", 31), (".5", 0.5), ("1.", 1.0),
        ("+1e-3", 0.001), ("1e3L", 1000), ("T", True), ("FALSE", False), ("NULL", None),
        (r"'a\tb\"c\\'", 'a\tb"c\\'), (r'"\x41\u00e9\U{1F600}\101"', "Aé😀A"),
        ('r"(a\\b "c")"', 'a\\b "c"'), ("R'--[x]-]--'", "x]-"), ('r"{}"', ""),
        ("c(1, 2L, 3)", [1.0, 2, 3.0]), ("c(c('a', 'b'), NULL, 'c')", ["a", "b", "c"]),
        ("list(1, list(2), NULL)", [1.0, [2.0], None]), ("list()", []), ("c()", []),
        ("list(a = 1, 'b c' = c(2), `d` = list(e = TRUE))",
         {"a": 1.0, "b c": [2.0], "d": {"e": True}}),
        ("file.path('data', 'a.csv')", "data/a.csv"), ("c(\n  1, # one\n  2\n)", [1.0, 2.0]),
    ],
)  # fmt: skip
def test_constants_of_r_are_read(source: str, value: Any) -> None:
    (argument,) = read(f"x <- {source}").arguments
    assert argument.default == value and type(argument.default) is type(value)


@pytest.mark.parametrize(
    "source", ["Sys.time()", "1:10", "2 * 3", "c(a = 1, 2)", "-TRUE", r"'\q'", "y", "x$y"]
)
def test_computed_values_have_no_default(source: str) -> None:
    (argument,) = read(f"x <- {source}").arguments
    assert argument.default is msgspec.UNSET and not argument.required
    assert argument.help == f"computed in the notebook: {source}"


def test_earlier_names_are_known() -> None:
    found = read("a <- 2L; b <- a\nc1 = d <- 'x'", "a <- 3L")
    assert {one.name: one.default for one in found.arguments} == {
        "a": 3, "b": 2, "c1": "x", "d": "x",
    }  # fmt: skip
    assert found.hints == [because("several-parameters-cells", cells=[1, 2])]


def test_unread_lines_are_reported() -> None:
    found = read("a <- 1\nif (TRUE) a <- 2\nx$y <- 3\n4 -> z\nlearning.rate <- 0.1\nprint(a)")
    assert [(one.name, one.default) for one in found.arguments] == [("a", msgspec.UNSET)]
    lines = [f"Line {n} of the parameters cell is not a plain assignment" for n in (2, 3, 4)]
    assert [str(hint).partition(" and was")[0] for hint in found.hints[:3]] == lines
    assert found.hints[3] == because("argument-name-unfit", name="'learning.rate'")


@pytest.mark.parametrize("source", ["x <- 'open", "x <- 1\ny <- ☃", "x <- 1 \\ 2 `", "#" * 70_000])
def test_syntax_errors_of_r_are_reported(source: str) -> None:
    found = read(source)
    assert found.arguments == [] and str(found.hints[0]).startswith("Cell 1 is not")


@given(st.text(max_size=200) | st.text(alphabet="xr\"'()[]{}-,=<c\\1L;#\n .", max_size=60))
def test_odd_sources_are_read_or_refused(source: str) -> None:
    assert len(read(source).arguments) <= len(source)


def test_too_deep_values_count_as_computed() -> None:
    (argument,) = read("x <- " + "list(" * (MAX_SOURCE // 12) + ")" * (MAX_SOURCE // 12)).arguments
    assert argument.default is msgspec.UNSET
