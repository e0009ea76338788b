"""Registers notebook cells as executables, through a Python file beside the notebook."""

import ast
import builtins
import os
import symtable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError
from IPython.display import display

from nbyard.domain.arguments.structs import is_name
from nbyard.domain.executables.structs import Inspect, NewExecutable
from nbyard.domain.inspection.functions import MARK, SEPARATOR
from nbyard.errors import NbyardError
from nbyard.host.project_files import write_whole
from nbyard.magics.results import Registered

HEAD = "# Made by %%nbyard executable: change the cell instead.\n"
KNOWN = {*dir(builtins), "__file__", "__name__", "get_ipython"}


def register_cell(connection: Any, name: str, cell: str) -> Registered:
    """Register the function `name` in a cell.

    Without such a function, register the cell as a script. An unchanged cell creates no new
    version.

    Raises:
        UsageError: The cell is not valid Python, or its file was not written from a cell.
        NbyardError: The registration is refused. The file is restored.
    """
    try:
        tree = ast.parse(cell)
    except SyntaxError as error:
        raise UsageError(f"line {error.lineno}: {error.msg}; magics cannot be in it") from None
    names = [function.name for function in _functions(tree)]
    # A cell with a single function needs no NAME after `executable`.
    name = name or (names[0] if len(names) == 1 else "")
    if not is_name(name):
        raise UsageError(f"%%nbyard executable NAME: {name!r} is no name for a cell")
    path, text = Path(f"{name}.py"), HEAD + cell
    target = f"{path}{SEPARATOR}{name}" if name in names else str(path)
    before = path.read_text(encoding="utf-8") if path.exists() else None
    # Never overwrite a file that a user wrote.
    if before is not None and not before.startswith(HEAD):
        raise UsageError(f"{path} is there and is no cell's: choose another name")
    if before != text:
        write_whole(path, text.encode())
    try:
        known = connection.executables.inspect(body=Inspect(path=target)).executable
        if known and before == text:
            made = connection.executables.get(executable=known)
        else:
            made = connection.executables.create(body=NewExecutable(path=target))
    except NbyardError:
        # A refused cell must not leave a changed file behind.
        path.unlink() if before is None else write_whole(path, before.encode())
        raise
    return Registered(made, list(_missing_names(cell)))


def register_decorated(magics: Any, result: Any) -> None:
    """Register the functions with `@nbyard.executable` in a cell that has run.

    In a run of nbyard, the decorator has no effect.
    """
    if not result.success or "NBYARD_ATTEMPT" in os.environ:
        return
    try:
        functions = list(_functions(ast.parse(result.info.raw_cell)))
    except (SyntaxError, ValueError):  # the cell has magics and is no plain Python
        return
    for function in functions:
        decorators = function.decorator_list
        called = [
            decorator.func if isinstance(decorator, ast.Call) else decorator
            for decorator in decorators
        ]
        if any(
            isinstance(decorator, ast.Attribute) and decorator.attr == MARK for decorator in called
        ):
            try:
                made = register_cell(magics.connection, function.name, result.info.raw_cell)
                display(made)  # type: ignore[no-untyped-call]
            except NbyardError as error:
                raise UsageError(error.words) from None


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    return (node for node in tree.body if isinstance(node, ast.FunctionDef))


def _missing_names(cell: str) -> Iterator[str]:
    """Yield a note about the names that the cell uses but other cells define, if there are any."""
    top = symtable.symtable(cell, "<cell>", "exec")
    own = {
        symbol.get_name()
        for symbol in top.get_symbols()
        if symbol.is_assigned() or symbol.is_imported()
    }
    # In an inner scope, only global names can come from other cells.
    used = {
        symbol.get_name()
        for table in _tables(top)
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (symbol.is_global() or table is top)
    }
    missing = sorted(used - own - KNOWN)
    if missing:
        yield f"It uses {', '.join(missing)}, which the cell neither imports nor defines."


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)
