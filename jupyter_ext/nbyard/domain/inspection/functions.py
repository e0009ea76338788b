"""Functions of Python files as executables, named `steps.py::clean`: read and never run."""

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from nbyard.domain.arguments.structs import Argument, Role, is_name
from nbyard.domain.inspection.annotations import (
    Declared,
    declared_type,
    enumerations_in,
    imported_member,
    members_of,
)
from nbyard.domain.inspection.build_argument import argument_of, fit_default
from nbyard.domain.inspection.constant_expressions import FilePath, NotConstant, evaluate_constant
from nbyard.domain.inspection.heuristics import Comment, guess_role
from nbyard.domain.inspection.python_calls import parse_python
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, because

SEPARATOR = "::"
SPELLING = re.compile(r"(?P<file>.+\.py)::(?P<function>\w*)\Z", re.IGNORECASE | re.DOTALL)
MARK = "executable"
RESULT = "result"
FORMATS = {
    **{"str": "txt", "bytes": "", "bytearray": ""},
    **{"DataFrame": "parquet", "Table": "parquet", "ndarray": "npy", "Figure": "png"},
}
DATA = ("DataFrame", "Table", "ndarray")
MAX_LISTED = 10
Definition = ast.FunctionDef | ast.AsyncFunctionDef
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


class FunctionPath(NamedTuple):
    """A file and an optional function. `function` is empty if the path names a whole file."""

    file: str
    function: str


def split_function_path(path: str) -> FunctionPath:
    """Split a path into file and function."""
    match = SPELLING.match(path)
    return FunctionPath(match["file"], match["function"]) if match else FunctionPath(path, "")


def is_function(path: str) -> bool:
    """Return whether a path names a function of a file."""
    return SPELLING.match(path) is not None


class Signature(msgspec.Struct, frozen=True):
    """The arguments of a function. `hints` are for users."""

    arguments: list[Argument]
    hints: list[Reason]


def read_function(content: bytes, name: str) -> Signature:
    """Return the arguments of a function, named like `steps.py::clean`.

    A parameter annotated as a path is an input file, or an output if its name indicates that.
    All others are values. The return value is an output.

    Raises:
        Invalid: the file is not valid Python, or has no such function at its top level.
    """
    file, function = split_function_path(name)
    tree = parse_python(content, file)
    # the last definition of a name is the effective one
    definitions = {node.name: node for node in tree.body if isinstance(node, Definition)}
    definition = definitions.get(function)
    if definition is None:
        shown, known = repr(function[:80]), list(definitions)[:MAX_LISTED]
        if not known:
            raise Invalid.field(file, f"has no function {shown}; it has no functions")
        raise Invalid.field(file, f"has no function {shown}; it has: {', '.join(known)}")
    if isinstance(definition, ast.AsyncFunctionDef):
        raise Invalid.field(file, f"{function} is asynchronous; only plain functions are called")
    if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in _own_nodes(definition)):
        raise Invalid.field(file, f"{function} is a generator; only plain functions are called")
    return _Reader(_constants(tree), definition, enumerations_in(tree.body)).read()


def _constants(tree: ast.Module) -> dict[str, Any]:
    """Return the values of the file's plain constants, which defaults may use."""
    constants: dict[str, Any] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    # a later assignment replaces the constant
                    constants.pop(target.id, None)
                    constants |= _evaluated(target.id, statement.value, constants)
    return constants


