"""Parameters of scripts with one click command, read from source and never run.

Source: https://click.palletsprojects.com/en/stable/api/
"""

import ast
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec

from nbyard.domain.arguments.bindings import Flag, Option, Positional, Reach, Words
from nbyard.domain.arguments.structs import Role
from nbyard.domain.inspection.annotations import enumerations_in
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
from nbyard.domain.inspection.heuristics import guess_role
from nbyard.domain.inspection.python_calls import (
    CallArguments,
    PythonModule,
    UnknownValue,
    expression_text,
)
from nbyard.reasons.structs import because

COMMAND, OPTIONS, ARGUMENT = "click.command", "click.option", "click.argument"
# Packages with the same API under another name.
TWINS = ("rich_click.", "asyncclick.")
GROUPS = ("click.group", "click.Group", "click.CommandCollection", "click.MultiCommand")
# fmt: off
SILENT = frozenset({
    "click.help_option", "click.pass_context", "click.pass_obj", "click.version_option",
})
# Keywords of a command that do not affect the parsing of words.
HARMLESS = frozenset({
    "add_help_option", "deprecated", "epilog", "help", "hidden", "name", "no_args_is_help",
    "options_metavar", "short_help",
})
SETTINGS = frozenset({
    "help_option_names", "max_content_width", "show_default", "terminal_width",
})
KEYWORDS = frozenset({
    "allow_from_autoenv", "callback", "confirmation_prompt", "count", "default", "deprecated",
    "envvar", "expose_value", "flag_value", "help", "hidden", "hide_input", "is_eager", "is_flag",
    "metavar", "multiple", "nargs", "prompt", "prompt_required", "required", "shell_complete",
    "show_choices", "show_default", "show_envvar", "type",
})
# fmt: on
TYPES = {
    **BUILTIN_TYPES,
    "click.STRING": WordType(),
    **dict.fromkeys(("click.INT", "click.IntRange"), WordType("int")),
    **dict.fromkeys(("click.FLOAT", "click.FloatRange"), WordType("float")),
    **dict.fromkeys(("bool", "click.BOOL"), WordType("bool")),
}
INFERRED: dict[type, WordType] = {
    bool: WordType("bool"),
    int: WordType("int"),
    float: WordType("float"),
}
Definition = ast.FunctionDef | ast.AsyncFunctionDef


def read_click(source: PythonModule) -> Declaration:
    """Return the parameters of the script's only command, in the order of its decorators.

    Raises:
        UnreadArguments: there are several commands, or one that cannot be followed.
    """
    command = _command(source)
    if command is None:
        return Declaration()
    collected = Collected()
    for decorator in _decorators(source, command):
        call = _resolved(source, decorator)
        origin = _origin(source, call.func if isinstance(call, ast.Call) else call)
        if origin in SILENT:
            continue
        if not isinstance(call, ast.Call) or origin not in (OPTIONS, ARGUMENT):
            hint = because("arguments-of-decorator-unread", name=expression_text(decorator))
            collected.hints.append(hint)
            collected.is_open = True
            continue
        named = call.args[0] if call.args else None
        if not collected.add(call, named, partial(_parameter, source, call, origin == ARGUMENT)):
            collected.is_open |= origin == ARGUMENT
    return Declaration(collected.parameters, collected.hints, collected.is_open, in_turn=True)


def names_of(source: PythonModule) -> Callable[[ast.expr], str]:
    """Return a function that maps an expression to a parameter name.

    It returns an empty text for expressions outside the command's function.
    """
    command = _command(source)
    inside = {id(node) for node in ast.walk(command)} if command is not None else set()

    def name_of(node: ast.expr) -> str:
        return node.id if isinstance(node, ast.Name) and id(node) in inside else ""

    return name_of


def _origin(source: PythonModule, node: ast.expr) -> str:
    origin = source.origin(node)
    for twin in TWINS:
        if origin.startswith(twin):
            return "click." + origin.removeprefix(twin)
    return origin


def _called(source: PythonModule, node: ast.expr) -> str:
    return _origin(source, node.func if isinstance(node, ast.Call) else node)


