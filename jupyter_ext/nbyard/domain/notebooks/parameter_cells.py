"""Arguments that the parameters cells of notebooks declare, read and never run."""

import ast
import builtins
import contextlib
import hashlib
import io
import json
import re
import tokenize
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from nbyard.domain.arguments.structs import Argument, is_name
from nbyard.domain.inspection.annotations import (
    NOTHING,
    UNKNOWN,
    Declared,
    declared_type,
    enumeration_of_default,
    enumerations_in,
    imported_member,
    members_of,
    type_of_default,
)
from nbyard.domain.inspection.build_argument import argument_of, fit_default
from nbyard.domain.inspection.constant_expressions import NotConstant, evaluate_constant
from nbyard.domain.inspection.heuristics import Comment, read_comment
from nbyard.domain.inspection.python_calls import PythonModule
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, because

TAG = "parameters"
# Tags that change what is executed.
TAGS = (TAG, "skip-execution", "raises-exception")
# magics, shell commands and help of IPython
# For example `%matplotlib inline`, `files = !ls` and `print?`.
MAGIC = re.compile(r"\s*([%!?]|[\w.\[\], ]+=\s*[%!]|.*\?\s*\Z)")
# fmt: off
HEADINGS = frozenset({
    "", "args", "arguments", "config", "configuration", "inputs", "papermill parameters",
    "parameters", "params", "settings", "values",
})
# fmt: on
# comments for tools do not describe a parameter
NOISE = re.compile(
    r"(noqa|fmt:|isort:|pylint:|pyright:|ruff:|mypy:|type: ignore|%%|-\*-).*", re.DOTALL
)
# statements that set no parameter and need no hint
SILENT = (ast.Import, ast.ImportFrom, ast.Expr, ast.Pass, ast.Assert, ast.FunctionDef, ast.ClassDef)
MAX_SHOWN = 60


class Parameters(msgspec.Struct, frozen=True):
    """The arguments that a notebook declares. `hints` are messages for its author.

    `error` names the cell and line with a syntax error; it is empty if all cells are valid.
    """

    arguments: list[Argument]
    hints: list[Reason]
    error: str = ""


def is_tagged(cell: Mapping[str, Any], tag: str = TAG) -> bool:
    """Return whether a cell has a tag."""
    tags = (cell.get("metadata") or {}).get("tags")
    return isinstance(tags, list) and tag in tags


