"""The sources that the architecture rules read, each parsed once."""

import ast
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "jupyter_ext/nbyard"


@cache
def parsed(module: Path) -> ast.Module:
    return ast.parse(module.read_text())


@cache
def nodes(module: Path) -> tuple[ast.AST, ...]:
    """Return all nodes of a module."""
    return tuple(ast.walk(parsed(module)))
