"""Parameters of scripts that use argparse, read from source and never run.

Source: https://docs.python.org/3/library/argparse.html
"""

import ast
import re
from functools import partial
from typing import Any

import msgspec

from nbyard.domain.arguments.bindings import Flag, Option, Positional, Reach, Words
from nbyard.domain.inspection.annotations import enumerations_in
from nbyard.domain.inspection.argparse_walk import follow_parser, is_option
from nbyard.domain.inspection.cli_calls import (
    BUILTIN_TYPES,
    Collected,
    best_option,
    check_count,
    has_type,
    is_path_type,
    opened_file,
    with_choices,
    with_default,
)
from nbyard.domain.inspection.cli_parameters import (
    Declaration,
    Parameter,
    UnreadArguments,
    WordType,
    usual_name,
)
from nbyard.domain.inspection.python_calls import CallArguments, PythonModule, UnknownValue
from nbyard.reasons.structs import because

# fmt: off
KEYWORDS = frozenset({
    "action", "choices", "const", "default", "deprecated", "dest", "help", "metavar", "nargs",
    "required", "type", "version",
})
# fmt: on
NUMBER = re.compile(r"-\d+\Z|-\d*\.\d+\Z")
PLACEHOLDER = re.compile(r"%\(default\)s|%%")
SEVERAL = {
    "argparse.OPTIONAL": "?",
    "argparse.ZERO_OR_MORE": "*",
    "argparse.ONE_OR_MORE": "+",
    "argparse.REMAINDER": "...",
}
STREAMS = ("sys.stdin", "sys.stdout", "sys.stdin.buffer", "sys.stdout.buffer")
PLAIN_TYPES = {
    **BUILTIN_TYPES,
    "open": WordType(is_path=True, role="input"),
    "argparse.FileType": WordType(is_path=True, role="input"),
    "datetime.date.fromisoformat": WordType("date"),
    "datetime.datetime.fromisoformat": WordType("datetime"),
    "datetime.time.fromisoformat": WordType("time"),
}


def read_argparse(source: PythonModule) -> Declaration:
    """Return the parameters of the script's only parser, in the order in which they are added.

    Raises:
        UnreadArguments: there are several parsers, or one that cannot be followed.
    """
    walk = follow_parser(source)
    if walk is None:
        return Declaration()
    collected = Collected(walk.is_open)
    for call, is_exclusive in walk.added:
        named = call.args[-1] if call.args else None
        if not collected.add(call, named, partial(_parameter, source, call, is_exclusive)):
            collected.is_open |= not is_option(call)
    later = walk.defaults
    kept = [
        msgspec.structs.replace(parameter, default=msgspec.UNSET, computed="set_defaults")
        if {parameter.name, "**"} & later
        else parameter
        for parameter in collected.parameters
    ]
    return Declaration(kept, [*collected.hints, *walk.hints()], collected.is_open)


def _parameter(
    source: PythonModule, call: ast.Call, is_exclusive: bool, position: int
) -> Parameter | None:
    """Return the parameter that one `add_argument` adds; None for `--help` and `--version`.

    Raises:
        UnknownValue: the source does not state the parameter explicitly.
    """
    call_arguments = CallArguments(source, call)
    others = set(call_arguments.keywords) - KEYWORDS
    if others:
        raise UnknownValue(f"the keyword {min(others)} belongs to a custom action")
    node = call_arguments.keywords.get("action", ast.Constant("store"))
    is_boolean = source.origin(node).endswith("BooleanOptionalAction")
    try:
        action = "boolean" if is_boolean else str(source.value(node))
    except UnknownValue:
        raise UnknownValue("it has an action of its own") from None
    if action in ("help", "version"):
        return None
    name_or_flags = call_arguments.texts() or [str(call_arguments.value("dest"))]
    if name_or_flags[0].startswith("-"):
        parameter = _option(source, call_arguments, action, name_or_flags)
    elif action != "store":
        raise UnknownValue(f"the action {action} is not supported")
    else:
        reach = Positional(position, separated=True)
        parameter = _with_type(
            source, call_arguments, Parameter(usual_name(name_or_flags[0]), name_or_flags[0], reach)
        )
        several = _nargs(source, call_arguments)
        # In some versions, a `*` with choices cannot be omitted.
        is_needed = several not in ("?", "*") or (
            several == "*" and "choices" in call_arguments.keywords
        )
        parameter = msgspec.structs.replace(parameter, required=is_needed)
    known = "none" if parameter.default in (None, msgspec.UNSET) else str(parameter.default)
    text = PLACEHOLDER.sub(
        lambda match: "%" if match[0] == "%%" else known, call_arguments.text("help")
    )
    parameter = msgspec.structs.replace(parameter, help=text)
    if not is_exclusive:
        return parameter
    # a default would always be passed, and exclude the others
    is_switch = isinstance(parameter.reach, Flag) and "/" not in parameter.reach.flag
    kept = parameter.default if is_switch else msgspec.UNSET
    return msgspec.structs.replace(parameter, default=kept, computed="", is_exclusive=True)


