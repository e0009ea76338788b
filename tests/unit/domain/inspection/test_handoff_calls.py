"""Calls of the hand-off functions are read from source."""

import ast

import msgspec

from nbyard.domain.arguments.bindings import Handed
from nbyard.domain.arguments.structs import Argument, check_arguments
from nbyard.domain.inspection.handoff_calls import (
    HandedOver,
    add_handoff_arguments,
    read_handoff_calls,
)
from nbyard.domain.inspection.python_calls import PythonModule
from nbyard.reasons.structs import because


def read(text: str) -> HandedOver:
    found = read_handoff_calls(PythonModule(ast.parse(text)))
    check_arguments(found.arguments)
    assert all(argument.reach == Handed() for argument in found.arguments)
    return found


def told(text: str) -> list[tuple[object, ...]]:
    return [(a.name, a.role, a.type, a.required, a.default) for a in read(text).arguments]


def test_literal_names_are_ports() -> None:
    text = 'import nbyard\ntable = nbyard.input("table")\nnbyard.output("model", table)'
    assert told(text) == [
        ("table", "input", "string", True, msgspec.UNSET),
        ("model", "output", "string", False, msgspec.UNSET),
    ]


def test_a_secret_is_a_required_value() -> None:
    assert told('import nbyard\nnbyard.secret("token")') == [
        ("token", "value", "secret", True, msgspec.UNSET)
    ]


def test_any_import_is_recognised() -> None:
    for text in (
        'import nbyard as nb\nnb.input("x")',
        'from nbyard import input as ask\nask(name="x")',
        'import nbyard\ndef f():\n    if a:\n        return nbyard.input("x")',
    ):
        assert [name for name, *_ in told(text)] == ["x"]
    assert told('input("x")') == told('other.input("x")') == []


def test_a_default_sets_the_type() -> None:
    text = """
from pathlib import Path
import nbyard
RATE = 0.1
nbyard.input("rate", RATE * 2)
nbyard.input("items", [1])
nbyard.input("options", default={"a": 1})
nbyard.input("title", "raw.csv")
nbyard.input("raw", Path("data/raw.csv"))
nbyard.input("more", None)
nbyard.input("made", build())
"""
    assert told(text) == [
        ("rate", "value", "float", False, 0.2),
        ("items", "value", "list", False, [1]),
        ("options", "value", "json", False, {"a": 1}),
        ("title", "value", "string", False, "raw.csv"),
        ("raw", "input", "string", False, "data/raw.csv"),
        ("more", "input", "string", False, None),
        ("made", "input", "string", False, None),
    ]


def test_unreadable_calls_are_reported() -> None:
    found = read('import nbyard\nnbyard.output(name, 1)\nnbyard.input(*a)\nnbyard.input("a b")')
    assert found.arguments == []
    assert found.hints[0] == because("handed-name-computed", call="nbyard.output", line=2)
    assert len(found.hints) == 3


def test_one_name_is_one_port() -> None:
    found = read('import nbyard\nnbyard.input("x")\nnbyard.input("x")\nnbyard.output("x", 1)')
    assert [a.role for a in found.arguments] == ["input"]
    assert found.hints == [because("handed-both-ways", name="x")]


def test_declared_arguments_are_kept() -> None:
    declared = [Argument("x", role="output", format="csv")]
    handed = [Argument("x", role="output", reach=Handed()), Argument("y", reach=Handed())]
    assert add_handoff_arguments(declared, handed) == [declared[0], handed[1]]