def _command(source: PythonModule) -> Definition | None:
    commands = [
        node
        for node in source.nodes
        if isinstance(node, Definition)
        and any(_called(source, decorator) == COMMAND for decorator in node.decorator_list)
    ]
    definitions = (node for node in source.nodes if isinstance(node, Definition))
    others = {
        _called(source, decorator) for node in definitions for decorator in node.decorator_list
    }
    made = {_origin(source, call.func) for call in source.calls()}
    last_parts = {name.rpartition(".")[2] for name in others if name != COMMAND}
    has_subcommands = bool({"command", "group"} & last_parts) or any(
        name.endswith((".add_command", ".set_default_command")) for name in made
    )
    if (others | made) & set(GROUPS) or (commands and has_subcommands):
        raise UnreadArguments("the script has subcommands")
    if len(commands) > 1:
        raise UnreadArguments("the script has several commands")
    return commands[0] if commands else None


def _decorators(source: PythonModule, command: Definition) -> Iterator[ast.expr]:
    """Return the decorators that may declare parameters, in the order of the parameters."""
    decorators = command.decorator_list
    at = next(i for i, decorator in enumerate(decorators) if _called(source, decorator) == COMMAND)
    if at and any(
        _called(source, decorator) in (OPTIONS, ARGUMENT) for decorator in decorators[:at]
    ):
        raise UnreadArguments("parameters are declared above the command")
    made = decorators[at]
    if isinstance(made, ast.Call):
        others = {keyword.arg or "**" for keyword in made.keywords} - HARMLESS
        settings = [keyword.value for keyword in made.keywords if keyword.arg == "context_settings"]
        # `{"name": …}` or `dict(name=…)`
        match [_resolved(source, setting) for setting in settings[:1]]:
            case [ast.Dict(keys=keys)]:
                names = {str(k.value) if isinstance(k, ast.Constant) else "**" for k in keys}
            case [ast.Call(args=[], keywords=keywords)]:
                names = {keyword.arg or "**" for keyword in keywords}
            case _:
                names = {"**"}
        if names <= SETTINGS:
            others -= {"context_settings"}
        if others:
            raise UnreadArguments(f"{min(others)} of the command may change how arguments are read")
    return iter(decorators[at + 1 :])


def _resolved(source: PythonModule, node: ast.expr) -> ast.expr:
    """Return the expression of a decorator, also if the file assigned it to a name before."""
    return source.assigned.get(node.id, node) if isinstance(node, ast.Name) else node


def _parameter(source: PythonModule, call: ast.Call, is_argument: bool, position: int) -> Parameter:
    """Return the parameter that one decorator declares.

    Raises:
        UnknownValue: the source does not state the parameter explicitly.
    """
    call_arguments = CallArguments(source, call)
    others = set(call_arguments.keywords) - KEYWORDS
    if others:
        raise UnknownValue(f"the keyword {min(others)} is not supported")
    declarations = call_arguments.texts()
    if not declarations:
        raise UnknownValue("it has no name")
    if not is_argument:
        return _option(source, call_arguments, declarations)
    nargs = call_arguments.value("nargs")
    is_list = nargs not in (None, 1)
    has_default = "default" in call_arguments.keywords
    # click requires an argument unless it has a default or takes any number of words.
    required = bool(call_arguments.value("required", not has_default and nargs != -1))
    name = usual_name(declarations[0].replace("-", "_").lower())
    plain = Parameter(name, declarations[0], Positional(position, separated=True), is_list=is_list)
    parameter = _with_type(
        source, call_arguments, msgspec.structs.replace(plain, help=call_arguments.text("help"))
    )
    return msgspec.structs.replace(parameter, required=required)


