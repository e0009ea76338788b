"""Evaluates references to inputs and results, and derives names of companion files, without I/O.

The runner evaluates expressions on the files it finds, the domain those that are known before the
work runs. An expression is a list of parts: `{"is": value}`, or `{"of": path}` for a value that is
known only where the work runs.
"""

from __future__ import annotations

import json
import os.path
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..reasons import Explained, because


class NoValue(Explained):
    """An expression refers to a value that does not exist."""


def value_of(parts: list[dict[str, Any]], known: Mapping[str, Any]) -> Any:
    """Return the value of an expression.

    `known` has the values to which it may refer. A single part keeps its type. Several parts are
    joined to a text.

    Raises:
        NoValue: The expression refers to a value that does not exist.
    """
    values = [part["is"] if "is" in part else look_up(part["of"], known) for part in parts]
    return values[0] if len(values) == 1 else joined(values)


def joined(values: Iterable[Any]) -> str:
    """Join values to one text. All values but texts are written as JSON."""
    return "".join(
        value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
        for value in values
    )


def look_up(path: Sequence[str], known: Mapping[str, Any]) -> Any:
    """Return the value in `known` at a path of field names and indexes.

    Raises:
        NoValue: The path leads to no value.
    """
    value: Any = known
    for at, segment in enumerate(path):
        # `length` of an array is valid only as the last segment
        if isinstance(value, list) and segment == "length" and at == len(path) - 1:
            return len(value)
        if isinstance(value, list) and segment.isdecimal() and int(segment) < len(value):
            value = value[int(segment)]
        elif isinstance(value, Mapping) and segment in value:
            value = value[segment]
        else:
            expression, name = ".".join(path), segment[:40]
            raise NoValue(because("expression-lacks", expression=expression, name=name))
    return value


def names_of(basename: str) -> dict[str, str]:
    """Return the fields of a file name, such as its extension.

    A leading period does not begin an extension.
    """
    root, extension = os.path.splitext(basename)
    return {"basename": basename, "nameroot": root, "nameext": extension}


def companion_name(pattern: str, basename: str, parts: Sequence[dict[str, Any]] = ()) -> str:
    """Return the name of the companion of a file, by the rule of `Beside`.

    Each leading `^` of the pattern removes the last period of the name and all that follows it. A
    name without a period stays. The remaining pattern is appended. A pattern with references is an
    expression: its `parts` give the whole name.
    """
    if parts:
        return str(value_of(list(parts), {"self": names_of(basename)}))
    suffix = pattern.lstrip("^")
    for _ in range(len(pattern) - len(suffix)):
        basename = basename.rpartition(".")[0] if "." in basename else basename
    return basename + suffix
