"""Arguments built from a name, its default, an annotation and a comment."""

from typing import Any

import msgspec

from nbyard.domain.arguments.structs import Argument, ValueType, check_value
from nbyard.domain.file_formats import format_of
from nbyard.domain.inspection.annotations import Declared
from nbyard.domain.inspection.constant_expressions import (
    DateText,
    DatetimeText,
    DecimalText,
    FilePath,
    TimeText,
)
from nbyard.domain.inspection.heuristics import Comment, guess_role
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, because

TYPES: dict[type, ValueType] = {
    bool: "bool",
    int: "int",
    float: "float",
    str: "string",
    FilePath: "string",
    DateText: "date",
    DatetimeText: "datetime",
    TimeText: "time",
    DecimalText: "decimal",
    list: "list",
    dict: "json",
}


def argument_of(
    name: str, value: Any, declared: Declared, comment: Comment, missing: bool
) -> Argument:
    """Build an argument from what its source declares.

    `value` is its default, UNSET if there is none or it is unknown. `declared` is from the
    annotation, `comment` from the comment. `missing` means that a value is required.
    """
    kind = declared.type or (TYPES.get(type(value), "json"))
    is_path = declared.is_path or isinstance(value, FilePath)
    text = str(value) if isinstance(value, str) else None
    role, file_format = comment.role, comment.format
    if kind == "string" or (value is None and not declared.type):
        guess = guess_role(name, text, bool(comment.help), is_path)
        if value is not None or kind == "string":
            role = role or guess.role
        file_format = file_format or guess.format or format_of(text or "")
    role = role or "value"
    if role != "value":
        kind = "string"
    default = value
    # In code, an empty text is a placeholder for a value that users must set.
    if (role == "input" or (role == "value" and kind == "secret")) and value == "":
        default, missing = msgspec.UNSET, True
    return Argument(
        name=name,
        role=role,
        type=kind,  # type: ignore[arg-type]
        format=file_format if role != "value" else "",
        required=missing,
        nullable=declared.nullable or value is None,
        default=str(default) if isinstance(default, str) else default,
        choices=declared.choices if role == "value" else (),
        choice_values=declared.choice_values if role == "value" else (),
        items=declared.items if kind == "list" else "",  # type: ignore[arg-type]
        help=comment.help or declared.help,
        output_class=comment.output_class if role == "output" else "",
    )


def fit_default(argument: Argument, value: Any) -> tuple[Argument, Reason | None]:
    """Return the argument with a default that matches its type, and a hint.

    `value` is the default in the source. The hint describes the change, None without one.
    """
    if argument.default is msgspec.UNSET:
        return argument, None
    try:
        default = check_value(argument, argument.default)
        return msgspec.structs.replace(argument, default=default), None
    except Invalid as error:
        problem = error.details[0].why
    kind = TYPES.get(type(value), "json")
    own = msgspec.structs.replace(
        argument, role="value", type=kind, format="", choices=(), choice_values=(), items=""
    )
    try:
        default = check_value(own, argument.default)
    except Invalid as error:
        unknown = msgspec.structs.replace(argument, default=msgspec.UNSET)
        why = error.details[0].why
        return unknown, because("default-not-shown", name=argument.name, problem=why)
    hint = because("default-unfit", name=argument.name, problem=problem)
    return msgspec.structs.replace(own, default=default), hint
