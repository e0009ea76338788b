"""Command-line arguments of Python scripts, read from their source: argparse and click."""

import ast
from collections.abc import Collection, Mapping, Sequence

import msgspec

from nbyard.domain.arguments.bindings import Positional
from nbyard.domain.arguments.structs import Argument, Role, check_arguments
from nbyard.domain.inspection.argparse_scripts import read_argparse
from nbyard.domain.inspection.argparse_walk import name_in
from nbyard.domain.inspection.cli_parameters import (
    Parameter,
    UnreadArguments,
    check_places,
    to_argument,
    usual_name,
)
from nbyard.domain.inspection.click_scripts import names_of, read_click
from nbyard.domain.inspection.file_access import opened_files
from nbyard.domain.inspection.handoff_calls import add_handoff_arguments, read_handoff_calls
from nbyard.domain.inspection.python_calls import PythonModule
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, because


class Script(msgspec.Struct, frozen=True):
    """The arguments of a script. `hints` are for users."""

    arguments: list[Argument] = []
    hints: list[Reason] = []


def read_script(tree: ast.Module, *, names_us: bool = True) -> Script:
    """Return the arguments of a script, each with its reach.

    `names_us` states whether the source contains `nbyard`. If the command line cannot be read,
    its arguments are missing and a hint says why. Nothing is run.
    """
    source = PythonModule(tree)
    try:
        of_argparse, of_click = read_argparse(source), read_click(source)
        if of_argparse.parameters and of_click.parameters:
            raise UnreadArguments("the script uses both argparse and click")
        if of_click.parameters:
            declaration, name_of = of_click, names_of(source)
        else:
            hints = [*of_argparse.hints, *of_click.hints]
            declaration, name_of = (
                msgspec.structs.replace(of_argparse, hints=hints),
                name_in(source),
            )
        check_places(declaration.parameters)
        if declaration.is_open and any(
            isinstance(parameter.reach, Positional) for parameter in declaration.parameters
        ):
            script = Script([], [because("arguments-between", hint=declaration.hints[0])])
        else:
            script = arguments_of(
                declaration.parameters, opened_files(source, name_of), in_turn=declaration.in_turn
            )
            script = Script(script.arguments, [*declaration.hints, *script.hints])
    except UnreadArguments as problem:
        script = Script([], [because("arguments-unread", problem=str(problem))])
    if not names_us:
        return script
    handed = read_handoff_calls(source)
    return Script(
        add_handoff_arguments(script.arguments, handed.arguments), [*script.hints, *handed.hints]
    )


def arguments_of(
    parameters: Sequence[Parameter], roles: Mapping[str, Role], *, in_turn: bool = False
) -> Script:
    """Convert the parameters of a script to arguments.

    `roles` maps parameter names to the roles of files that the script opens. `in_turn` is as in
    `Declaration`.

    Raises:
        UnreadArguments: a positional parameter has no valid argument name.
    """
    arguments: dict[str, Argument] = {}
    hints: list[Reason] = []
    spared: set[str] = set()
    for declared in parameters:
        parameter = declared
        if declared.name in arguments:  # several options with one destination
            own = usual_name(declared.shown.lstrip("-"))
            parameter = msgspec.structs.replace(declared, name=own)
        argument, said = to_argument(parameter, roles)
        try:
            check_arguments([*arguments.values(), argument])
        except Invalid as problem:
            why = problem.details[0].why
            # Without one positional argument, the words of the others would move to wrong places.
            if isinstance(declared.reach, Positional):
                raise UnreadArguments(f"{declared.shown} is not read: {why}") from None
            hints.append(because("option-unread", name=declared.shown, problem=why))
        else:
            arguments[argument.name] = argument
            hints += said
            if parameter.required and not in_turn:
                spared.add(argument.name)
    return Script(_never_skipped(arguments.values(), spared), hints)


def _never_skipped(arguments: Collection[Argument], spared: Collection[str]) -> list[Argument]:
    """Require optional positional arguments that a later one would replace.

    If such an argument is omitted, the next word fills its place. Later arguments in `spared` do
    not matter: the parser leaves words for them.
    """
    adjusted: list[Argument] = []
    is_followed = False
    # backwards, as only later words can replace an earlier one
    for argument in reversed(list(arguments)):
        current = argument
        if isinstance(current.reach, Positional):
            # nbyard passes a default if no value is set
            is_filled = current.default is not None and current.default is not msgspec.UNSET
            is_passed = is_filled or current.role == "output"
            if is_followed and current.type != "list" and not is_passed:
                current = msgspec.structs.replace(
                    current, required=True, nullable=False, default=msgspec.UNSET
                )
            takes_a_word = current.required or current.role == "output"
            is_followed |= takes_a_word and current.name not in spared
        adjusted.append(current)
    return adjusted[::-1]
