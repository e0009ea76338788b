"""Values of constant expressions without running code: literals and arithmetic on them."""

import ast
import operator
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
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


class DateText(str):
    """The text of a `datetime.date(…)`."""

    __slots__ = ()


class DatetimeText(str):
    """The text of a `datetime.datetime(…)`."""

    __slots__ = ()


class TimeText(str):
    """The text of a `datetime.time(…)`."""

    __slots__ = ()


class DecimalText(str):
    """The text of a `decimal.Decimal(…)`."""

    __slots__ = ()


TIMES: dict[str, tuple[type[date | time], type[str]]] = {
    "date": (date, DateText),
    "datetime": (datetime, DatetimeText),
    "time": (time, TimeText),
}

TEXT_CLASSES = (DateText, DatetimeText, TimeText, DecimalText)
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
            value = evaluate_constant(part.value, names, depth)
            # Python writes a date and time with a blank in place of the T
            is_plain = part.format_spec is None and part.conversion == -1
            if not is_plain or isinstance(value, DatetimeText):
                raise NotConstant("a formatted text")
            parts.append(str(value))
        else:
            parts.append(str(evaluate_constant(part, names, depth)))
    return "".join(parts)


def _call(node: ast.Call, names: Mapping[str, Any], depth: int) -> Any:
    """Evaluate `Path("a", "b")`, `date(2025, 1, 1)`, `Decimal("0.1")` and their like.

    Other calls are not constant.
    """
    name = last_name(node.func)
    values = [evaluate_constant(argument, names, depth) for argument in node.args]
    if name in PATHS and not node.keywords and all(isinstance(value, str) for value in values):
        return FilePath("/".join(values) or ".")
    try:
        if name == "Decimal" and len(values) == 1 and not node.keywords:
            return DecimalText(Decimal(values[0]))
        if name in TIMES and (values or node.keywords):
            keywords = {
                keyword.arg or "**": _zone(keyword.value)
                if keyword.arg == "tzinfo"
                else evaluate_constant(keyword.value, names, depth)
                for keyword in node.keywords
            }
            return TIMES[name][1](TIMES[name][0](*values, **keywords).isoformat())
        owner = last_name(node.func.value) if isinstance(node.func, ast.Attribute) else ""
        if name == "fromisoformat" and owner in TIMES:
            return TIMES[owner][1](TIMES[owner][0].fromisoformat(*values).isoformat())
    except (TypeError, ValueError, OverflowError, InvalidOperation) as error:
        raise NotConstant(str(error)) from None
    raise NotConstant("a call")


def _zone(node: ast.expr) -> Any:
    if last_name(node) not in ("utc", "UTC"):
        raise NotConstant("a zone")
    return UTC


def last_name(node: ast.expr) -> str:
    """Return the last part of a dotted name, empty for other expressions."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _attribute(node: ast.Attribute, names: Mapping[str, Any], _depth: int) -> Any:
    """Return the member of an Enum, whose names include its class."""
    name = ast.unparse(node)
    if name not in names:
        raise NotConstant(name)
    return names[name]


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
    ast.Attribute: _attribute,
}
