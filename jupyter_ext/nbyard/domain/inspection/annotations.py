"""Types of arguments as annotations and Enum classes declare them, read from source."""

import ast
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from nbyard.domain.arguments.structs import ValueType
from nbyard.domain.inspection.constant_expressions import (
    PATHS,
    NotConstant,
    evaluate_constant,
    last_name,
)

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
    "date": "date",
    "datetime": "datetime",
    "time": "time",
    "Decimal": "decimal",
    **dict.fromkeys(PATHS, "string"),
}
NUMBERS = {"int": "int", "float": "float"}
ENUMS = frozenset({"Enum", "IntEnum", "StrEnum"})
# types of values that are written as text
TEXTS = frozenset({"string", "date", "datetime", "time", "decimal"})
# methods of `date` and `datetime` that return one
CREATORS = frozenset({"today", "now", "utcnow", "fromisoformat", "fromtimestamp", "strptime"})
WRAPPERS = frozenset({"Final", "ClassVar", "Required", "NotRequired"})
MAX_DEPTH = 20


class Declared(msgspec.Struct, frozen=True):
    """The content of an annotation. An empty `type` means that it is unknown."""

    type: ValueType | str = ""
    nullable: bool = False
    choices: tuple[Any, ...] = ()
    is_path: bool = False
    help: str = ""
    items: ValueType | str = ""
    choice_values: tuple[Any, ...] = ()


UNKNOWN = Declared()
NOTHING: Mapping[str, Declared] = {}


def declared_type(
    node: ast.expr | None, known: Mapping[str, Declared] = NOTHING, depth: int = 0
) -> Declared:
    """Return the type of an annotation, without importing or evaluating code.

    `known` are the types of classes that the source defines, by name.
    """
    if node is None or depth > MAX_DEPTH:
        return UNKNOWN
    if isinstance(node, ast.Constant):
        declared = Declared(nullable=node.value is None)
        if isinstance(node.value, str):
            # Very deep nesting raises MemoryError or RecursionError. NUL raises ValueError in
            # Python 3.11, and SyntaxError in later versions.
            with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                inner = ast.parse(node.value, mode="eval").body
                declared = declared_type(inner, known, depth + 1)
        return declared
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union([node.left, node.right], known, depth)
    if isinstance(node, ast.Subscript):
        return _subscript(node, known, depth)
    return known.get(last_name(node)) or _declared_by_name(last_name(node))


