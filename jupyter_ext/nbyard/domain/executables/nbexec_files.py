"""The description file `FILE.nbexec` beside a notebook, script or binary.

It declares arguments, command line and requirements that the file itself cannot.
"""

from collections.abc import Sequence

import msgspec

from nbyard.domain.arguments.bindings import File, Flag, Option
from nbyard.domain.arguments.structs import Argument, own_name
from nbyard.domain.commands.invocations import Invocation
from nbyard.domain.executables.structs import Resources
from nbyard.domain.inspection.functions import split_function_path
from nbyard.domain.parsing.canonical_json import canonical
from nbyard.domain.parsing.strict_json import read_json
from nbyard.errors import BadRequest, Invalid
from nbyard.field_suggestions import add_suggestions

SUFFIX = ".nbexec"


class Description(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The declared properties of an executable.

    The parameters cell of a notebook and the parameters of a function define the list of
    arguments. The description corrects role, type, format and help by name. If nbyard cannot
    read the language of the cell, the description defines the list. Arguments with the reach
    `file` are added to the list. If a script's description has only these, the list read from
    the script stays.
    """

    version: int = 1
    name: str = ""
    kind: str = ""
    arguments: tuple[Argument, ...] | None = None
    command: tuple[str, ...] | None = None
    invocation: Invocation = Invocation()
    resources: Resources = Resources()

    def text(self) -> str:
        """Return the canonical content of the file."""
        return canonical({"version": 1, **msgspec.to_builtins(self)})


def description_file(filename: str) -> str:
    """Return the name of the description file.

    For the function `steps.py::clean` it is `steps.py.clean.nbexec`, as some systems forbid
    colons in names.
    """
    return ".".join(part for part in split_function_path(filename) if part) + SUFFIX


def read_description(content: bytes, filename: str) -> Description:
    """Parse the content of a description file.

    Raises:
        Invalid: the description is wrong. The message names file and place.
    """
    try:
        description = msgspec.convert(read_json(content), Description)
    except BadRequest as error:
        raise Invalid.field(filename, error.reason) from None
    except msgspec.ValidationError as error:
        reason = add_suggestions(str(error), Description)
        raise Invalid.field(filename, reason) from None
    if description.version != 1:
        raise Invalid.field(filename, f"version {description.version} is not known; upgrade nbyard")
    if description.arguments is None:
        return description
    arguments = tuple(
        msgspec.structs.replace(argument, name=own_name(argument.name))
        for argument in description.arguments
    )
    return msgspec.structs.replace(description, arguments=arguments)


def apply_description(
    own: Sequence[Argument] | None, described: Sequence[Argument] | None, keeps_list: bool
) -> list[Argument]:
    """Apply a description to the arguments read from the code.

    With `keeps_list` (notebooks), the code defines the list, and other declared arguments are
    dropped. If the code's list could not be read (None), the description defines the list.
    Without `keeps_list`, the description defines the list. Files that the code opens itself are
    added. If only files are declared, the code's list stays.
    """
    files = [argument for argument in described or () if isinstance(argument.reach, File)]
    others = [argument for argument in described or () if not isinstance(argument.reach, File)]
    if described is None or (files and not others):
        return [*(own or ()), *files]
    if not keeps_list:
        return [*map(with_default_reach, others), *files]
    if own is None:
        return list(described)
    by_name = {argument.name: argument for argument in others}
    arguments = []
    for argument in own:
        change = by_name.get(argument.name)
        if change is None:
            arguments.append(argument)
            continue
        merged = msgspec.structs.replace(
            change,
            reach=argument.reach,
            default=argument.default,
            help=change.help or argument.help,
            required=change.required if argument.default is msgspec.UNSET else False,
            nullable=change.nullable or argument.nullable,
            output_class=change.output_class
            or (argument.output_class if change.role == "output" else ""),
        )
        arguments.append(merged)
    return [*arguments, *files]


def with_default_reach(argument: Argument) -> Argument:
    """Return the argument with a default reach: `--name VALUE`, or `--name` alone for true."""
    if argument.reach is not None:
        return argument
    flag = f"--{argument.name.replace('_', '-')}"
    switch = argument.role == "value" and argument.type == "bool"
    return msgspec.structs.replace(argument, reach=Flag(flag) if switch else Option(flag))
