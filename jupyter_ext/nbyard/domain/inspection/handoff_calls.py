"""Calls of `nbyard.input`, `nbyard.output` and `nbyard.secret`, read from source.

nbyard.input("table")                    an input
nbyard.input("table", Path("raw.csv"))   an input with a default
nbyard.input("rate", 0.1)                a value of that type
nbyard.output("model", …)                an output
nbyard.secret("token")                   a secret

Names must be literals.
"""

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from nbyard.domain.arguments.bindings import Handed
from nbyard.domain.arguments.structs import Argument, is_name
from nbyard.domain.commands.invocations import ATTEMPT, escape_attempt_paths
from nbyard.domain.inspection.annotations import UNKNOWN
from nbyard.domain.inspection.build_argument import argument_of, fit_default
from nbyard.domain.inspection.constant_expressions import TEXT_CLASSES, FilePath
from nbyard.domain.inspection.heuristics import Comment
from nbyard.domain.inspection.python_calls import CallArguments, PythonModule, UnknownValue
from nbyard.reasons.structs import Reason, because

MARK = b"nbyard"
STAGED = f"{ATTEMPT}/inputs/"
INPUT, OUTPUT, SECRET = "nbyard.input", "nbyard.output", "nbyard.secret"
WAYS = (INPUT, OUTPUT, SECRET)


class HandedOver(msgspec.Struct, frozen=True):
    """The arguments that `nbyard.input` and similar calls declare. `hints` are for users."""

    arguments: list[Argument]
    hints: list[Reason]


def read_handoff_calls(source: PythonModule) -> HandedOver:
    """Return the arguments of all hand-off calls of a module.

    Each name is returned once.
    """
    by_name: dict[str, Argument] = {}
    hints: list[Reason] = []
    for call in source.calls():
        way = source.origin(call.func)
        if way not in WAYS:
            continue
        try:
            written = CallArguments(source, call)
            given = written.positional
            node = given[0] if given else written.keywords.get("name")
            name = source.value(node) if node is not None else None
        except UnknownValue:
            name = None
        if not isinstance(name, str) or not is_name(name):
            hints.append(because("handed-name-computed", call=way, line=call.lineno))
            continue
        if way == OUTPUT:
            argument = Argument(name, role="output", reach=Handed())
        elif way == SECRET:
            argument = Argument(name, type="secret", required=True, reach=Handed())
        else:
            default = given[1] if len(given) > 1 else written.keywords.get("default")
            argument, hint = _input_argument(source, name, default)
            if hint:
                hints.append(hint)
        known = by_name.setdefault(argument.name, argument)
        if (known.role == "output") != (argument.role == "output"):
            hints.append(because("handed-both-ways", name=argument.name))
    return HandedOver(list(by_name.values()), hints)


def add_handoff_arguments(
    declared: Sequence[Argument], handed: Iterable[Argument]
) -> list[Argument]:
    """Add the arguments of hand-off calls to the declared ones.

    Declared arguments take precedence.
    """
    known = {argument.name for argument in declared}
    return [*declared, *(argument for argument in handed if argument.name not in known)]


def handoff_values(arguments: Iterable[Argument], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that hand-off calls fetch, by name.

    They are plain values and the paths of staged inputs. A default that is a file path is left out,
    as the code uses it itself.
    """
    return {
        argument.name: escape_attempt_paths(argument, values[argument.name])
        for argument in arguments
        if isinstance(argument.reach, Handed) and argument.name in values
        if argument.role == "value" or str(values[argument.name]).startswith(STAGED)
    }


def _input_argument(
    source: PythonModule, name: str, default: ast.expr | None
) -> tuple[Argument, Reason | None]:
    """Return a value argument if the default is a plain value, else an input.

    An input with a computed default is a file as well.
    """
    if default is None:
        return Argument(name, role="input", required=True, reach=Handed()), None
    try:
        value = source.value(default)
    except UnknownValue:
        value = msgspec.UNSET
    if isinstance(value, FilePath):
        return Argument(name, role="input", default=str(value), reach=Handed()), None
    # the code would get the text of a date, not the date
    if value is None or value is msgspec.UNSET or type(value) in TEXT_CLASSES:
        return Argument(name, role="input", reach=Handed(), nullable=True, default=None), None
    argument = argument_of(name, value, UNKNOWN, Comment(role="value"), missing=False)
    argument, hint = fit_default(argument, value)
    return msgspec.structs.replace(argument, reach=Handed()), hint
