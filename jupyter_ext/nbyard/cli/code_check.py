"""Finds code that Python cannot parse: in scripts, and in cells of notebooks."""

import ast
import builtins
import itertools
import json
import re
import sys
import tokenize
import warnings
from collections.abc import Iterator, Mapping
from keyword import iskeyword
from typing import Any

import msgspec

from nbyard.domain.commands.interpreters import is_utf16, read_start
from nbyard.domain.notebooks.parameter_cells import is_tagged, parse_cell, source_of
from nbyard.kinds.notebook import PYTHON, language_and_kernel, read_notebook

NOTEBOOK = ".ipynb"
# Cells with these tags may fail, or do not run.
EXCUSED = ("raises-exception", "skip-execution")
VERSION = re.compile(r"(\d+)\.(\d+)")
# A word and what may be its arguments, without an operator between them.
COMMAND = re.compile(r"([A-Za-z_]\w*)[ \t]+[\w./~\"'-].*")
# What IPython raises for cells that it cannot read. They may still be right.
UNREAD = (RuntimeError, ValueError, LookupError, tokenize.TokenError)


class SyntaxProblem(msgspec.Struct, frozen=True):
    """Code that Python cannot parse."""

    reason: str
    line: int  # of the file
    is_certain: bool = True  # False if another version of Python may accept the code


def syntax_problems(name: str, content: bytes) -> list[SyntaxProblem]:
    """Return the syntax errors of a Python script or notebook: the first one of each cell.

    Files that are not Python have none.

    Raises:
        Invalid: the file has the suffix of a notebook, but is not a notebook, or has an impossible
            kernel.
    """
    if name.lower().endswith(NOTEBOOK):
        return [*_problems_of_cells(name, content)]
    if read_start(name, content).language != "python" or is_utf16(content):
        return []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as for escapes such as "\d"
            ast.parse(content, name)
    except SyntaxError as error:
        line = error.lineno or 1
        why = f"{name}, line {line}: {error.msg}"
        return [SyntaxProblem(why, line)]
    except (ValueError, RecursionError, MemoryError):
        return []  # The hints of the file name these.
    return []


def _problems_of_cells(name: str, content: bytes) -> Iterator[SyntaxProblem]:
    notebook = read_notebook(content, name)
    language, _ = language_and_kernel(notebook)
    spec = notebook["metadata"].get("kernelspec")
    # SageMath calls its language Python only in `language_info`.
    of_kernel = spec.get("language") if isinstance(spec, dict) else None
    if not {language, str(of_kernel or language).lower()} <= {*PYTHON}:
        return
    is_certain = not _needs_other_python(notebook)
    for index, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] != "code" or any(is_tagged(cell, tag) for tag in EXCUSED):
            continue
        error = error_of_cell(source_of(cell))
        if error is not None:
            line = error.lineno or 1
            why = f"cell {index + 1}, line {line}: {error.msg}"
            yield SyntaxProblem(why, _line_in_file(content, notebook, index, line), is_certain)


def _needs_other_python(notebook: Mapping[str, Any]) -> bool:
    """Return whether a newer Python than this one saved the notebook, or Python 2."""
    info = notebook["metadata"].get("language_info")
    match = VERSION.match(str(info.get("version", ""))) if isinstance(info, dict) else None
    if match is None:
        return False
    version = int(match[1]), int(match[2])
    return version > sys.version_info[:2] or version < (3, 0)


def error_of_cell(source: str) -> SyntaxError | None:
    """Return the syntax error of a cell as IPython reads it, None if the cell is valid."""
    try:
        parse_cell(source)
    except SyntaxError:
        # The import takes a while, and most cells are plain Python.
        from IPython.core.inputtransformer2 import TransformerManager

        read_by_ipython: Any = TransformerManager
        try:
            parse_cell(read_by_ipython().transform_cell(source))
        except SyntaxError as error:
            # A cell of one line may be a magic without its %, such as `pip install polars`.
            command = COMMAND.fullmatch(source.strip())
            if command and not (iskeyword(command[1]) or hasattr(builtins, command[1])):
                return None
            # IPython removes empty lines at the start.
            begun = source[: len(source) - len(source.lstrip())].count("\n")
            error.lineno = (error.lineno or 1) + begun
            return error
        except UNREAD:
            return None
    return None


def _line_in_file(content: bytes, notebook: Mapping[str, Any], cell: int, line: int) -> int:
    """Return the line of a notebook's file that has a line of a cell; 1 if unknown."""
    sources = [source_of(each).splitlines(keepends=True) for each in notebook["cells"][: cell + 1]]
    if line > len(sources[cell]):
        return 1
    wanted = sources[cell].pop(line - 1)
    # The same line may stand before.
    earlier = [*itertools.chain(*sources[:cell], sources[cell][: line - 1])].count(wanted)
    encoded = json.dumps(wanted, ensure_ascii=False).encode("utf-8", "surrogatepass")
    texts = (text.strip().removeprefix(b'"source":') for text in content.split(b"\n"))
    places = [n for n, text in enumerate(texts, 1) if text.strip(b" ,[]") == encoded]
    return places[earlier] if earlier < len(places) else 1
