"""Types of arguments as Python annotations declare them, read from source."""

import ast
from contextlib import suppress
from typing import Any

import msgspec

from nbyard.domain.arguments.structs import ValueType
from nbyard.domain.inspection.constant_expressions import PATHS, NotConstant, evaluate_constant

NAMES: dict[str, ValueType] = {
    "str": "string",
    "Text": "string",
    "LiteralString": "string",
    "int": "int",
    "float": "float",
    "bool": "bool",
    "list": "list",
    "List": "list",
    "tuple": "list",
    "Tuple": "list",
    "set": "list",
    "Set": "list",
    "frozenset": "list",
    "Sequence": "list",
    "Iterable": "list",
    "Collection": "list",
    "dict": "json",
    "Dict": "json",
    "Mapping": "json",
    "MutableMapping": "json",
    "TypedDict": "json",
    "Any": "json",
    "object": "json",
    "secret": "secret",
    **dict.fromkeys(PATHS, "string"),
}
NUMBERS = {"int": "int", "float": "float"}
WRAPPERS = frozenset({"Final", "ClassVar", "Required", "NotRequired"})
MAX_DEPTH = 20


class Declared(msgspec.Struct, frozen=True):
    """The content of an annotation. An empty `type` means that it is unknown."""

    type: ValueType | str = ""
    nullable: bool = False
    choices: tuple[Any, ...] = ()
    is_path: bool = False
    help: str = ""


UNKNOWN = Declared()


def declared_type(node: ast.expr | None, depth: int = 0) -> Declared:
    """Return the type of an annotation, without importing or evaluating code."""
    if node is None or depth > MAX_DEPTH:
        return UNKNOWN
    if isinstance(node, ast.Constant):
        declared = Declared(nullable=node.value is None)
        if isinstance(node.value, str):
            # Very deep nesting raises MemoryError or RecursionError. NUL raises ValueError in
            # Python 3.11, and SyntaxError in later versions.
            with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                declared = declared_type(ast.parse(node.value, mode="eval").body, depth + 1)
        return declared
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union([node.left, node.right], depth)
    if isinstance(node, ast.Subscript):
        return _subscript(node, depth)
    return _declared_by_name(_last_name(node))


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _declared_by_name(name: str) -> Declared:
    if name == "NoneType":
        return Declared(nullable=True)
    for prefix, number_type in NUMBERS.items():  # numpy's int64, float32 …
        if name.startswith(prefix) and name[len(prefix) :].isdigit():
            return Declared(number_type)
    return Declared(NAMES.get(name, ""), is_path=name in PATHS)


def _subscript(node: ast.Subscript, depth: int) -> Declared:
    items = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    match _last_name(node.value):
        case "Literal":
            try:
                values = [evaluate_constant(item, {}) for item in items]
            except NotConstant:
                return UNKNOWN
            choices = tuple(value for value in values if value is not None)
            return Declared("choice" if choices else "", len(choices) < len(values), choices)
        case "Optional":
            return msgspec.structs.replace(declared_type(items[0], depth + 1), nullable=True)
        case "Union":
            return _union(items, depth)
        case "Annotated":
            texts = [i.value for i in items[1:] if isinstance(i, ast.Constant)]
            helps = [text for text in texts if isinstance(text, str)]
            inner = declared_type(items[0], depth + 1)
            return msgspec.structs.replace(inner, help=helps[0] if helps else "")
        case name:
            return (
                declared_type(items[0], depth + 1) if name in WRAPPERS else _declared_by_name(name)
            )


def _union(items: list[ast.expr], depth: int) -> Declared:
    declared = [declared_type(item, depth + 1) for item in items]
    nullable = any(item.nullable for item in declared)
    typed = [item for item in declared if item.type or not item.nullable]
    types = {item.type for item in typed}
    choices = tuple(choice for item in typed for choice in item.choices)
    is_path = any(item.is_path for item in typed)
    # a float argument takes integers as well
    if types <= {"int", "float"} and len(types) > 1:
        types = {"float"}
    kind = types.pop() if len(types) == 1 else "json" if types else ""
    return Declared(kind, nullable, choices if kind == "choice" else (), is_path)