def _evaluated(name: str, node: ast.expr, names: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {name: evaluate_constant(node, names)}
    except (NotConstant, RecursionError):
        return {}


def _own_nodes(definition: Definition) -> Iterator[ast.AST]:
    """Yield the nodes of the function itself, without nested functions."""
    todo: list[ast.AST] = list(definition.body)
    while todo:
        node = todo.pop()
        yield node
        # A `yield` or `return` in a nested function does not belong to this one.
        if not isinstance(node, SCOPES):
            todo += ast.iter_child_nodes(node)


class _Reader:
    def __init__(
        self,
        constants: Mapping[str, Any],
        definition: ast.FunctionDef,
        enumerations: Mapping[str, Declared],
    ):
        self._constants = {**constants, **members_of(enumerations)}
        self._enumerations = enumerations
        self._definition = definition
        self._arguments: list[Argument] = []
        self._hints: list[Reason] = []

    def read(self) -> Signature:
        returns = self._returns()
        given = self._definition.args
        plain = [*given.posonlyargs, *given.args]
        # only the last plain parameters have defaults
        defaults: list[ast.expr | None] = [None] * (len(plain) - len(given.defaults))
        defaults += [*given.defaults, *given.kw_defaults]
        for parameter, default in zip([*plain, *given.kwonlyargs], defaults, strict=True):
            if is_name(parameter.arg):
                self._add(parameter.arg, parameter.annotation, default, returns)
            else:
                self._hints.append(because("argument-name-unfit", name=repr(parameter.arg[:60])))
        for extra in (given.vararg, given.kwarg):
            if extra is not None:
                self._hints.append(because("variadic-unused", name=extra.arg))
        taken = {argument.name for argument in self._arguments}
        self._arguments += [
            Argument(name, role="output", format=file_format)
            for name, file_format in returns.items()
            if name not in taken
        ]
        return Signature(self._arguments, self._hints)

    def _add(
        self,
        name: str,
        annotation: ast.expr | None,
        node: ast.expr | None,
        returns: Mapping[str, str],
    ) -> None:
        declared, value = declared_type(annotation, self._enumerations), msgspec.UNSET
        if name in returns and declared.type not in ("", "string"):
            raise self._refusal(
                self._definition,
                f"the output {name} has the name of a parameter that is not a path",
            )
        if node is not None:
            member = imported_member(annotation, node) if annotation else ""
            default = ast.Constant(member) if member and not declared.type else node
            value = _evaluated(name, default, self._constants).get(name, msgspec.UNSET)
        role: Role = "value"
        if name in returns:
            role = "output"
        elif annotation is not None and _last_name(annotation) in DATA:
            role = "input"
        elif declared.is_path or isinstance(value, FilePath):
            text = str(value) if isinstance(value, str) else None
            is_output = guess_role(name, text, False, True).role == "output"
            role = "output" if is_output else "input"
        comment = Comment(role=role, format=returns.get(name, ""))
        argument, problem = fit_default(
            argument_of(name, value, declared, comment, node is None), value
        )
        if argument.role == "output":
            argument = msgspec.structs.replace(argument, required=False)
        if problem:
            self._hints.append(problem)
        self._arguments.append(argument)

    def _returns(self) -> dict[str, str]:
        """Return the formats of the outputs by name."""
        for decorator in self._definition.decorator_list:
            outputs = self._declared_outputs(decorator)
            if outputs is not None:
                return outputs
        annotation = self._definition.returns
        if annotation is None:
            return {RESULT: "json"} if self._returns_value() else {}
        if isinstance(annotation, ast.Constant) and annotation.value is None:
            return {}
        is_path = declared_type(annotation).is_path
        return {RESULT: "" if is_path else FORMATS.get(_last_name(annotation), "json")}

    def _declared_outputs(self, decorator: ast.expr) -> dict[str, str] | None:
        """Return the formats of the outputs in `@nbyard.executable(outputs={…})`, by name.

        None means that the decorator declares none. Computed outputs are refused.
        """
        if not isinstance(decorator, ast.Call) or _last_name(decorator.func) != MARK:
            return None
        for keyword in decorator.keywords:
            if keyword.arg == "outputs":
                outputs = _evaluated("", keyword.value, self._constants).get("")
                if isinstance(outputs, dict) and all(
                    is_name(name) and isinstance(file_format, str)
                    for name, file_format in outputs.items()
                ):
                    return dict(outputs)
                raise self._refusal(
                    decorator,
                    "outputs of executable() must be a plain dictionary of names and formats, not"
                    " computed",
                )
        return None

    def _refusal(self, at: ast.stmt | ast.expr, problem: str) -> Invalid:
        reason = f"line {at.lineno}: {problem}"
        return Invalid.field(self._definition.name, reason)

    def _returns_value(self) -> bool:
        returned = [
            node.value for node in _own_nodes(self._definition) if isinstance(node, ast.Return)
        ]
        return any(
            value is not None and not (isinstance(value, ast.Constant) and value.value is None)
            for value in returned
        )


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.rpartition(".")[2]
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
