"""Modules and functions stay within their size limits."""

import ast

import pytest

from .sources import PACKAGE, nodes

MODULES = sorted(p for p in PACKAGE.rglob("*.py") if "migrations" not in p.parts)

MODULE_LINES = 800
FUNCTION_LINES = 60
USUAL_FUNCTION_LINES = 45


def test_modules_stay_within_800_lines():
    sizes = {p.relative_to(PACKAGE): len(p.read_text().splitlines()) for p in MODULES}
    assert {str(p): n for p, n in sizes.items() if n > MODULE_LINES} == {}


@pytest.fixture(scope="module")
def functions() -> dict[str, int]:
    return {
        f"{module.relative_to(PACKAGE)}:{node.lineno} {node.name}": (node.end_lineno or 0)
        - node.lineno
        + 1
        for module in MODULES
        for node in nodes(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_no_function_exceeds_60_lines(functions):
    assert {name: n for name, n in functions.items() if n > FUNCTION_LINES} == {}


def test_95_percent_of_functions_stay_within_45_lines(functions):
    long = {name: n for name, n in functions.items() if n > USUAL_FUNCTION_LINES}
    assert len(long) <= 0.05 * len(functions), long


def test_the_composition_root_stays_small():
    root = PACKAGE / "yard.py"
    assert not root.exists() or len(root.read_text().splitlines()) < 150
