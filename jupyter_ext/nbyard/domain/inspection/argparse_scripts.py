"""Parameters of scripts that use argparse, read from source and never run.

A walk over the source follows the parsers, from function to function.
Source: https://docs.python.org/3/library/argparse.html
"""

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import msgspec

from nbyard.domain.arguments.bindings import Flag, Option, Positional, Reach, Words
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
from nbyard.domain.inspection.python_calls import (
    CallArguments,
    PythonModule,
    UnknownValue,
    expression_text,
)
from nbyard.reasons.structs import Reason, because

NAME = "ArgumentParser"
PARSER = f"argparse.{NAME}"
GROUP, EXCLUSIVE, ADD = "add_argument_group", "add_mutually_exclusive_group", "add_argument"
PARSES = frozenset(
    {"parse_args", "parse_known_args", "parse_intermixed_args", "parse_known_intermixed_args"}
)
# Keywords of a parser that affect neither its arguments nor the parsing of words.
# fmt: off
HARMLESS = frozenset({
    "add_help", "allow_abbrev", "color", "description", "epilog", "exit_on_error",
    "formatter_class", "prog", "suggest_on_error", "usage",
})
# fmt: on
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# Parts of these expressions may be evaluated never or repeatedly.
LOOSE = (
    *(ast.IfExp, ast.BoolOp, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)
BRANCHES = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.Match, ast.ClassDef, *FUNCTIONS)
MAIN = ("__name__ == '__main__'", "'__main__' == __name__")
# `argcomplete.autocomplete(parser)` and `print(parser)` add no arguments.
HARMLESS_CALLS = ("autocomplete", "print")
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


class ParserWalk:
    """Follows the parser and its groups through statements that always run, in order.

    `added` has each call that adds an argument, and whether it is in an exclusive group.
    `given_away` has the calls that pass the parser to other code, which may add more.
    """

    def __init__(self, source: PythonModule):
        self.added: list[tuple[ast.Call, bool]] = []
        self.given_away: list[ast.Call] = []
        self._source = source
        self._held: dict[str, str] = {}
        self._seen: set[int] = set()

    def block(self, statements: Sequence[ast.stmt]) -> None:
        """Follow statements that always run."""
        for statement in statements:
            is_main = isinstance(statement, ast.If) and ast.unparse(statement.test) in MAIN
            if isinstance(statement, ast.With | ast.Try) or is_main:
                self.block(statement.body)  # type: ignore[attr-defined]
            elif not isinstance(statement, BRANCHES):
                self._simple(statement)

    def _simple(self, statement: ast.stmt) -> None:
        calls = [node for node in _always(statement) if isinstance(node, ast.Call)]
        # inner calls end first, as they are evaluated first
        for call in sorted(calls, key=lambda call: (call.end_lineno, call.end_col_offset)):
            self._call(call)
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            kind = self._kind(statement.value)
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            self._held |= {ast.unparse(target): kind for target in targets}

    def _call(self, call: ast.Call) -> None:
        kind = self._kind(call.func.value) if isinstance(call.func, ast.Attribute) else ""
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if kind and method == ADD:
            self._seen.add(id(call.func))
            self.added.append((call, kind == EXCLUSIVE))
        given = [at for at, word in enumerate(call.args) if self._kind(word)]
        named = [str(keyword.arg) for keyword in call.keywords if self._kind(keyword.value)]
        if (given or named) and not self._is_seen_through(call, given, named):
            self.given_away.append(call)

    def _is_seen_through(self, call: ast.Call, given: list[int], named: list[str]) -> bool:
        """Return whether the called function adds arguments to the parser only in this file."""
        name = expression_text(call.func)
        is_method = name.startswith(("self.", "cls."))
        last = name.rpartition(".")[2] if is_method else name
        for node in self._source.nodes:
            if isinstance(node, FUNCTIONS) and node.name == last:
                # The first parameter of a method is its object, which calls do not pass.
                known = [argument.arg for argument in node.args.args][is_method:]
                taken = {*named, *(known[at] for at in given if at < len(known))}
                inner = [node for node in ast.walk(node) if isinstance(node, ast.Call)]
                passed = [word for each in inner for word in each.args]
                passed += [keyword.value for each in inner for keyword in each.keywords]
                return not any(isinstance(word, ast.Name) and word.id in taken for word in passed)
        return name.rpartition(".")[2] in HARMLESS_CALLS

    def _kind(self, node: ast.expr) -> str:
        """Return which argparse object an expression is."""
        if not isinstance(node, ast.Call):
            return self._held.get(ast.unparse(node), "")
        if self._source.origin(node.func) == PARSER:
            return PARSER
        if isinstance(node.func, ast.Attribute) and node.func.attr in (GROUP, EXCLUSIVE):
            kind = self._kind(node.func.value)
            return EXCLUSIVE if EXCLUSIVE in (kind, node.func.attr) else kind
        return ""

    @property
    def missed(self) -> list[ast.Attribute]:
        """Return the uses of `add_argument` that were not followed."""
        methods = (node for node in self._source.nodes if isinstance(node, ast.Attribute))
        unseen = [
            method for method in methods if method.attr == ADD and id(method) not in self._seen
        ]
        return sorted(unseen, key=lambda method: method.lineno)

    @property
    def is_open(self) -> bool:
        """Return whether unknown positional arguments may be added."""
        options = {id(call.func) for call in self._source.calls() if is_option(call)}
        return bool(self.given_away) or not {id(method) for method in self.missed} <= options

    @property
    def defaults(self) -> set[str]:
        """Return the names whose default `set_defaults` changes, `**` for all."""
        calls = (call for call in self._source.calls() if isinstance(call.func, ast.Attribute))
        later = [call for call in calls if ast.unparse(call.func).endswith(".set_defaults")]
        return {keyword.arg or "**" for call in later for keyword in call.keywords}

    def hints(self) -> list[Reason]:
        """Return hints about arguments that were not followed."""
        hints = []
        if self.missed:
            lines = [method.lineno for method in self.missed]
            hints.append(because("loose-arguments-unread", lines=lines))
        for call in self.given_away:
            params = {"name": expression_text(call.func), "line": call.lineno}
            hints.append(because("arguments-of-call-unread", **params))
        return hints