def _option(
    source: PythonModule, call_arguments: CallArguments, action: str, option_strings: list[str]
) -> Parameter:
    for word in option_strings:
        # with such an option, argparse parses -1 as an option, too
        if NUMBER.match(word):
            raise UnreadArguments(f"with the option {word}, numbers cannot be negative")
    long = [word for word in option_strings if word.startswith("--")]
    flag = best_option(option_strings)
    if not flag:
        raise UnknownValue("nbyard cannot use its name")
    own = usual_name(flag.lstrip("-"))
    dest = call_arguments.value("dest") or (long or option_strings)[0].lstrip("-")
    plain = Parameter(
        usual_name(str(dest)), flag, Flag(flag), required=bool(call_arguments.value("required"))
    )
    if action in ("store_true", "store_false", "store_const"):
        # With `store_false`, `--quiet` clears `verbose`: the argument has the name of its option.
        name = plain.name if action == "store_true" else own
        if action == "store_true" and call_arguments.value("default"):
            raise UnknownValue("setting it has no effect")
        return msgspec.structs.replace(plain, name=name, word_type=WordType("bool"), default=False)
    if action == "boolean":
        both = Flag(f"{flag}/--no-{flag[2:]}") if flag.startswith("--") else plain.reach
        parameter = msgspec.structs.replace(plain, reach=both, word_type=WordType("bool"))
        return _with_default(source, call_arguments, parameter)
    if action == "count":
        check_count(call_arguments)
        return msgspec.structs.replace(
            plain, word_type=WordType("int"), default=call_arguments.value("default")
        )
    return _with_value(source, call_arguments, action, plain)


def _with_value(
    source: PythonModule, call_arguments: CallArguments, action: str, plain: Parameter
) -> Parameter:
    if action not in ("store", "append", "extend"):
        raise UnknownValue(f"the action {action} is not supported")
    several = _nargs(source, call_arguments)
    if action == "append" and several is not None:
        raise UnknownValue("its value is a list of lists")
    if action == "extend" and several in (None, "?"):
        raise UnknownValue("it splits its value into single letters")
    is_list = action == "append" or several not in (None, "?")
    reach: Reach = Option(plain.shown)
    if is_list and action != "append":
        reach = Words(plain.shown)
    parameter = _with_type(source, call_arguments, msgspec.structs.replace(plain, reach=reach))
    parameter = msgspec.structs.replace(parameter, is_list=is_list)
    if action != "store" and parameter.default:  # values are appended to the default
        parameter = msgspec.structs.replace(parameter, default=msgspec.UNSET, computed="")
    return parameter


def _with_type(source: PythonModule, call_arguments: CallArguments, plain: Parameter) -> Parameter:
    """Add type, choices and default."""
    node = call_arguments.keywords.get("type", ast.Constant(None))
    origin = source.origin(node)
    if not has_type(node):
        word_type = WordType()
    elif isinstance(node, ast.Call) and source.origin(node.func) == "argparse.FileType":
        word_type = opened_file(source, node)
    elif is_path_type(origin):
        word_type = WordType(is_path=True)
    elif "bool" in origin.lower() and origin != "bool":  # str2bool and its like
        word_type = WordType("bool")
    else:  # the result of unknown functions counts as text
        word_type = PLAIN_TYPES.get(origin, WordType())
    is_list = _nargs(source, call_arguments) not in (None, "?")
    parameter = msgspec.structs.replace(plain, word_type=word_type, is_list=is_list)
    if origin == "bool":
        note = because("type-bool", name=plain.shown)
        # the only texts whose result is the declared one
        parameter = msgspec.structs.replace(parameter, note=note, choices=("true", ""))
        parameter = _with_default(source, call_arguments, parameter)
        kept = msgspec.UNSET if parameter.default is None else parameter.default
        return msgspec.structs.replace(parameter, default=kept)
    if members := enumerations_in(source.tree.body).get(origin):
        # argparse calls the class with a text, which is a member's value
        values = tuple(value for value in members.choice_values if isinstance(value, str))
        return _with_default(
            source, call_arguments, msgspec.structs.replace(parameter, choices=values)
        )
    return _with_default(source, call_arguments, with_choices(parameter, call_arguments))


def _nargs(source: PythonModule, call_arguments: CallArguments) -> Any:
    """Return the `nargs` of a parameter: a number, a symbol such as `*`, or None.

    Raises:
        UnknownValue: the parameter takes the rest of the command line.
    """
    node = call_arguments.keywords.get("nargs")
    if node is None:
        return None
    nargs = SEVERAL.get(source.origin(node)) or source.value(node)
    if nargs in ("...", "A..."):
        raise UnknownValue("it consumes the rest of the command line")
    return nargs


def _with_default(
    source: PythonModule, call_arguments: CallArguments, plain: Parameter
) -> Parameter:
    node = call_arguments.keywords.get("default")
    if node is None:
        return plain
    if source.origin(node) in (*STREAMS, "argparse.SUPPRESS"):
        return msgspec.structs.replace(plain, default=msgspec.UNSET)
    return with_default(plain, call_arguments)
