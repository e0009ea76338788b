"""Check the values that code receives by the names of its arguments."""

from collections.abc import Mapping, Sequence
from typing import Any

from nbyard.domain.arguments.structs import Argument, check_value, is_name
from nbyard.errors import Invalid


def checked_values(
    arguments: Sequence[Argument], values: Mapping[str, Any], noun: str
) -> dict[str, Any]:
    """Check the given values; return them, converted to the types of their arguments.

    `noun` is the kind of the executable, for error messages.

    Raises:
        Invalid: a value does not fit, is missing or is not declared.
    """
    declared = {argument.name: argument for argument in arguments}
    checked = {}
    for name, value in values.items():
        # a name may become source text, so it is checked here too
        if name not in declared or not is_name(name):
            raise Invalid.field(f"arguments.{name[:40]}", f"the {noun} does not have this argument")
        checked[name] = check_value(declared[name], value, f"arguments.{name}")
    for argument in arguments:
        if argument.required and argument.name not in values:
            raise Invalid.field(f"arguments.{argument.name}", "a value is needed")
    return checked
