"""Calls in Python source: what their names mean and what is written in them. Nothing is run."""

import ast
from collections import Counter
from collections.abc import Iterator
from typing import Any

from nbyard.domain.inspection.literals import NotConstant, evaluate

MAX_RANGE = 1000
MAX_SHOWN = 60


class Unknown(Exception):
    """The source does not say it outright; the text says what it is that it does not say."""


class Source:
    """A module: its tree, where its names come from and its constants."""

    def __init__(self, tree: ast.Module):
        self.tree = tree
        self.nodes = list(ast.walk(tree))
        self._imports = dict(_imports(self.nodes))
        self._stored = Counter(_stored(self.nodes))
        self.assigned = dict(self._assignments())
        self.constants = self._constants()

    def calls(self) -> Iterator[ast.Call]:
        """All calls, in the order of their lines."""
        found = (node for node in self.nodes if isinstance(node, ast.Call))
        return iter(sorted(found, key=lambda node: (node.lineno, node.col_offset)))

    def origin(self, node: ast.expr) -> str:
        """What a name is: `argparse.FileType` however it was imported, `int`, `other.thing`; empty
        for what is no name."""
        if isinstance(node, ast.Name):
            return self._imports.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            base = self.origin(node.value)
            return f"{base}.{node.attr}" if base else ""
        return ""

    def value(self, node: ast.expr) -> Any:
        """The value of an expression of literals and of the file's constants; tuples are lists.

        Raises:
            Unknown: it is computed.
        """
        if isinstance(node, ast.Call) and self.origin(node.func) == "range":
            numbers = [self.value(one) for one in node.args]
            if not numbers or len(numbers) > 3 or not all(type(one) is int for one in numbers):
                raise Unknown(shown(node))
            return list(range(*numbers)[:MAX_RANGE]) if 0 not in numbers[2:] else []
        try:
            return evaluate(node, self.constants)
        except (NotConstant, RecursionError):
            raise Unknown(shown(node)) from None

    def _assignments(self) -> Iterator[tuple[str, ast.expr]]:
        """Names at the top level that are bound once in the whole file."""
        for one in self.tree.body:
            if isinstance(one, ast.Assign | ast.AnnAssign) and one.value is not None:
                targets = one.targets if isinstance(one, ast.Assign) else [one.target]
                for target in targets:
                    if isinstance(target, ast.Name) and self._stored[target.id] == 1:
                        yield target.id, one.value

    def _constants(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, node in self.assigned.items():
            try:
                found[name] = evaluate(node, found)
            except (NotConstant, RecursionError):
                continue
        return found


class Written:
    """What is written in one call: its positional words and its keywords.

    Raises:
        Unknown: it has `*` or `**`.
    """

    def __init__(self, source: Source, call: ast.Call):
        if any(isinstance(one, ast.Starred) for one in call.args):
            raise Unknown("*")
        self._source = source
        self.line = call.lineno
        self.positional = call.args
        self.keywords: dict[str, ast.expr] = {}
        for keyword in call.keywords:
            if keyword.arg is None:
                raise Unknown("**")
            self.keywords[keyword.arg] = keyword.value

    def value(self, name: str, default: Any = None) -> Any:
        """The value of a keyword, or the default where it is not written.

        Raises:
            Unknown: it is computed.
        """
        node = self.keywords.get(name)
        return default if node is None else self._source.value(node)

    def text(self, name: str) -> str:
        """The same for texts that only people read: empty where they are computed."""
        try:
            found = self.value(name, "")
        except Unknown:
            return ""
        return " ".join(found.split()) if isinstance(found, str) else ""

    def texts(self) -> list[str]:
        """The positional words.

        Raises:
            Unknown: one is computed or no text.
        """
        found = [self._source.value(node) for node in self.positional]
        if not all(isinstance(one, str) for one in found):
            raise Unknown("a name that is no text")
        return found


def shown(node: ast.expr) -> str:
    """The expression, cut to what a sentence can hold."""
    text = ast.unparse(node)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _imports(nodes: list[ast.AST]) -> Iterator[tuple[str, str]]:
    for node in nodes:
        if isinstance(node, ast.Import):
            for one in node.names:
                whole = one.name.partition(".")[0]
                yield (one.asname, one.name) if one.asname else (whole, whole)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for one in node.names:
                yield one.asname or one.name, f"{node.module}.{one.name}"


def _stored(nodes: list[ast.AST]) -> Iterator[str]:
    """Every binding of a name, wherever it is."""
    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (one.asname or one.name for one in node.names)
