"""Parameters of Bash notebooks, read from lines such as `name=value` and never run."""

import ast
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast

import msgspec

from nbyard.domain.arguments.structs import Argument, ValueType, parse_value
from nbyard.domain.inspection.annotations import declared_type
from nbyard.domain.inspection.build_argument import argument_of, fit_default
from nbyard.domain.notebooks.parameter_cells import (
    MAX_SHOWN,
    Comments,
    Parameters,
    parameters_cells,
    several_cells,
    source_of,
)
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, because

LINE = re.compile(
    r"\s*(?:(?:export|readonly|local|declare|typeset)\s+(?:-\w+\s+)*)?"
    r"(?P<name>[A-Za-z_]\w*)=(?P<value>'[^']*'|\"(?:[^\"\\]|\\.)*\""
    r"|(?:\$\([^()]*\)|[^\s'\"#;&|()])*)"
    r"\s*;?\s*(?P<comment>#.*)?"
)
ASSIGNS = re.compile(r"\s*(?:\w+\s+)?\w+\+?=")
# what Bash replaces within a word
COMPUTED = re.compile(r"[$`\\*?\[{~]")


def read_parameters(notebook: Mapping[str, Any]) -> Parameters:
    """Return the arguments of a Bash notebook; all values are texts.

    If several lines assign a name, the last one counts.
    """
    arguments: dict[str, Argument] = {}
    hints: list[Reason] = []
    cells = parameters_cells(notebook)
    for cell in cells:
        lines = source_of(notebook["cells"][cell]).split("\n")
        matches = [LINE.fullmatch(line) for line in lines]
        behind = {at: match["comment"] for at, match in enumerate(matches, 1) if match}
        alone = {at: line for at, line in enumerate(lines, 1) if line.lstrip().startswith("#")}
        by_line = {at: text for at, text in {**behind, **alone}.items() if text}
        comments = Comments(by_line, alone)
        for at, (line, match) in enumerate(zip(lines, matches, strict=True), 1):
            if match is None:
                hints += [because("line-no-assignment", line=at)] if ASSIGNS.match(line) else []
                continue
            comment, value = comments.of(at, at), _constant(match["value"])
            if value is msgspec.UNSET:
                note = f"computed in the notebook: {match['value'][:MAX_SHOWN]}"
                about = f"{comment.help} ({note})" if comment.help else note
                comment = msgspec.structs.replace(comment, help=about)
            declared = declared_type(ast.Constant(comment.type or "str"))
            if comment.type and value is not msgspec.UNSET:
                with suppress(Invalid):  # otherwise a hint says that the default does not fit
                    value = parse_value(Argument("x", type=cast(ValueType, declared.type)), value)
            argument = argument_of(match["name"], value, declared, comment, False)
            arguments[argument.name], problem = fit_default(argument, value)
            hints += [problem] if problem else []
    return Parameters(list(arguments.values()), hints + several_cells(cells))


def _constant(word: str) -> Any:
    """Return the text that Bash assigns, UNSET if only Bash knows it."""
    if word[:1] == "'":
        return word[1:-1]
    text = word[1:-1] if word[:1] == '"' else word
    return msgspec.UNSET if COMPUTED.search(text) else text
