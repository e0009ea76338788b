"""Jupyter notebooks as executables."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from nbyard.domain.arguments.bindings import BY_ITSELF
from nbyard.domain.arguments.structs import Argument, check_arguments
from nbyard.domain.attempts.structs import NotebookWork
from nbyard.domain.commands.invocations import escape_attempt_paths
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.domain.inspection.handoff_calls import (
    MARK,
    add_handoff_arguments,
    handoff_values,
    read_handoff_calls,
)
from nbyard.domain.notebooks import bash_parameters, parameter_cells, r_parameters
from nbyard.errors import Invalid
from nbyard.kinds.protocol import Reading, checked_values
from nbyard.reasons.structs import Reason, because

BOM = b"\xef\xbb\xbf"
FORMAT = 4
OLDEST = 1
# The errors of nbformat for files that claim an older format but are not notebooks.
UNCONVERTED = (AttributeError, LookupError, NameError, TypeError, ValueError, RecursionError)
MAX_MESSAGE = 150
SAVE_HINT = "Open it in JupyterLab and save it: that writes format 4."
# Notebooks that name no kernel run with this one.
DEFAULT_KERNEL = "python3"
MAX_MINOR = 99
# Jupyter's names of kernels are more restricted, so no other name can exist.
KERNEL_NAME = re.compile(r"[^/\\]{1,100}\Z")
# the runner adds what a cell lacks to its copy
REQUIRED = {"metadata", "source"}
MAX_LISTED = 10
CELL_TYPES = ("code", "markdown", "raw")
PYTHON = ("python", "ipython")
# The languages of kernels whose notebooks do not name one. `ir` is IRkernel.
LANGUAGES = {"ir": "R", "bash": "bash", "python3": "python", "python": "python", "": "python"}
# readers of parameters cells in other languages
READERS = {"R": r_parameters.read_parameters, "bash": bash_parameters.read_parameters}
HINT_NO_CELL = because("no-parameters-cell")
CELL_READERS: dict[str, Callable[[Mapping[str, Any]], parameter_cells.Parameters]] = {
    "python": parameter_cells.read_parameters,
    "ipython": parameter_cells.read_parameters,
    "R": r_parameters.read_parameters,
}


class NotebookKind:
    """Executable kind `notebook`: run a notebook with values for its parameters cell."""

    name = "notebook"
    suffixes: tuple[str, ...] = (".ipynb",)
    keeps_arguments = True

    def read(self, name: str, content: bytes) -> Reading:
        """Read the arguments of the parameters cells; the notebook is checked, never executed.

        Raises:
            Invalid: the file is not a notebook, or its parameters cell is not valid Python.
        """
        written = _parse_notebook(content, name)
        notebook = _in_current_format(content, written, name)
        language, kernel = language_and_kernel(notebook)
        cells, is_unread = parameter_cells.parameters_cells(notebook), False
        if language in PYTHON:
            own = parameter_cells.read_parameters(notebook)
            if own.error:
                raise Invalid.field(name, f"the parameters cell is not valid Python ({own.error})")
            arguments, hints = own.arguments, own.hints
            # The search for values by name parses all code, so skip it without the marker.
            if MARK in content:
                handed = read_handoff_calls(parameter_cells.whole_code(notebook))
                arguments, hints = (
                    add_handoff_arguments(arguments, handed.arguments),
                    [*hints, *handed.hints],
                )
        elif read := READERS.get(language):
            parameters = read(notebook)
            arguments, hints = parameters.arguments, parameters.hints
            is_unread = bool(cells and hints) and not arguments
        else:
            arguments, hints = _inspect_other_kernel(notebook, cells, kernel, language)
            is_unread = bool(hints)
        to_tag, names = (None, []) if cells else cell_to_tag(notebook, language)
        if not arguments and not is_unread:
            hints = [*hints, *_hints_without_arguments(language, cells, to_tag)]
        incomplete = [i + 1 for i, cell in enumerate(notebook["cells"]) if not {*cell} >= REQUIRED]
        if incomplete:
            hints = [*hints, because("cells-incomplete", cells=incomplete[:MAX_LISTED])]
        return Reading(
            self.name,
            language,
            kernel,
            arguments,
            hints,
            tag_cell=to_tag if written["nbformat"] == FORMAT else None,
            tag_names=names,
            is_unread=is_unread,
        )

    def work(
        self, file: str, reading: Reading, values: dict[str, Any], environment: EnvironmentRef
    ) -> NotebookWork:
        """Return the execution of the notebook. Only given values are set; others are defaults.

        Raises:
            Invalid: a value does not fit, is missing or is not declared.
        """
        declared = {argument.name: argument for argument in reading.arguments}
        checked = checked_values(reading.arguments, values, self.name)
        kernel = environment.kernel or reading.kernel or DEFAULT_KERNEL
        own = {
            name: escape_attempt_paths(declared[name], value)
            for name, value in checked.items()
            if not isinstance(declared[name].reach, BY_ITSELF)
        }
        handed = handoff_values(reading.arguments, checked)
        return NotebookWork(f"code/{file}", kernel, reading.language, own, handed)

    def has_own_defaults(self, language: str, content: Callable[[], bytes]) -> bool:
        """Return whether the parameters cell sets the defaults, not a description file.

        It does in Python, and in R and Bash if its parameters cell could be read. A description
        does not change such defaults.
        """
        if language in PYTHON:
            return True
        read = READERS.get(language)
        return read is not None and bool(read(read_notebook(content())).arguments)

    def code_digest(self, content: bytes) -> str:
        """Return the digest of language, kernel and code.

        Changes of outputs, IDs, markdown and other metadata keep the digest.
        """
        notebook = read_notebook(content)
        language, kernel = language_and_kernel(notebook)
        return parameter_cells.code_digest(notebook, language, kernel)


def has_same_code(content: bytes, version: ExecutableVersion) -> bool:
    """Return whether a notebook has the code of a version.

    JupyterLab writes the default kernel into notebooks that name none. It changes no code.

    Raises:
        Invalid: the notebook is malformed.
    """
    notebook = read_notebook(content)
    language, kernel = language_and_kernel(notebook)
    if not version.kernel and kernel == DEFAULT_KERNEL:
        kernel = ""
    return parameter_cells.code_digest(notebook, language, kernel) == version.code_digest


def read_notebook(content: bytes, name: str = "notebook") -> dict[str, Any]:
    """Parse and check a notebook; convert an older format to format 4.

    Raises:
        Invalid: the notebook is malformed. The error names the field.
    """
    return _in_current_format(content, _parse_notebook(content, name), name)


def _in_current_format(content: bytes, written: dict[str, Any], name: str) -> dict[str, Any]:
    notebook = written
    if written["nbformat"] < FORMAT:
        from nbformat import ValidationError, convert, reader

        reads: Any = reader.reads
        to_format: Any = convert
        try:  # as papermill does
            notebook = dict(to_format(reads(_text(content)), FORMAT))
        except (*UNCONVERTED, ValidationError) as error:
            why = (
                f"cannot be converted from format {written['nbformat']} to 4:"
                f" {type(error).__name__} {str(error)[:MAX_MESSAGE]}"
            )
            raise Invalid.field(name, why, hint=SAVE_HINT) from None
    if not isinstance(notebook.setdefault("metadata", {}), dict):
        raise Invalid.field(f"{name}.metadata", "an object is needed")
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        raise Invalid.field(f"{name}.cells", "a list is needed")
    for index, cell in enumerate(cells):
        _check_cell(cell, f"{name}.cells.{index}")
    return notebook


def _parse_notebook(content: bytes, name: str) -> dict[str, Any]:
    try:
        # for bytes, json would guess the encoding
        notebook = json.loads(_text(content))
    except UnicodeDecodeError as error:
        raise Invalid.field(name, f"is not UTF-8 text (byte {error.start})") from None
    except json.JSONDecodeError as error:
        why = f"is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        raise Invalid.field(name, why) from None
    except RecursionError:
        raise Invalid.field(name, "is not a notebook: it is nested too deeply") from None
    except ValueError as error:
        raise Invalid.field(name, f"is not a notebook: {error}") from None
    if not isinstance(notebook, dict):
        raise Invalid.field(name, "is not a notebook: an object is needed at the top level")
    major, minor = notebook.get("nbformat"), notebook.get("nbformat_minor", 0)
    if isinstance(major, bool) or not isinstance(major, int):
        raise Invalid.field(
            f"{name}.nbformat", "is missing or not a number; this is not a notebook"
        )
    if not OLDEST <= major <= FORMAT:
        why = f"the notebook has format {major}, not 4"
        raise Invalid.field(f"{name}.nbformat", why, hint=SAVE_HINT)
    if isinstance(minor, bool) or not isinstance(minor, int) or not 0 <= minor <= MAX_MINOR:
        why = f"{str(minor)[:20]!r} is not a known version"
        raise Invalid.field(f"{name}.nbformat_minor", why)
    return notebook


def _text(content: bytes) -> str:
    """Decode the text of a notebook; JSON may contain lone surrogates, so they stay."""
    return content.removeprefix(BOM).decode("utf-8", "surrogatepass")


def _check_cell(cell: Any, place: str) -> None:
    if not isinstance(cell, dict):
        raise Invalid.field(place, "an object is needed")
    if cell.get("cell_type") not in CELL_TYPES:
        raise Invalid.field(f"{place}.cell_type", "must be code, markdown or raw")
    source = cell.get("source", "")
    lines = source if isinstance(source, list) else [source]
    if not all(isinstance(line, str) for line in lines):
        raise Invalid.field(f"{place}.source", "text or a list of lines is needed")
    metadata = cell.get("metadata", {})
    if not isinstance(metadata, dict):
        raise Invalid.field(f"{place}.metadata", "an object is needed")
    tags = metadata.get("tags") or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise Invalid.field(f"{place}.metadata.tags", "a list of texts is needed")
    if not isinstance(cell.get("outputs", []), list):
        raise Invalid.field(f"{place}.outputs", "a list is needed")


def language_and_kernel(notebook: Mapping[str, Any]) -> tuple[str, str]:
    """Return the language of a notebook in lower case (R stays R) and its kernelspec's name.

    A missing language is derived from the kernel. Both may be empty.

    Raises:
        Invalid: the kernel has an impossible name.
    """
    spec = _object(notebook["metadata"], "kernelspec")
    kernel = spec.get("name") or ""
    is_possible = isinstance(kernel, str) and kernel.isprintable()
    if not is_possible or not (kernel == "" or KERNEL_NAME.match(kernel)):
        why = f"{str(kernel)[:40]!r} is not a valid kernel name"
        raise Invalid.field("metadata.kernelspec.name", why)
    declared = _object(notebook["metadata"], "language_info").get("name") or spec.get("language")
    language = (
        declared if isinstance(declared, str) and declared else LANGUAGES.get(kernel.lower(), "")
    )
    if kernel.startswith("Python "):  # such as Python [conda env:a]
        language = language or "python"
    return (language if language == "R" else language.lower()), kernel


def _object(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    member = holder.get(key)
    return member if isinstance(member, dict) else {}


def _inspect_other_kernel(
    notebook: Mapping[str, Any], cells: list[int], kernel: str, language: str
) -> tuple[list[Argument], list[Reason]]:
    """Read the parameters cell in other languages, with papermill's translators.

    Returns the arguments, and a hint if papermill cannot read the language.
    """
    if not cells:
        return [], []
    from papermill.exceptions import PapermillException
    from papermill.translators import papermill_translators

    hint = because("kernel-not-read", kernel=language or kernel)
    try:
        translator = papermill_translators.find_translator(kernel, language)
        parameters = translator.inspect(
            {"source": parameter_cells.source_of(notebook["cells"][cells[-1]])}
        )
        arguments = [
            Argument(name=parameter.name, type="json", help=parameter.help)
            for parameter in parameters
        ]
        check_arguments(arguments)
    except (PapermillException, NotImplementedError, Invalid):
        return [], [hint]
    return arguments, []


def _hints_without_arguments(language: str, cells: list[int], to_tag: int | None) -> list[Reason]:
    """Return hints on how to add parameters to a notebook without arguments.

    `cells` are its parameters cells. `to_tag` is the cell that could become one.
    """
    example = {"R": "n_top <- 3", "bash": "n_top=3"}.get(language, "n_top = 3")
    if cells:
        return [because("parameters-cell-without-values", cell=cells[-1] + 1, example=example)]
    if to_tag is None:
        return [because("no-constants-to-tag", example=example)]
    return [HINT_NO_CELL]


def tag_text(content: bytes, cell: int | None) -> bytes:
    """Tag a cell of a notebook as `parameters`; return the text with the same indentation.

    If `cell` is None, the first cell that assigns constants is tagged.

    Raises:
        Invalid: the cell does not exist or has no code, or the notebook has an older format.
    """
    written = _parse_notebook(content, "notebook")
    if written["nbformat"] < FORMAT:
        why = "tags can only be added to notebooks of format 4"
        raise Invalid.field("notebook.nbformat", why, hint=SAVE_HINT)
    notebook = _in_current_format(content, written, "notebook")
    if cell is None:
        cell, _ = cell_to_tag(notebook, language_and_kernel(notebook)[0])
    if cell is None:
        raise Invalid.field("cell", "no cell of the notebook assigns a constant")
    tagged = parameter_cells.tag_cell(notebook, cell)
    text = content.removeprefix(BOM).decode()
    # The second line shows the indentation, so that the file's diff stays small.
    second = text.split("\n", 2)[1] if "\n" in text.strip() else ""
    indent = len(second) - len(second.lstrip(" ")) or None
    changed = json.dumps(tagged, indent=indent, ensure_ascii=False)
    return (changed + "\n" * text.endswith("\n")).encode("utf-8", "surrogatepass")


def cell_to_tag(notebook: Mapping[str, Any], language: str) -> tuple[int | None, list[str]]:
    """Return the index of the cell to tag as parameters cell, and the names of its constants.

    The first cell fits whose assignments are all constants, else the first with any constant.
    In languages that nbyard cannot parse, it is the first code cell. The index is None if no cell
    fits.
    """
    code = [at for at, cell in enumerate(notebook["cells"]) if cell["cell_type"] == "code"]
    read = CELL_READERS.get(language)
    if read is None:
        return (code[0] if code else None), []
    mixed: tuple[int | None, list[str]] = None, []
    for at in code:
        cell = {**notebook["cells"][at], "metadata": {"tags": [parameter_cells.TAG]}}
        arguments = read({**notebook, "cells": [cell]}).arguments
        # A cell that assigns constants gives defaults.
        constants = [each.name for each in arguments if each.default is not msgspec.UNSET]
        if constants and len(constants) == len(arguments):
            return at, constants
        if mixed[0] is None and constants:
            mixed = at, constants
    return mixed
