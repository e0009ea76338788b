"""Parameters that a script declares for its command line, and their conversion to arguments."""

import keyword
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec

from nbyard.domain.arguments.bindings import Positional, Reach
from nbyard.domain.arguments.structs import TEXT_TYPES, Argument, Role, ValueType, check_value
from nbyard.domain.inspection.annotations import Declared
from nbyard.domain.inspection.build_argument import TYPES, argument_of
from nbyard.domain.inspection.constant_expressions import FilePath
from nbyard.domain.inspection.heuristics import Comment, read_comment
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, because

PLAIN: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    **dict.fromkeys(TEXT_TYPES, (str,)),
}
STREAM = "-"


class WordType(msgspec.Struct, frozen=True):
    """The type that the program converts a word to. `type` is that of one item of several."""

    type: ValueType = "string"
    is_path: bool = False
    role: Role | None = None
    format: str = ""


class Parameter(msgspec.Struct, frozen=True):
    """One parameter. `shown` is its name for users (`--alpha`), `name` its name in the program.

    `default` is UNSET if the source does not state it; `computed` is then its expression. `note` is
    a hint for users.
    """

    name: str
    shown: str
    reach: Reach
    word_type: WordType = WordType()
    is_list: bool = False
    required: bool = False
    default: Any = None
    computed: str = ""
    choices: tuple[Any, ...] = ()
    help: str = ""
    is_exclusive: bool = False
    note: Reason | None = None


class Declaration(msgspec.Struct, frozen=True):
    """The parameters of a script, and hints for users.

    `is_open` means that unknown positional parameters may be among them. `in_turn` marks a parser
    that fills positional parameters strictly in their order. Other parsers leave words for required
    parameters before they fill optional ones.
    """

    parameters: list[Parameter] = []
    hints: list[Reason] = []
    is_open: bool = False
    in_turn: bool = False


class UnreadArguments(Exception):
    """The arguments of a script cannot be read from its source."""


def usual_name(name: str) -> str:
    """Convert a name to a valid argument name: `top-n` to `top_n`, `lambda` to `lambda_`."""
    name = re.sub(r"\W", "_", name)
    name = f"_{name}" if name[:1].isdigit() else name
    return f"{name}_" if keyword.iskeyword(name) else name


def to_argument(parameter: Parameter, opened: Mapping[str, Role]) -> tuple[Argument, list[Reason]]:
    """Convert a parameter to an argument, with hints about it.

    `opened` maps parameter names to the roles of files that the script opens. An exclusive
    parameter is never an output, as outputs are always passed.
    """
    default, hints = _default(parameter)
    comment = read_comment(parameter.help)
    # a help text that starts with "type:" is plain help
    if comment.type:
        comment = Comment(parameter.help)
    is_address = parameter.name.lower().endswith("url") or "://" in str(parameter.default)
    role = comment.role or parameter.word_type.role
    if not role and not is_address:
        role = opened.get(parameter.name)
    argument = _argument(parameter, default, comment, role)
    if argument.role == "output" and parameter.is_exclusive:
        argument = _argument(parameter, default, comment, "value")
    required = argument.required and argument.role != "output"
    # `-` stands for a standard stream, not for a file
    if argument.role != "value" and argument.default == STREAM:
        argument = msgspec.structs.replace(argument, default=msgspec.UNSET)
    hints += [parameter.note] if parameter.note else []
    return msgspec.structs.replace(argument, reach=parameter.reach, required=required), hints


def _argument(parameter: Parameter, default: Any, comment: Comment, role: Role | None) -> Argument:
    word_type, kind = parameter.word_type, _type(parameter)
    is_text = kind == "string"
    declared = Declared(kind, choices=_choices(parameter), is_path=word_type.is_path)
    file_format = (comment.format or word_type.format) if is_text else ""
    said = msgspec.structs.replace(comment, role=role if is_text else None, format=file_format)
    return argument_of(parameter.name, default, declared, said, parameter.required)


def _type(parameter: Parameter) -> ValueType:
    if parameter.is_list:
        return "list"
    return "choice" if parameter.choices else parameter.word_type.type


def _choices(parameter: Parameter) -> tuple[Any, ...]:
    return () if parameter.is_list else parameter.choices


def _default(parameter: Parameter) -> tuple[Any, list[Reason]]:
    """Return the program's default if it can be passed as a value, with hints."""
    if parameter.required:
        return msgspec.UNSET, []
    if parameter.computed:
        params = {"name": parameter.shown, "expression": parameter.computed}
        return msgspec.UNSET, [because("default-computed", **params)]
    default = parameter.default
    if default is None or default is msgspec.UNSET:
        return default, []
    # the default as it would be passed in words, if words become the same
    if parameter.is_list:
        items = default if isinstance(default, list) else [msgspec.UNSET]
        passed = [_item(parameter.word_type, item) for item in items]
        fits = msgspec.UNSET not in passed
    else:
        passed = _item(parameter.word_type, default)
        fits = passed is not msgspec.UNSET
    if fits:
        argument = Argument("x", type=_type(parameter), choices=_choices(parameter))
        with suppress(Invalid):
            return check_value(argument, passed), []
    return msgspec.UNSET, [because("default-kept", name=parameter.shown)]


def _item(word_type: WordType, value: Any) -> Any:
    if isinstance(value, FilePath):
        return value if word_type.is_path else msgspec.UNSET
    # only its own type reads the text of a date
    if type(value) is not str and TYPES.get(type(value)) in TEXT_TYPES:
        return value if TYPES[type(value)] == word_type.type else msgspec.UNSET
    # argparse and click convert a default that is a text, as they convert words.
    if isinstance(value, str) and word_type.type in ("int", "float"):
        try:
            return int(value) if word_type.type == "int" else float(value)
        except ValueError:
            return msgspec.UNSET
    fits = isinstance(value, PLAIN[word_type.type]) and not (
        isinstance(value, bool) and word_type.type != "bool"
    )
    return value if fits else msgspec.UNSET


def check_places(parameters: list[Parameter]) -> None:
    """Check that positional words can be assigned to parameters.

    Only parameters that are always passed may follow a positional list of any length.

    Raises:
        UnreadArguments: the words are ambiguous.
    """
    positional = [parameter for parameter in parameters if isinstance(parameter.reach, Positional)]
    for at, first in enumerate(positional):
        loose = [other for other in positional[at + 1 :] if other.is_list or not other.required]
        if first.is_list and loose:
            raise UnreadArguments(
                f"the values of {first.shown} and {loose[0].shown} cannot be distinguished"
            )