def follow_parser(source: PythonModule) -> ParserWalk | None:
    """Return the walk over the script's parser; None if there is no parser.

    Raises:
        UnreadArguments: there are several parsers, or one that cannot be followed.
    """
    made = [call for call in source.calls() if source.origin(call.func).endswith(NAME)]
    parsers = [call for call in made if source.origin(call.func) == PARSER]
    if len(made) > len(parsers):
        raise UnreadArguments("the script has an ArgumentParser that is not from argparse")
    if len(parsers) > 1:
        raise UnreadArguments("the script has several parsers")
    others = {keyword.arg or "**" for call in parsers for keyword in call.keywords} - HARMLESS
    if others:
        raise UnreadArguments(f"the keyword {min(others)} of the parser may change its arguments")
    classes = (node for node in source.nodes if isinstance(node, ast.ClassDef))
    if any(source.origin(base) == PARSER for class_node in classes for base in class_node.bases):
        raise UnreadArguments("the script defines its own parser class")
    if not parsers:
        return None
    for call in source.calls():
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if method == "add_subparsers":
            raise UnreadArguments("the script has subcommands")
        given = [*call.args, *(k.value for k in call.keywords if k.arg == "args")]
        match given[0] if method in PARSES and given else None:
            # `["--x", "1"]` or `"--x 1".split()`
            case ast.List() | ast.Tuple() | ast.Call(func=ast.Attribute(value=ast.Constant())):
                raise UnreadArguments(
                    f"line {call.lineno} parses a fixed list instead of the command line"
                )
    # The scope of the parser is the innermost function that creates it, or the module.
    functions = [
        node
        for node in source.nodes
        if isinstance(node, FUNCTIONS) and any(inner is parsers[0] for inner in ast.walk(node))
    ]
    walk = ParserWalk(source)
    walk.block(functions[-1].body if functions else source.tree.body)
    return walk


def name_in(source: PythonModule) -> Callable[[ast.expr], str]:
    """Return a function that maps an expression to a parsed name.

    It returns `alpha` for `args.alpha`, and an empty text for other expressions.
    """
    results = set()
    for node in source.nodes:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            method = node.value.func.attr if isinstance(node.value.func, ast.Attribute) else ""
            target = node.targets[0]
            first = target.elts[0] if isinstance(target, ast.Tuple) and target.elts else target
            if method in PARSES:
                results.add(ast.unparse(first))

    def name_of(node: ast.expr) -> str:
        is_parsed = isinstance(node, ast.Attribute) and ast.unparse(node.value) in results
        return node.attr if is_parsed else ""  # type: ignore[attr-defined]

    return name_of


def _always(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes inside that are evaluated exactly once."""
    yield node
    if not isinstance(node, LOOSE):
        for inner in ast.iter_child_nodes(node):
            yield from _always(inner)


def is_option(call: ast.Call) -> bool:
    """Return whether an unread call adds options only."""
    return bool(call.args) and all(_beginning(arg).startswith("-") for arg in call.args)


def _beginning(node: ast.expr) -> str:
    """Return the constant text at the start of an expression."""
    if isinstance(node, ast.BinOp):
        return _beginning(node.left)
    if isinstance(node, ast.JoinedStr) and node.values:
        return _beginning(node.values[0])
    return str(node.value) if isinstance(node, ast.Constant) else ""


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
    """Return the `nargs` of a parameter: a number, a symbol such as `*`, or None."""
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
