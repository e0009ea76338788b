"""Calls in Python source: the origin of their names and their arguments. Nothing is run."""

import ast
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

from nbyard.domain.inspection.constant_expressions import NotConstant, evaluate_constant
from nbyard.errors import Invalid

MAX_RANGE = 1000
MAX_SHOWN = 60


def parse_python(content: bytes, file: str) -> ast.Module:
    """Parse a Python file.

    Raises:
        Invalid: the file is not valid Python; the message names the line.
    """
    try:
        with warnings.catch_warnings():
            # Warnings about users' code, such as invalid escapes, are noise in the server's log.
            warnings.simplefilter("ignore")
            return ast.parse(content, file)
    except SyntaxError as error:
        reason = f"line {error.lineno or 1}: {error.msg}"
        raise Invalid.field(file, reason) from None
    except (ValueError, RecursionError, MemoryError) as error:
        message = str(error) or type(error).__name__
        raise Invalid.field(file, f"cannot be read as Python: {message}") from None


class UnknownValue(Exception):
    """The source does not state a value explicitly. The message names the expression."""


class PythonModule:
    """A module: its tree, the origin of its names and its constants."""

    def __init__(self, tree: ast.Module):
        self.tree = tree
        self.nodes = list(ast.walk(tree))
        self._imports = dict(_imports(self.nodes))
        self._stored = Counter(_bound_names(self.nodes))
        self.assigned = dict(self._assignments())
        constants: dict[str, Any] = {}
        for name, node in self.assigned.items():
            try:
                constants[name] = evaluate_constant(node, constants)
            except (NotConstant, RecursionError):
                continue
        self.constants = constants

    def calls(self) -> Iterator[ast.Call]:
        """Return all calls in the order of their lines."""
        calls = (node for node in self.nodes if isinstance(node, ast.Call))
        return iter(sorted(calls, key=lambda node: (node.lineno, node.col_offset)))

    def origin(self, node: ast.expr) -> str:
        """Return the full name of an expression, such as `argparse.FileType`.

        Imports under other names are resolved. Names that are not imported stay: `int`,
        `other.thing`. The result is empty for other expressions.
        """
        if isinstance(node, ast.Name):
            return self._imports.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            base = self.origin(node.value)
            return f"{base}.{node.attr}" if base else ""
        return ""

    def value(self, node: ast.expr) -> Any:
        """Return the value of literals and the file's constants. Tuples become lists.

        Raises:
            UnknownValue: the value is computed.
        """
        if isinstance(node, ast.Call) and self.origin(node.func) == "range":
            numbers = [self.value(arg) for arg in node.args]
            if (
                not numbers
                or len(numbers) > 3
                or not all(type(number) is int for number in numbers)
            ):
                raise UnknownValue(expression_text(node))
            # Cut the range before it becomes a list: `range(10**12)` would fill the memory.
            return list(range(*numbers)[:MAX_RANGE]) if 0 not in numbers[2:] else []
        try:
            return evaluate_constant(node, self.constants)
        except (NotConstant, RecursionError):
            raise UnknownValue(expression_text(node)) from None

    def _assignments(self) -> Iterator[tuple[str, ast.expr]]:
        """Yield top-level names that are bound once in the whole file."""
        for statement in self.tree.body:
            if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
                targets = (
                    statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                )
                for target in targets:
                    if isinstance(target, ast.Name) and self._stored[target.id] == 1:
                        yield target.id, statement.value


class CallArguments:
    """The arguments of one call: its positional words and its keywords.

    Raises:
        UnknownValue: the call has `*` or `**`.
    """

    def __init__(self, source: PythonModule, call: ast.Call):
        if any(isinstance(arg, ast.Starred) for arg in call.args):
            raise UnknownValue("*")
        self._source = source
        self.line = call.lineno
        self.positional = call.args
        self.keywords: dict[str, ast.expr] = {}
        for keyword in call.keywords:
            if keyword.arg is None:
                raise UnknownValue("**")
            self.keywords[keyword.arg] = keyword.value

    def value(self, name: str, default: Any = None) -> Any:
        """Return the value of a keyword, or the default if it is missing.

        Raises:
            UnknownValue: the value is computed.
        """
        node = self.keywords.get(name)
        return default if node is None else self._source.value(node)

    def text(self, name: str) -> str:
        """Return the text of a keyword for users; empty if it is computed."""
        try:
            value = self.value(name, "")
        except UnknownValue:
            return ""
        return " ".join(value.split()) if isinstance(value, str) else ""

    def texts(self) -> list[str]:
        """Return the positional words.

        Raises:
            UnknownValue: a word is computed or not a text.
        """
        texts = [self._source.value(node) for node in self.positional]
        if not all(isinstance(text, str) for text in texts):
            raise UnknownValue("a name is not text")
        return texts


def expression_text(node: ast.expr) -> str:
    """Return the expression, shortened to fit in a sentence."""
    text = ast.unparse(node)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _imports(nodes: list[ast.AST]) -> Iterator[tuple[str, str]]:
    for node in nodes:
        if isinstance(node, ast.Import):
            for name in node.names:
                whole = name.name.partition(".")[0]
                yield (name.asname, name.name) if name.asname else (whole, whole)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in node.names:
                yield name.asname or name.name, f"{node.module}.{name.name}"


def _bound_names(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (name.asname or name.name for name in node.names)
