"""Read the calls that declare parameters, as far as argparse and click agree."""

import ast
from collections.abc import Callable
from typing import TypeGuard

import msgspec

from nbyard.domain.arguments.bindings import Positional
from nbyard.domain.commands.command_line import OPTION
from nbyard.domain.file_formats import format_of
from nbyard.domain.inspection.cli_parameters import PLAIN, Parameter, WordType
from nbyard.domain.inspection.constant_expressions import PATHS
from nbyard.domain.inspection.file_access import role_of_mode
from nbyard.domain.inspection.python_calls import (
    CallArguments,
    PythonModule,
    UnknownValue,
    expression_text,
)
from nbyard.reasons.structs import Reason, because

BUILTIN_TYPES = {
    "str": WordType(),
    "int": WordType("int"),
    "float": WordType("float"),
    "decimal.Decimal": WordType("decimal"),
}


class Collected:
    """The parameters in the order of their calls, and hints about calls that cannot be read.

    `is_open` means that unknown positional parameters may be among them.
    """

    def __init__(self, is_open: bool = False) -> None:
        self.parameters: list[Parameter] = []
        self.hints: list[Reason] = []
        self.is_open = is_open

    def add(
        self, call: ast.Call, named: ast.expr | None, read: Callable[[int], Parameter | None]
    ) -> bool:
        """Add the parameter that a call declares. Return whether the call can be read.

        `read` is called with the number of positional parameters collected so far. It returns the
        parameter, or None if the call declares none. `named` is the expression that names the call
        in hints.
        """
        position = sum(isinstance(parameter.reach, Positional) for parameter in self.parameters)
        try:
            declared = read(position)
        except UnknownValue as problem:
            params = {"line": call.lineno, "problem": str(problem)}
            if named is None:
                self.hints.append(because("unnamed-argument-unread", **params))
            else:
                self.hints.append(because("argument-unread", name=expression_text(named), **params))
            return False
        self.parameters += [declared] if declared is not None else []
        return True


def best_option(option_strings: list[str]) -> str:
    """Return the word for an option: a long one if there is one, empty if none is valid."""
    fitting = [word for word in option_strings if OPTION.match(word)]
    return next((word for word in fitting if word.startswith("--")), (fitting or [""])[0])


def check_count(call_arguments: CallArguments) -> None:
    """Check that a counting option starts at zero.

    Raises:
        UnknownValue: its default is another number.
    """
    if call_arguments.value("default"):
        raise UnknownValue("it counts up from its default")


def with_choices(plain: Parameter, call_arguments: CallArguments) -> Parameter:
    """Add the keyword `choices` if the choices have the type of the values."""
    if "choices" not in call_arguments.keywords:
        return plain
    try:
        evaluated = call_arguments.value("choices")
    except UnknownValue:
        note = because("choices-computed", name=plain.shown)
        return msgspec.structs.replace(plain, note=note)
    # `choices="abc"` allows three letters, and a dict allows its keys.
    choices = tuple(evaluated) if isinstance(evaluated, str | list | dict) else ()
    fits = all(type(choice) in PLAIN[plain.word_type.type][:1] for choice in choices)
    return msgspec.structs.replace(plain, choices=choices if fits else ())


def with_default(plain: Parameter, call_arguments: CallArguments) -> Parameter:
    """Add the keyword `default`: its value, or its expression if it is computed."""
    if "default" not in call_arguments.keywords:
        return plain
    try:
        return msgspec.structs.replace(plain, default=call_arguments.value("default"))
    except UnknownValue as problem:
        text = str(problem)
        named = plain.word_type.format or format_of(text.rstrip("'\"])"))
        kind = msgspec.structs.replace(plain.word_type, format=named)
        return msgspec.structs.replace(plain, default=msgspec.UNSET, computed=text, word_type=kind)


def has_type(node: ast.expr | None) -> TypeGuard[ast.expr]:
    """Return whether the keyword `type` is there and not None."""
    return node is not None and not (isinstance(node, ast.Constant) and node.value is None)


def is_path_type(origin: str) -> bool:
    """Return whether a type is a class of `pathlib`."""
    return origin.rpartition(".")[2] in PATHS and origin.startswith("pathlib.")


def opened_file(source: PythonModule, call: ast.Call) -> WordType:
    """Return the type of `FileType(mode)` or `File(mode)`, which open the file that a word names.

    Raises:
        UnknownValue: the mode is computed.
    """
    call_arguments = CallArguments(source, call)
    mode = (
        call_arguments.texts()[0]
        if call_arguments.positional
        else call_arguments.value("mode", "r")
    )
    return WordType(is_path=True, role=role_of_mode(str(mode)))
