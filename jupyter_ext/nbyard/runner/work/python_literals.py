"""Writes parameter values as Python code, with the types that a notebook's own values have.

JSON has no dates, decimal numbers, paths, tuples, sets and members of Enum classes. The annotation
or the default of a parameter shows which one its code expects. Code is read and never run.
"""

from __future__ import annotations

import ast
import contextlib
import datetime
import math
import re
from collections.abc import Collection, Iterable
from typing import Any

PATHS = ("Path", "PosixPath", "PurePath", "PurePosixPath")
TIMES: dict[str, Any] = {
    "date": datetime.date,
    "datetime": datetime.datetime,
    "time": datetime.time,
}
COLLECTIONS = ("tuple", "set", "frozenset")
SEQUENCES = ("list", "Sequence", "Iterable", "Collection", *COLLECTIONS)
MAPPINGS = ("dict", "Mapping", "MutableMapping")
ENUM = re.compile(r"^[ \t]*class[ \t]+(\w+)[ \t]*\([^)\n]*\b(?:Enum|IntEnum|StrEnum)\b", re.M)
MAGIC = re.compile(r"^[ \t]*[%!].*$", re.M)
FRACTION = re.compile(r"\.([0-9]+)")
MAX_DEPTH = 20


def assignments(values: dict[str, Any], defaults: str, code: Iterable[str]) -> list[str]:
    """Return a line of Python for each value.

    `defaults` is the source of the notebook's parameters cells, `code` that of all cells. The
    latter may define Enum classes.
    """
    statements: list[ast.stmt] = []
    with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        statements = ast.parse(MAGIC.sub("", defaults)).body
    enums = {name for source in code for name in ENUM.findall(source)}
    types: dict[str, ast.expr | None] = {}
    for statement in statements:
        if isinstance(statement, ast.Assign):
            targets: list[ast.expr] = statement.targets
            node = _type_of_default(statement.value, enums)
        elif isinstance(statement, ast.AnnAssign):
            targets, node = [statement.target], statement.annotation
            enums |= _annotated_enum(node, statement.value)
            # such as `sizes: Sequence[int] = (1, 2)`
            if isinstance(statement.value, (ast.Tuple, ast.Set)) and not any(
                _last_name(part).lower() in COLLECTIONS for part in ast.walk(node)
            ):
                node = _type_of_default(statement.value, enums) or node
        else:
            continue
        types.update({t.id: node for t in targets if isinstance(t, ast.Name)})
    return [f"{name} = {_typed(value, types.get(name), enums)}" for name, value in values.items()]


def literal(value: Any) -> str:
    """Return a Python literal in plain ASCII that evaluates to exactly this JSON value."""
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!a}: {literal(item)}" for key, item in value.items()) + "}"
    return ascii(value)


def six_digits(text: str) -> str:
    """Return the text of a time as older Pythons read it: the zone +00:00 and six digits."""
    return FRACTION.sub(lambda match: f".{match[1]:0<6}", text.replace("Z", "+00:00"))


def _typed(value: Any, node: ast.expr | None, enums: Collection[str], depth: int = 0) -> str:
    """Return the code of a value whose type is the annotation `node`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text, node = node.value, None
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            node = ast.parse(text, mode="eval").body
    if value is None or node is None or depth > MAX_DEPTH:
        return literal(value)
    if isinstance(node, ast.BinOp):
        return _typed_as_one(value, [node.left, node.right], enums, depth + 1)
    if not isinstance(node, ast.Subscript):
        return _named(value, node, enums)
    name = _last_name(node.value)
    items = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    if name in ("Union", "Optional"):
        return _typed_as_one(value, items, enums, depth + 1)
    if name in ("Annotated", "Final", "ClassVar"):
        return _typed(value, items[0], enums, depth + 1)
    return _typed_items(value, name, items, enums, depth + 1)


def _typed_items(
    value: Any, name: str, kinds: list[ast.expr], enums: Collection[str], depth: int
) -> str:
    """Return the code of a list or an object whose type has the name `name`, such as `list`."""
    if isinstance(value, list) and {name, name.lower()} & {*SEQUENCES}:
        is_open = isinstance(kinds[-1], ast.Constant) and kinds[-1].value is ...
        is_row = name.lower() == "tuple" and len(kinds) == len(value) and not is_open
        of_items = kinds if is_row else kinds[:1] * len(value)
        items = [_typed(item, of, enums, depth) for item, of in zip(value, of_items)]  # noqa: B905
        return _collected(name.lower(), "[" + ", ".join(items) + "]")
    if isinstance(value, dict) and {name, name.lower()} & {*MAPPINGS}:
        pairs = (f"{key!a}: {_typed(of, kinds[-1], enums, depth)}" for key, of in value.items())
        return "{" + ", ".join(pairs) + "}"
    return literal(value)


def _typed_as_one(value: Any, kinds: list[ast.expr], enums: Collection[str], depth: int) -> str:
    """Return the code of a value with the first type that is not plain. Text may stay text."""
    written = [_typed(value, kind, enums, depth) for kind in kinds]
    plain = literal(value)
    if isinstance(value, str) and any(_last_name(kind) == "str" for kind in kinds):
        return plain
    return next((code for code in written if code != plain), plain)


def _named(value: Any, node: ast.expr, enums: Collection[str]) -> str:
    """Return the code of a value whose type has a name, such as `date` or `Color`."""
    name, plain = _last_name(node), literal(value)
    if isinstance(value, list):
        return _collected(name.lower(), plain)
    if name in enums and isinstance(value, (str, int, float)):
        dotted = ast.unparse(node)
        return f"{dotted}[{plain}] if {plain} in {dotted}.__members__ else {dotted}({plain})"
    if name == "Decimal" and isinstance(value, (str, int, float)):
        return f'__import__("decimal").Decimal({str(value)!a})'
    if name in PATHS and isinstance(value, str):
        return f'__import__("pathlib").Path({plain})'
    if name in TIMES and isinstance(value, str):
        with contextlib.suppress(ValueError):
            moment = TIMES[name].fromisoformat(six_digits(value))
            return repr(moment).replace("datetime.", '__import__("datetime").')
    return plain


def _collected(name: str, items: str) -> str:
    return f"{name}({items})" if name in COLLECTIONS else items


def _type_of_default(node: ast.expr | None, enums: Collection[str]) -> ast.expr | None:
    if isinstance(node, ast.Tuple):
        return ast.Name("tuple")
    if isinstance(node, ast.Set):
        return ast.Name("set")
    # Such as Path('data') / 'sales.csv'.
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return _type_of_default(node.left, enums)
    owner: ast.expr | None = None
    if isinstance(node, ast.Call):
        owner = node.func
        # Such as date.today() and datetime.now().
        if isinstance(owner, ast.Attribute) and owner.attr not in (*TIMES, *PATHS, "Decimal"):
            owner = owner.value
    elif isinstance(node, (ast.Attribute, ast.Subscript)):
        owner = node.value if _last_name(node.value) in enums else None
    return owner


def _annotated_enum(annotation: ast.expr, default: ast.expr | None) -> set[str]:
    """Return the name of the class in `Color = Color.RED`, which may be an imported Enum."""
    if not isinstance(default, ast.Attribute):
        return set()
    owner = _last_name(default.value)
    return {owner} & {_last_name(node) for node in ast.walk(annotation)} - {""}


def _last_name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
