"""The cell of a notebook that should become its parameters cell."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.notebooks import parameter_cells, r_parameters

READERS: dict[str, Callable[[Mapping[str, Any]], parameter_cells.Parameters]] = {
    "python": parameter_cells.read_parameters,
    "ipython": parameter_cells.read_parameters,
    "R": r_parameters.read_parameters,
}


def cell_to_tag(notebook: Mapping[str, Any], language: str) -> int | None:
    """Return the index of the cell to tag as parameters cell; None if no cell fits.

    The first cell fits whose assignments are all constants, else the first with any constant.
    In languages that nbyard cannot parse, it is the first code cell.
    """
    code = [at for at, cell in enumerate(notebook["cells"]) if cell["cell_type"] == "code"]
    read = READERS.get(language)
    if read is None:
        return code[0] if code else None
    mixed: int | None = None
    for at in code:
        cell = {**notebook["cells"][at], "metadata": {"tags": [parameter_cells.TAG]}}
        arguments = read({**notebook, "cells": [cell]}).arguments
        constant = [has_constant(argument) for argument in arguments]
        if constant and all(constant):
            return at
        if mixed is None and any(constant):
            mixed = at
    return mixed


def has_constant(argument: Argument) -> bool:
    """Return whether the argument has a default, as its cell assigns a constant to it."""
    return argument.default is not msgspec.UNSET