def type_of_default(node: ast.expr | None) -> Declared:
    """Return the type of a default that is a date or time computed by code: `date.today()`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        owner = last_name(node.func.value)
        if node.func.attr in CREATORS and owner in ("date", "datetime"):
            return Declared(owner)
    return UNKNOWN


def _declared_by_name(name: str) -> Declared:
    if name == "NoneType":
        return Declared(nullable=True)
    for prefix, number_type in NUMBERS.items():  # numpy's int64, float32 …
        if name.startswith(prefix) and name[len(prefix) :].isdigit():
            return Declared(number_type)
    return Declared(NAMES.get(name, ""), is_path=name in PATHS)


def _subscript(node: ast.Subscript, known: Mapping[str, Declared], depth: int) -> Declared:
    items = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    match last_name(node.value):
        case "Literal":
            return _literal(items)
        case "Optional":
            return msgspec.structs.replace(declared_type(items[0], known, depth + 1), nullable=True)
        case "Union":
            return _union(items, known, depth)
        case "Annotated":
            texts = [i.value for i in items[1:] if isinstance(i, ast.Constant)]
            helps = [text for text in texts if isinstance(text, str)]
            inner = declared_type(items[0], known, depth + 1)
            return msgspec.structs.replace(inner, help=helps[0] if helps else "")
        case name if name in WRAPPERS:
            return declared_type(items[0], known, depth + 1)
        case name:
            declared = _declared_by_name(name)
            return (
                _with_items(declared, items, known, depth) if declared.type == "list" else declared
            )


def _literal(items: list[ast.expr]) -> Declared:
    try:
        values = [evaluate_constant(item, {}) for item in items]
    except NotConstant:
        return UNKNOWN
    choices = tuple(value for value in values if value is not None)
    return Declared("choice" if choices else "", len(choices) < len(values), choices)


def _with_items(
    declared: Declared, items: list[ast.expr], known: Mapping[str, Declared], depth: int
) -> Declared:
    if len(items) == 2 and isinstance(items[1], ast.Constant) and items[1].value is ...:
        items = items[:1]  # tuple[int, ...]
    item = declared_type(items[0], known, depth + 1)
    if len(items) > 1 or item.nullable or item.type in ("", "secret", "list"):
        return declared
    return msgspec.structs.replace(
        declared, items=item.type, choices=item.choices, choice_values=item.choice_values
    )


def _union(items: list[ast.expr], known: Mapping[str, Declared], depth: int) -> Declared:
    declared = [declared_type(item, known, depth + 1) for item in items]
    nullable = any(item.nullable for item in declared)
    typed = [item for item in declared if item.type or not item.nullable]
    types = {item.type for item in typed}
    if len(typed) == 1:
        return msgspec.structs.replace(typed[0], nullable=nullable)
    choices = tuple(choice for item in typed for choice in item.choices)
    is_path = any(item.is_path for item in typed)
    # a float argument takes integers as well
    if types <= {"int", "float"} and len(types) > 1:
        types = {"float"}
    if types <= TEXTS and len(types) > 1:
        types = {"string"}
    kind = types.pop() if len(types) == 1 else "json" if types else ""
    return Declared(kind, nullable, choices if kind == "choice" else (), is_path)


def enumerations_in(statements: list[ast.stmt]) -> dict[str, Declared]:
    """Return the types of the Enum classes that statements define, by name."""
    return {
        statement.name: _declared(statement)
        for statement in statements
        if isinstance(statement, ast.ClassDef) and _base(statement)
    }


def members_of(known: Mapping[str, Declared]) -> dict[str, str]:
    """Return the names of all members by their expression, such as `Color.RED`."""
    return {f"{name}.{choice}": choice for name, of in known.items() for choice in of.choices}


def enumeration_of_default(node: ast.expr | None, known: Mapping[str, Declared]) -> Declared | None:
    """Return the type of a default such as `Color.RED`, `Color("red")` or `Color["RED"]`."""
    owner = None
    if isinstance(node, ast.Attribute | ast.Subscript):
        owner = node.value
    elif isinstance(node, ast.Call):
        owner = node.func
    return known.get(owner.id) if isinstance(owner, ast.Name) else None


def imported_member(annotation: ast.expr, default: ast.expr | None) -> str:
    """Return the member's name if the default is a member of an annotated class, such as RED.

    The class may be in another file, which is not read.
    """
    if not isinstance(default, ast.Attribute):
        return ""
    owner = ast.unparse(default.value)
    names = (node for node in ast.walk(annotation) if isinstance(node, ast.Name | ast.Attribute))
    return default.attr if any(ast.unparse(name) == owner for name in names) else ""


def _base(definition: ast.ClassDef) -> str:
    names = [getattr(base, "attr", getattr(base, "id", "")) for base in definition.bases]
    return next((name for name in names if name in ENUMS), "")


def _declared(definition: ast.ClassDef) -> Declared:
    members = dict(_members(definition))
    return Declared(
        "choice" if members else "string",
        choices=tuple(members),
        choice_values=tuple(members.values()),
    )


def _members(definition: ast.ClassDef) -> Iterator[tuple[str, Any]]:
    """Yield names and values. The value is None if it is no text or number."""
    last: Any = 0
    for statement in definition.body:
        if not (isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)):
            continue
        name, node = statement.targets[0].id, statement.value
        if name.startswith("_"):
            continue
        value: Any = None
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("auto"):
            is_text = _base(definition) == "StrEnum"
            value = name.lower() if is_text else last + 1 if isinstance(last, int) else None
        else:
            try:
                value = evaluate_constant(node, {})
            except (NotConstant, RecursionError):
                value = None
        last = value
        yield name, value if isinstance(value, str | int | float) else None
