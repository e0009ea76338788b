"""Follows the argparse parser of a script through its source.

Source: https://docs.python.org/3/library/argparse.html
"""

import ast
from collections.abc import Callable, Iterator, Sequence

from nbyard.domain.inspection.cli_parameters import UnreadArguments
from nbyard.domain.inspection.python_calls import PythonModule, expression_text
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
