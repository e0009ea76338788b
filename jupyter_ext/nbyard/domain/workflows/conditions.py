"""Conditions: expressions that decide whether a node runs.

The grammar is a part of Python's: comparisons, `in`, `and`, `or`, `not`, numbers, texts and lists.
`rate` is a parameter of the workflow. `train.accuracy` is a metric of the node `train`, a value in
a JSON output, or a short text output. `changed(clean)` holds if an output of `clean` differs from
that of the last run. Other names are quoted: `"my-node"["val/loss"]`.
"""

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from keyword import iskeyword
from typing import Any, NamedTuple

from nbyard.errors import Invalid

MAX_LENGTH = 1_000
CHANGED = "changed"
OPERATORS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda value, values: value in values,
    ast.NotIn: lambda value, values: value not in values,
}


class Reference(NamedTuple):
    """A value of a node, or of a parameter if `node` is empty. `name` is empty in `changed`."""

    node: str
    name: str

    def __str__(self) -> str:
        if not self.name:
            return f"{CHANGED}({self.node})"
        return f"{self.node}.{self.name}" if self.node else self.name


@lru_cache(maxsize=1_000)
def references(text: str) -> frozenset[Reference]:
    """Return the values that a condition needs.

    Raises:
        Invalid: the text is no condition.
    """
    return frozenset(_references(_parsed(text)))


def nodes_of(text: str) -> set[str]:
    """Return the nodes whose results a condition needs.

    An empty text needs none.

    Raises:
        Invalid: the text is no condition.
    """
    used = references(text) if text else frozenset()
    return {reference.node for reference in used if reference.node}


def holds(text: str, values: Mapping[Reference, Any]) -> bool:
    """Return whether a condition holds for the values of its references.

    Raises:
        Invalid: values of different types are compared, such as a text and a number.
    """
    try:
        return bool(_evaluate(_parsed(text), values))
    except TypeError as error:
        raise Invalid(f"the condition {text} cannot be decided: {error}") from None


def renamed(text: str, values: Mapping[str, str], nodes: Mapping[str, str] = {}) -> str:
    """Return the condition with other names and values.

    `values` stand in place of parameters. `nodes` are new names of nodes by their names. Names that
    they lack are kept.

    Raises:
        Invalid: the text is no condition.
    """
    references(text or "0")
    return ast.unparse(_Renamer(values, nodes).visit(_parsed(text))) if text else ""


def combined(*texts: str) -> str:
    """Return the condition that holds if all of them hold."""
    given = [text for text in texts if text]
    return " and ".join(f"({text})" for text in given) if len(given) > 1 else "".join(given)


class _Renamer(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, str], nodes: Mapping[str, str]):
        self._values, self._nodes = values, nodes

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.parse(self._values.get(node.id, node.id), mode="eval").body

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return ast.Attribute(self._named(node.value), node.attr, ast.Load())

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        return ast.Subscript(self._named(node.value), node.slice, ast.Load())

    def visit_Call(self, node: ast.Call) -> ast.expr:
        return ast.Call(node.func, [self._named(node.args[0])], [])

    def _named(self, node: ast.expr) -> ast.expr:
        old = _dotted(node)
        name = self._nodes.get(old, old)
        is_plain = all(part.isidentifier() and not iskeyword(part) for part in name.split("."))
        return ast.parse(name, mode="eval").body if is_plain else ast.Constant(name)


def _parsed(text: str) -> ast.expr:
    if len(text) > MAX_LENGTH:
        raise Invalid(f"a condition has at most {MAX_LENGTH} characters")
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = getattr(error, "msg", None) or "too long"
        raise Invalid(f"is not a condition such as `train.accuracy > 0.9`: {reason}") from None


def _references(node: ast.expr) -> Iterator[Reference]:
    match node:
        case ast.BoolOp(values=parts):
            pass
        case ast.Compare(left=left, ops=ops, comparators=right) if OPERATORS.keys() >= {
            *map(type, ops)
        }:
            parts = [left, *right]
        case ast.UnaryOp(op=ast.Not(), operand=part):
            parts = [part]
        case ast.Constant() | ast.List() | ast.Tuple() | ast.UnaryOp(op=ast.USub()):
            _literal(node)
            return
        case _:
            yield _reference(node)
            return
    for part in parts:
        yield from _references(part)


def _evaluate(node: ast.expr, values: Mapping[Reference, Any]) -> Any:
    match node:
        case ast.BoolOp(op=op, values=parts):
            some = (_evaluate(part, values) for part in parts)
            return all(some) if isinstance(op, ast.And) else any(some)
        case ast.UnaryOp(op=ast.Not(), operand=part):
            return not _evaluate(part, values)
        case ast.Compare(left=left, ops=ops, comparators=right):
            compared = [_evaluate(part, values) for part in (left, *right)]
            pairs = zip(ops, compared, compared[1:], strict=False)
            return all(OPERATORS[type(op)](before, after) for op, before, after in pairs)
        case ast.Constant() | ast.List() | ast.Tuple() | ast.UnaryOp():
            return _literal(node)
    return values[_reference(node)]


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise _refused(node) from None


def _reference(node: ast.expr) -> Reference:
    match node:
        case ast.Name(id=name):
            return Reference("", name)
        case ast.Attribute(value=base, attr=name):
            return Reference(_dotted(base), name)
        case ast.Subscript(value=base, slice=ast.Constant(value=str() as name)):
            return Reference(_dotted(base), name)
        case ast.Call(func=ast.Name(id="changed"), args=[base], keywords=[]):
            return Reference(_dotted(base), "")
    raise _refused(node)


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Constant(value=str() as name):
            return name
        case ast.Attribute(value=base, attr=name):
            return f"{_dotted(base)}.{name}"
    raise _refused(node)


def _refused(node: ast.expr) -> Invalid:
    return Invalid(f"a condition cannot contain `{ast.unparse(node)[:100]}`")
