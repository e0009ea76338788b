"""Variables of a script that hold the command line as argparse parsed it."""

import ast
from collections.abc import Callable, Collection, Mapping, Sequence

from nbyard.domain.inspection.argparse_walk import ADD, PARSER, follow_parser
from nbyard.domain.inspection.cli_parameters import UnreadArguments
from nbyard.domain.inspection.python_calls import PythonModule

PARSE = "parse_args"
_ACTIONS = "count help store store_const store_false store_true version"
ACTIONS = frozenset(_ACTIONS.split())
BOOLEAN = "argparse.BooleanOptionalAction"
# types that keep the word, or open the file of that name
TYPES = frozenset({"argparse.FileType", "bool", "float", "int", "open", "pathlib.Path", "str"})
# keywords that are neither in the values of options nor change them
SHOWN = frozenset({"choices", "deprecated", "dest", "help", "metavar", "required"})
# a value of another kind may be a list, which the script may extend
VALUES = (ast.Call, ast.Constant, ast.JoinedStr, ast.UnaryOp)
Bindings = Mapping[str, Sequence[ast.expr | None]]


def parsed_options(
    tree: ast.Module,
    bound: Bindings,
    shown: Collection[int],
    is_known: Callable[[ast.expr], bool],
) -> set[str]:
    """Return variables such as `options` of `options = parser.parse_args()`.

    Each attribute of such a variable is a word of the command line, or a default that `is_known`.
    `bound` has the expressions bound to each name, `shown` the IDs of nodes that are only shown.
    Without certainty, the result is empty.
    """
    source = PythonModule(tree)
    try:
        walk = follow_parser(source)
    except UnreadArguments:
        return set()
    # Other code with the parser, or `set_defaults`, may set values that are not words.
    if walk is None or walk.given_away or walk.defaults:
        return set()
    nodes = source.nodes
    names = [node for node in nodes if isinstance(node, ast.Name)]
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    added = [node for node in nodes if isinstance(node, ast.Call) and _method(node) == ADD]
    keywords = [keyword for call in added for keyword in call.keywords]
    if not all(_keeps_word(source, keyword.arg, keyword.value, is_known) for keyword in keywords):
        return set()
    own = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    if TYPES & own.union(node.id for node in names if isinstance(node.ctx, ast.Store)):
        return set()  # such a type is not Python's
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module == "sys"]
    imported = {alias.name for node in imports for alias in node.names}
    if "*" in imported or "argv" in imported.union(node.attr for node in attributes):
        return set()  # the script may change the words before it parses them
    public = [node for node in attributes if not node.attr.startswith("_")]
    read = {id(node.value) for node in public if isinstance(node.ctx, ast.Load)}
    # names that are used in another way may be changed there
    used = [node for node in names if isinstance(node.ctx, ast.Load) and id(node) not in read]
    changeable = {node.id for node in used if id(node) not in shown}
    return {
        name
        for name, values in bound.items()
        if len(values) == 1 and name not in changeable and _is_parsed(source, bound, values[0])
    }


def _keeps_word(
    source: PythonModule, name: str | None, value: ast.expr, is_known: Callable[[ast.expr], bool]
) -> bool:
    """Return whether an argument is one word or constant that the script cannot change."""
    if name == "type":
        return source.origin(value.func if isinstance(value, ast.Call) else value) in TYPES
    constant = value.value if isinstance(value, ast.Constant) else ""
    if name == "action":
        return constant in ACTIONS or source.origin(value) == BOOLEAN
    if name in ("const", "default"):
        return isinstance(value, VALUES) and is_known(value)
    return name in SHOWN or (name == "nargs" and constant == "?")


def _is_parsed(source: PythonModule, bound: Bindings, value: ast.expr | None) -> bool:
    """Return whether a value is the command line, parsed by the only parser."""
    if not isinstance(value, ast.Call) or _method(value) != PARSE or value.args or value.keywords:
        return False
    assert isinstance(value.func, ast.Attribute)
    parser: ast.expr | None = value.func.value
    if isinstance(parser, ast.Name):
        parsers = bound.get(parser.id, ())
        parser = parsers[0] if len(parsers) == 1 else None
    return isinstance(parser, ast.Call) and source.origin(parser.func) == PARSER


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""
