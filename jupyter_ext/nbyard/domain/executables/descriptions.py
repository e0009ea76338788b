"""The description file `FILE.nbexec` beside a notebook, script or binary: what the file itself
cannot say about its arguments, its command line and what it needs."""

from collections.abc import Sequence

import msgspec

from nbyard.domain.arguments.bindings import File, Flag, Option
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.commands.invocations import Invocation
from nbyard.domain.executables.structs import Resources
from nbyard.domain.inspection.functions import spot
from nbyard.domain.parsing.canonical_json import canonical
from nbyard.domain.parsing.strict_json import read_json
from nbyard.errors import BadRequest, Invalid
from nbyard.spelling import with_meant

SUFFIX = ".nbexec"


class Description(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What was told about an executable. A notebook's own parameters cell and a function's own
    parameters stay the list of its arguments; what is told corrects role, type, format and help by
    name. Where that cell is in a language that is not read, what is told is the list. Arguments of
    the reach `file` are added to the list; they alone leave that of a script as it is read."""

    version: int = 1
    name: str = ""
    kind: str = ""
    arguments: tuple[Argument, ...] | None = None
    command: tuple[str, ...] | None = None
    invocation: Invocation = Invocation()
    resources: Resources = Resources()

    def text(self) -> str:
        """The file's content, canonical."""
        return canonical({"version": 1, **msgspec.to_builtins(self)})


def description_file(filename: str) -> str:
    """That of a function `steps.py::clean` is `steps.py.clean.nbexec`: not all systems have colons
    in names."""
    return ".".join(part for part in spot(filename) if part) + SUFFIX


def read_description(content: bytes, filename: str) -> Description:
    """The description in a file.

    Raises:
        Invalid: naming the file and the place that is wrong.
    """
    try:
        found = msgspec.convert(read_json(content), Description)
    except BadRequest as error:
        raise Invalid.field(filename, error.message) from None
    except msgspec.ValidationError as error:
        raise Invalid.field(filename, with_meant(str(error), Description)) from None
    if found.version != 1:
        raise Invalid.field(filename, f"version {found.version} is not known; upgrade nbyard")
    return found


def corrected(
    own: Sequence[Argument] | None, told: Sequence[Argument] | None, keeps_list: bool
) -> list[Argument]:
    """The arguments after correction. With `keeps_list` (notebooks) the code's own list holds and
    what is told about others is dropped, unless there is none that could be read (None); otherwise
    what is told is the list. Files that the code opens itself come on top; where nothing else is
    told, the code's own list holds."""
    files = [argument for argument in told or () if isinstance(argument.reach, File)]
    others = [argument for argument in told or () if not isinstance(argument.reach, File)]
    if told is None or (files and not others):
        return [*(own or ()), *files]
    if not keeps_list:
        return [*map(reached, others), *files]
    if own is None:
        return list(told)
    by_name = {argument.name: argument for argument in others}
    return [*(_merge(argument, by_name.get(argument.name)) for argument in own), *files]


def reached(argument: Argument) -> Argument:
    """An argument of a command that does not say how it is given: `--name VALUE`, and `--name`
    alone for true."""
    if argument.reach is not None:
        return argument
    flag = f"--{argument.name.replace('_', '-')}"
    switch = argument.role == "value" and argument.type == "bool"
    return msgspec.structs.replace(argument, reach=Flag(flag) if switch else Option(flag))


def _merge(own: Argument, told: Argument | None) -> Argument:
    if told is None:
        return own
    return msgspec.structs.replace(
        told,
        reach=own.reach,
        default=own.default,
        help=told.help or own.help,
        required=told.required if own.default is msgspec.UNSET else False,
        nullable=told.nullable or own.nullable,
    )
