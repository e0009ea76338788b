"""Public functions that raise an error of nbyard describe it below `Raises:` in their docstring."""

import ast
import re
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


def described(docstring: str) -> set[str]:
    """Return the errors with a text in the last section, `Raises:`."""
    _, _, section = docstring.partition("\nRaises:\n")
    return set(re.findall(r"^ {4}(\w+): \S.*", section, re.MULTILINE))


def is_malformed(docstring: str) -> bool:
    """Return whether a docstring describes errors differently."""
    _, raises, section = docstring.partition("\nRaises")
    heading, *lines = section.split("\n")
    is_whole = bool(lines) and all(re.match(r" {4}([\w.]+: \S| {4}\S)", line) for line in lines)
    return bool(raises) and not (heading == ":" and is_whole)


def unnamed(tree: ast.Module | ast.ClassDef) -> Iterator[tuple[int, str]]:
    """Yield line and name of public functions whose docstring does not describe their errors."""
    for node in tree.body:
        if getattr(node, "name", "_").startswith("_"):
            continue
        if isinstance(node, ast.ClassDef):
            yield from unnamed(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node) or ""
            if is_malformed(docstring) or not described(docstring).issuperset(raised(node)):
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
        ("def f():\n    '''Do it.\n\n    Raises: NotFound.\n    '''\n    raise NotFound()", ["f"]),
        ("def f():\n    '''Do it.\n\n    Raises NotFound if gone.\n    '''\n    g()", ["f"]),
        ("def f():\n    '''Raise NotFound.'''\n    raise NotFound()", ["f"]),
        ("def _f():\n    raise NotFound()", []),
        ("def f():\n    raise ValueError('x')", []),
        ("def f():\n    def g():\n        raise NotFound()", []),
    ],
)  # fmt: skip
def test_functions_without_described_errors_are_detected(source: str, names: list[str]) -> None:
    assert [name for _, name in unnamed(ast.parse(source))] == names
