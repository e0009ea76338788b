"""Members of Enum classes, read from source."""

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from nbyard.domain.inspection.annotations import Declared
from nbyard.domain.inspection.constant_expressions import NotConstant, evaluate_constant

BASES = frozenset({"Enum", "IntEnum", "StrEnum"})
Known = Mapping[str, Declared]


def enumerations_in(statements: list[ast.stmt]) -> dict[str, Declared]:
    """Return the types of the Enum classes that statements define, by name."""
    return {
        statement.name: _declared(statement)
        for statement in statements
        if isinstance(statement, ast.ClassDef) and _base(statement)
    }


def members_of(known: Known) -> dict[str, str]:
    """Return the names of all members by their expression, such as `Color.RED`."""
    return {f"{name}.{choice}": choice for name, of in known.items() for choice in of.choices}


def enumeration_of_default(node: ast.expr | None, known: Known) -> Declared | None:
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
    return next((name for name in names if name in BASES), "")


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
