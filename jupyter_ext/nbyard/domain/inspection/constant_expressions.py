"""Values of constant expressions without running code: literals and arithmetic on them."""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

# the limits keep expressions such as 9**9**9 from using all time and memory
MAX_LENGTH = 1_000_000
MAX_BITS = 4096
MAX_EXPONENT = 1000
MAX_SHIFT = 1000
MAX_DEPTH = 100


class NotConstant(Exception):
    """The expression must be run to know its value, or exceeds the limits."""


class FilePath(str):
    """The text of a `pathlib.Path(…)`."""

    __slots__ = ()


BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
}
UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
    ast.Invert: operator.invert,
}
PATHS = frozenset({"Path", "PosixPath", "PurePath", "PurePosixPath"})


def evaluate_constant(node: ast.expr, names: Mapping[str, Any], depth: int = 0) -> Any:
    """Return the value of an expression of literals, arithmetic and the given names.

    Raises:
        NotConstant: for other expressions, and for results beyond the limits.
    """
    if depth > MAX_DEPTH:
        raise NotConstant("nested too deeply")
    evaluator = _EVALUATORS.get(type(node))
    if evaluator is None:
        raise NotConstant(type(node).__name__)
    return evaluator(node, names, depth + 1)


def _constant(node: ast.Constant, _names: Mapping[str, Any], _depth: int) -> Any:
    if node.value is not None and not isinstance(node.value, bool | int | float | str):
        raise NotConstant(type(node.value).__name__)
    return node.value


def _name(node: ast.Name, names: Mapping[str, Any], _depth: int) -> Any:
    if node.id not in names:
        raise NotConstant(node.id)
    return names[node.id]


def _unary(node: ast.UnaryOp, names: Mapping[str, Any], depth: int) -> Any:
    value = evaluate_constant(node.operand, names, depth)
    if not isinstance(value, bool | int | float) and not isinstance(node.op, ast.Not):
        raise NotConstant("an operator on something else than numbers")
    try:
        return UNARY[type(node.op)](value)
    except TypeError as error:
        raise NotConstant(str(error)) from None


def _binary(node: ast.BinOp, names: Mapping[str, Any], depth: int) -> Any:
    left, right = (
        evaluate_constant(node.left, names, depth),
        evaluate_constant(node.right, names, depth),
    )
    match node.op, left, right:
        case ast.Div(), FilePath(), str():
            # as in pathlib, an absolute right side replaces the left
            return FilePath(right if right.startswith("/") else f"{left.rstrip('/')}/{right}")
        case (ast.Add(), str(), str()) | (ast.Add(), list(), list()):
            is_small = True
        case (ast.Mult(), str(text), int(times)) | (ast.Mult(), int(times), str(text)):
            is_small = len(text) * max(times, 0) <= MAX_LENGTH
        case _, int(), int() | float() if left.bit_length() > MAX_BITS:
            is_small = False
        case ast.Pow(), int() | float(), int() | float():
            is_small = abs(right) <= MAX_EXPONENT and abs(left) <= 2**32
        case ast.LShift() | ast.RShift(), int() | float(), int() | float():
            is_small = 0 <= right <= MAX_SHIFT
        case _, int() | float(), int() | float():
            is_small = True
        case _:  # `%` formats, and the width of a format is unlimited
            is_small = False
    compute = BINARY.get(type(node.op))
    if compute is None or not is_small:
        raise NotConstant("more than simple arithmetic")
    try:
        return compute(left, right)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise NotConstant(str(error)) from None


def _list(node: ast.List | ast.Tuple | ast.Set, names: Mapping[str, Any], depth: int) -> Any:
    return [evaluate_constant(item, names, depth) for item in node.elts]


def _dict(node: ast.Dict, names: Mapping[str, Any], depth: int) -> Any:
    evaluated = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            raise NotConstant("**")
        name = evaluate_constant(key, names, depth)
        if not isinstance(name, str):
            raise NotConstant("a key that is no text")
        evaluated[name] = evaluate_constant(value, names, depth)
    return evaluated


def _text(node: ast.JoinedStr, names: Mapping[str, Any], depth: int) -> str:
    parts = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            # The conversion -1 stands for none. Others are `!r`, `!s` and `!a`.
            if part.format_spec is not None or part.conversion != -1:
                raise NotConstant("a formatted text")
            parts.append(str(evaluate_constant(part.value, names, depth)))
        else:
            parts.append(str(evaluate_constant(part, names, depth)))
    return "".join(parts)


def _call(node: ast.Call, names: Mapping[str, Any], depth: int) -> Any:
    """Evaluate `Path("a", "b")`, the only call that is allowed."""
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name not in PATHS or node.keywords:
        raise NotConstant("a call")
    parts = [evaluate_constant(argument, names, depth) for argument in node.args]
    if not all(isinstance(part, str) for part in parts):
        raise NotConstant("a call")
    return FilePath("/".join(parts) or ".")


_EVALUATORS: dict[type[ast.AST], Callable[[Any, Mapping[str, Any], int], Any]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.UnaryOp: _unary,
    ast.BinOp: _binary,
    ast.List: _list,
    ast.Tuple: _list,
    ast.Set: _list,
    ast.Dict: _dict,
    ast.JoinedStr: _text,
    ast.Call: _call,
}
