"""What names and words in source mean, without running it."""

import ast

import pytest

from nbyard.domain.inspection.python_calls import (
    CallArguments,
    PythonModule,
    UnknownValue,
    expression_text,
)


def source(text: str) -> PythonModule:
    return PythonModule(ast.parse(text))


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


@pytest.mark.parametrize(
    ("head", "name", "origin"),
    [
        ("import argparse", "argparse.FileType", "argparse.FileType"),
        ("import argparse as a", "a.FileType", "argparse.FileType"),
        ("from argparse import FileType as F", "F", "argparse.FileType"),
        ("import os.path", "os.path.join", "os.path.join"),
        ("def f():\n  import click", "click.option", "click.option"),
        ("from . import click", "click.option", "click.option"),
        ("", "int", "int"),
        ("", "f().x", ""),
    ],
)
def test_where_names_come_from(head: str, name: str, origin: str) -> None:
    assert source(head).origin(expression(name)) == origin


@pytest.mark.parametrize(
    ("text", "value"),
    [("2 * N", 6), ("(1, 'a')", [1, "a"]), ("range(3)", [0, 1, 2]), ("range(1, 9, N)", [1, 4, 7])],
)
def test_values(text: str, value: object) -> None:
    assert source("N = 3").value(expression(text)) == value


@pytest.mark.parametrize(
    "text", ["M", "f()", "range()", "range(f())", "range(1.5)", "os.environ['A']", "TWICE", "LATE"]
)
def test_computed_values_are_unknown(text: str) -> None:
    found = source("TWICE = 1\nif x: TWICE = 2\nLATE = 1\ndef f():\n  global LATE\n  LATE += 1")
    with pytest.raises(UnknownValue):
        found.value(expression(text))


def test_long_ranges_are_cut() -> None:
    assert len(source("").value(expression("range(10 ** 12)"))) == 1000
    assert source("").value(expression("range(1, 5, 0)")) == []


def test_literal_arguments_of_calls_are_known() -> None:
    code = source("f('a', 'b', n=1, help=' two\\n words ', x=g())")
    told = CallArguments(code, next(code.calls()))
    assert (told.texts(), told.value("n"), told.value("no", 7)) == (["a", "b"], 1, 7)
    assert (told.text("help"), told.text("x"), told.text("n")) == ("two words", "", "")
    with pytest.raises(UnknownValue, match=r"g\(\)"):
        told.value("x")


@pytest.mark.parametrize("text", ["f(*a)", "f(**a)"])
def test_stars_are_unknown(text: str) -> None:
    code = source(text)
    with pytest.raises(UnknownValue):
        CallArguments(code, next(code.calls()))


def test_options_must_be_texts() -> None:
    code = source("f('a', 1)")
    with pytest.raises(UnknownValue):
        CallArguments(code, next(code.calls())).texts()


def test_long_expressions_are_cut() -> None:
    assert len(expression_text(expression("a + " * 50 + "b"))) == 60
