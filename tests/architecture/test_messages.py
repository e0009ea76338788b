"""Error messages never contain `{attempt}/…`, a path that only the runner understands."""

import ast
import re

from .sources import PACKAGE, nodes

PLACE = re.compile(r"\bATTEMPT\b|\{attempt\}")


def test_no_error_contains_the_placeholder_of_the_attempt() -> None:
    found = [
        f"{module.relative_to(PACKAGE)}:{node.lineno}"
        for module in sorted(PACKAGE.rglob("*.py"))
        if PLACE.search(module.read_text())
        for node in nodes(module)
        if isinstance(node, ast.Raise) and any(map(_is_place, ast.walk(node)))
    ]
    assert found == []


def _is_place(node: ast.AST) -> bool:
    is_named = isinstance(node, ast.Name) and node.id == "ATTEMPT"
    return is_named or (isinstance(node, ast.Constant) and "{attempt}" in str(node.value))