def source_of(cell: Mapping[str, Any]) -> str:
    """Return the source of a cell as one text."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def parameters_cells(notebook: Mapping[str, Any]) -> list[int]:
    """Return the indexes of the code cells tagged `parameters`."""
    cells = enumerate(notebook["cells"])
    return [i for i, cell in cells if cell["cell_type"] == "code" and is_tagged(cell)]


def read_parameters(notebook: Mapping[str, Any]) -> Parameters:
    """Return the arguments of a Python notebook.

    If several parameters cells assign a name, the last one counts.
    """
    cells = parameters_cells(notebook)
    has_classes = any("Enum" in source_of(cell) for cell in notebook["cells"]) and bool(cells)
    enumerations = enumerations_in(whole_code(notebook).tree.body) if has_classes else {}
    reader = Reader(enumerations)
    for index in cells:
        reader.read(source_of(notebook["cells"][index]), index)
    hints = reader.hints + several_cells(cells)
    hiding = [name for name in reader.arguments if callable(getattr(builtins, name, None))]
    if hiding:
        single = because("parameter-hides-function", name=hiding[0])
        several = because("parameters-hide-functions", names=hiding)
        hints.append(single if len(hiding) == 1 else several)
    return Parameters(list(reader.arguments.values()), hints, reader.error)


def several_cells(cells: Sequence[int]) -> list[Reason]:
    """Return a hint if several cells are parameters cells. `cells` are their indexes."""
    hint = because("several-parameters-cells", cells=[index + 1 for index in cells])
    return [hint] if len(cells) > 1 else []


def whole_code(notebook: Mapping[str, Any]) -> PythonModule:
    """Return all code of a Python notebook as one module, without cells that do not parse."""
    statements: list[ast.stmt] = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            with contextlib.suppress(SyntaxError):
                statements += parse_cell(source_of(cell))[0].body
    return PythonModule(ast.Module(statements, []))


def tag_cell(notebook: Mapping[str, Any], index: int) -> dict[str, Any]:
    """Return a copy of the notebook with the cell at `index` tagged `parameters`.

    Raises:
        Invalid: the cell does not exist, or is not a code cell.
    """
    cells = list(notebook["cells"])
    if not 0 <= index < len(cells):
        raise Invalid.field("cell", f"the notebook has no cell {index}")
    if cells[index]["cell_type"] != "code":
        raise Invalid.field("cell", f"cell {index} is not a code cell")
    if not is_tagged(cells[index]):
        metadata = dict(cells[index].get("metadata") or {})
        tags = metadata.get("tags")
        metadata["tags"] = [*(tags if isinstance(tags, list) else []), TAG]
        cells[index] = {**cells[index], "metadata": metadata}
    return {**notebook, "cells": cells}


def code_digest(notebook: Mapping[str, Any], language: str, kernel: str) -> str:
    """Return a digest of the code and the tags that affect execution.

    Changes of outputs, IDs, execution counts, markdown and other metadata keep the digest.
    """
    code = [
        [source_of(cell), [tag for tag in TAGS if is_tagged(cell, tag)]]
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]
    text = json.dumps([language, kernel, code])
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def parse_cell(source: str) -> tuple[ast.Module, str]:
    """Parse the source of a cell as Python.

    Lines that only IPython understands, such as magics, are made empty. The result is the tree
    and the text that was parsed.

    Raises:
        SyntaxError: the cell is not valid Python. The error has the line.
    """
    lines = source.split("\n")
    while True:
        text = "\n".join(lines)
        try:
            return _parse(text), text
        except SyntaxError as error:
            # Only a line that Python refuses can be a magic. In an expression in brackets, a line
            # may also begin with the operator %.
            at = (error.lineno or 0) - 1
            if not 0 <= at < len(lines) or not MAGIC.match(lines[at]):
                raise
            # an empty line keeps the line numbers
            lines[at] = ""


def _parse(text: str) -> ast.Module:
    # cells may use await at the top level
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warnings about "\d" and the like are the user's
            tree = compile(text, "<parameters>", "exec", flags, dont_inherit=True)
    # Depending on its version, Python reports NUL characters and deep nesting by these errors.
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise SyntaxError(str(error) or "too deeply nested") from None
    assert isinstance(tree, ast.Module)
    return tree


class Comments:
    """The comments of a cell by line number. `alone` are the lines that have only a comment."""

    def __init__(self, by_line: Mapping[int, str], alone: Collection[int]) -> None:
        self._texts = {
            line: NOISE.sub("", text.lstrip("# \t")).strip(" \t#") for line, text in by_line.items()
        }
        self._alone = alone

    @classmethod
    def of_python(cls, source: str) -> "Comments":
        """Return the comments of a Python cell."""
        by_line: dict[int, str] = {}
        alone: set[int] = set()
        with contextlib.suppress(tokenize.TokenError, SyntaxError):
            for token in tokenize.generate_tokens(io.StringIO(source).readline):
                if token.type == tokenize.COMMENT:
                    by_line[token.start[0]] = token.string
                    if not token.line[: token.start[1]].strip():
                        alone.add(token.start[0])
        return cls(by_line, alone)

    def of(self, first: int, last: int) -> Comment:
        """Return the description of a statement that spans the lines `first` to `last`.

        It comes from the comment behind the statement, completed by the comments above it.
        """
        behind = self._texts.get(last) or self._texts.get(first, "")
        if last in self._alone:
            behind = ""
        line = first
        texts: list[str] = []
        while line - 1 in self._alone:
            line -= 1
            text = self._texts[line]
            if text.strip(" -=:.*#").lower() in HEADINGS:
                break
            texts.insert(0, text)
        near, above = read_comment(behind), read_comment(" ".join(texts))
        return Comment(
            near.help or above.help,
            near.role or above.role,
            near.format or above.format,
            near.type or above.type,
            near.output_class or above.output_class,
        )


def _comment(comments: Comments, statement: ast.stmt) -> Comment:
    return comments.of(statement.lineno, statement.end_lineno or 0)


class Reader:
    """Collects the arguments from the parameters cells of a notebook, one cell at a time."""

    def __init__(self, enumerations: Mapping[str, Declared] = NOTHING) -> None:
        self.arguments: dict[str, Argument] = {}
        self.hints: list[Reason] = []
        self.error = ""
        self._known = enumerations
        self._values: dict[str, Any] = {**members_of(enumerations)}

    def read(self, source: str, cell: int) -> None:
        """Collect the arguments of one cell. `cell` is its index, for error messages."""
        try:
            tree, text = parse_cell(source)
        except SyntaxError as error:
            self.error = f"cell {cell + 1}, line {error.lineno or 1}: {error.msg}"
            self.hints.append(because("cell-no-python", message=self.error))
            return
        if text != source:
            self.hints.append(because("ipython-lines-unread"))
        comments = Comments.of_python(text)
        for statement in tree.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                declared = declared_type(statement.annotation, self._known)
                member = imported_member(statement.annotation, statement.value)
                value = ast.Constant(member) if member and not declared.type else statement.value
                self._add(statement.target.id, value, declared, _comment(comments, statement))
            elif isinstance(statement, ast.Assign):
                comment = _comment(comments, statement)
                pairs = [
                    pair for target in statement.targets for pair in _pairs(target, statement.value)
                ]
                if len(pairs) > 1:
                    self.hints.append(because("several-names-at-once", line=statement.lineno))
                for name, value in pairs:
                    self._add(name, value, UNKNOWN, comment)
                if not pairs:
                    self._skip(statement)
            elif not isinstance(statement, SILENT):
                self._skip(statement)

    def _skip(self, statement: ast.stmt) -> None:
        self.hints.append(because("line-no-assignment", line=statement.lineno))
        # After `if is_test: rows = 10`, only a run knows the value of `rows`.
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self._values.pop(node.id, None)
                if node.id in self.arguments:
                    self.arguments[node.id] = msgspec.structs.replace(
                        self.arguments[node.id], default=msgspec.UNSET, required=False
                    )

    def _add(self, name: str, node: ast.expr | None, declared: Declared, comment: Comment) -> None:
        if not is_name(name):
            self.hints.append(because("argument-name-unfit", name=repr(name[:MAX_SHOWN])))
            return
        if comment.type and not declared.type:
            declared = declared_type(ast.Constant(comment.type), self._known)
        if declared == UNKNOWN:
            declared = enumeration_of_default(node, self._known) or type_of_default(node)
        value, computed = self._value(node)
        argument = argument_of(name, value, declared, comment, node is None)
        argument, problem = fit_default(argument, value)
        if problem:
            self.hints.append(problem)
        if computed and node is not None:
            code = ast.unparse(node)
            shown = code if len(code) <= MAX_SHOWN else code[: MAX_SHOWN - 1] + "…"
            note = f"computed in the notebook: {shown}"
            text = f"{argument.help} ({note})" if argument.help else note
            argument = msgspec.structs.replace(argument, help=text)
        self._values.pop(name, None)
        if value is not msgspec.UNSET:
            self._values[name] = value
        self.arguments[name] = argument

    def _value(self, node: ast.expr | None) -> tuple[Any, bool]:
        if node is None:
            return msgspec.UNSET, False
        try:
            return evaluate_constant(node, self._values), False
        except (NotConstant, RecursionError):
            return msgspec.UNSET, True


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
        whole = [*target.elts, *value.elts]
        fits = len(target.elts) == len(value.elts)
        if fits and not any(isinstance(item, ast.Starred) for item in whole):
            for element, its_value in zip(target.elts, value.elts, strict=True):
                yield from _pairs(element, its_value)