def _option(
    source: PythonModule, call_arguments: CallArguments, declarations: list[str]
) -> Parameter:
    # A word without dashes names the parameter: `@click.option("-n", "count")`.
    names = [word for word in declarations if word.isidentifier()]
    # a flag may have two words: `--on/--off`
    pairs = [
        word.partition(";" if word.startswith("/") else "/")
        for word in declarations
        if not word.isidentifier()
    ]
    firsts = [first.rstrip() for first, _, _ in pairs]
    on = best_option(firsts)
    off = best_option([second.lstrip() for _, _, second in pairs])
    if not on:
        raise UnknownValue("nbyard cannot use its name")
    # as in click, the option with the most dashes names the parameter
    first = max(firsts, key=lambda flag: len(flag) - len(flag.lstrip("-")))
    name = usual_name(names[0] if names else first.lstrip("-").replace("-", "_").lower())
    plain = Parameter(name, on, Option(on), required=bool(call_arguments.value("required")))
    plain = msgspec.structs.replace(plain, help=call_arguments.text("help"))
    if call_arguments.value("count"):
        check_count(call_arguments)
        return msgspec.structs.replace(plain, reach=Flag(on), word_type=WordType("int"), default=0)
    is_switch = "flag_value" in call_arguments.keywords and "is_flag" not in call_arguments.keywords
    if off or call_arguments.value("is_flag") or is_switch:
        return _flag(call_arguments, plain, off)
    is_many = call_arguments.value("nargs", 1) != 1 or isinstance(
        call_arguments.keywords.get("type"), ast.Tuple
    )
    if is_many and call_arguments.value("multiple"):
        raise UnknownValue("its value is a list of lists")
    reach: Reach = Words(on) if is_many else plain.reach
    is_list = is_many or bool(call_arguments.value("multiple"))
    plain = msgspec.structs.replace(plain, reach=reach, is_list=is_list)
    parameter = _with_type(source, call_arguments, plain)
    # no user can answer a prompt
    if call_arguments.value("prompt") and parameter.default in (None, msgspec.UNSET):
        return msgspec.structs.replace(parameter, required=True)
    return parameter


def _flag(call_arguments: CallArguments, plain: Parameter, off: str) -> Parameter:
    parameter = msgspec.structs.replace(plain, word_type=WordType("bool"), default=False)
    if "flag_value" in call_arguments.keywords:  # one of several words for one parameter
        own = usual_name(plain.shown.lstrip("-"))
        return msgspec.structs.replace(parameter, name=own, reach=Flag(plain.shown))
    if off:
        both = Flag(f"{plain.shown}/{off}")
        return with_default(msgspec.structs.replace(parameter, reach=both), call_arguments)
    if call_arguments.value("default"):
        raise UnknownValue("it is true by default")
    return msgspec.structs.replace(parameter, reach=Flag(plain.shown))


def _with_type(source: PythonModule, call_arguments: CallArguments, plain: Parameter) -> Parameter:
    parameter = with_default(plain, call_arguments)
    node = call_arguments.keywords.get("type")
    if not has_type(node):
        # click infers the type from the default
        default: Any = parameter.default
        if parameter.is_list:
            default = default[0] if isinstance(default, list) and default else None
        return msgspec.structs.replace(parameter, word_type=INFERRED.get(type(default), WordType()))
    if _called(source, node) == "click.Choice" and isinstance(node, ast.Call):
        of_choice = CallArguments(source, node)
        named = node.args[0] if node.args else of_choice.keywords.get("choices")
        if members := enumerations_in(source.tree.body).get(getattr(named, "id", "")):
            return msgspec.structs.replace(parameter, choices=members.choices)
        if node.args:
            of_choice.keywords["choices"] = node.args[0]
        return with_choices(parameter, of_choice)
    if isinstance(node, ast.Tuple):
        types = {_word_type(source, element, parameter.name) for element in node.elts}
        if len(types) == 1:
            return msgspec.structs.replace(parameter, word_type=types.pop())
        # the default would not fit all items
        return msgspec.structs.replace(parameter, default=msgspec.UNSET)
    return msgspec.structs.replace(parameter, word_type=_word_type(source, node, parameter.name))


def _word_type(source: PythonModule, node: ast.expr, name: str) -> WordType:
    """Return what a word is converted to. The result of unknown functions counts as text.

    A path that must exist is an input. A folder that must exist is an input unless its name
    says otherwise.
    """
    origin = _called(source, node)
    if origin == "click.File":
        if isinstance(node, ast.Call):
            return opened_file(source, node)
        return WordType(is_path=True, role="input")
    if origin == "click.Path" and isinstance(node, ast.Call):
        call_arguments = CallArguments(source, node)
        is_folder = not call_arguments.value("file_okay", True)
        exists = bool(call_arguments.value("exists"))
        role: Role | None = None
        if exists and not (is_folder and guess_role(name, None, False, True).role == "output"):
            role = "input"
        elif call_arguments.value("writable") and not exists:
            role = "output"
        return WordType(is_path=True, role=role, format="folder" if is_folder else "")
    if origin == "click.Path" or is_path_type(origin):
        return WordType(is_path=True)
    # with own formats, its words have another form
    if origin == "click.DateTime":
        return WordType(
            "string" if isinstance(node, ast.Call) and node.args + node.keywords else "datetime"
        )
    return TYPES.get(origin, WordType())
