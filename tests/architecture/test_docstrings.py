"""Public functions that raise an error of nbyard name it in their docstring."""

import ast
from collections.abc import Iterator

import pytest

from nbyard import errors

from .sources import PACKAGE

ERRORS = frozenset(
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.NbyardError)
)
# The docstrings of commands are their help.
COMMANDS = PACKAGE / "cli/commands"


def raised(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """Yield the errors of nbyard that a function raises itself."""
    rest: list[ast.AST] = list(function.body)
    while rest:
        node = rest.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.Raise) and node.exc is not None:
            names = {part.id for part in ast.walk(node.exc) if isinstance(part, ast.Name)}
            yield from sorted(names & ERRORS)
        rest += ast.iter_child_nodes(node)


def unnamed(tree: ast.Module | ast.ClassDef) -> Iterator[tuple[int, str]]:
    """Yield line and name of public functions whose docstring does not name their errors."""
    for node in tree.body:
        if getattr(node, "name", "_").startswith("_"):
            continue
        if isinstance(node, ast.ClassDef):
            yield from unnamed(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node) or ""
            if any(name not in docstring for name in raised(node)):
                yield node.lineno, node.name


def test_public_functions_name_the_errors_that_they_raise() -> None:
    paths = [path for path in sorted(PACKAGE.rglob("*.py")) if COMMANDS not in path.parents]
    missing = [
        f"{path.relative_to(PACKAGE)}:{line} {name}"
        for path in paths
        for line, name in unnamed(ast.parse(path.read_text("utf-8")))
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f():\n    raise Invalid.field('a', why)", ["f"]),
        ("class C:\n    def f(self):\n        raise NotFound", ["f"]),
        ("def f():\n    '''Do it.\n\n    Raises:\n        NotFound: gone.\n    '''\n"
         "    raise NotFound()", []),
        ("def _f():\n    raise NotFound()", []),
        ("def f():\n    raise ValueError('x')", []),
        ("def f():\n    def g():\n        raise NotFound()", []),
    ],
)  # fmt: skip
def test_such_functions_are_found(source: str, names: list[str]) -> None:
    assert [name for _, name in unnamed(ast.parse(source))] == names
