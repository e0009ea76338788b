"""Evaluates expressions on the files found (CWL v1.2 CommandLineTool, 5.2.6 outputEval).

An expression is a list of parts: `{"is": value}`, or `{"of": path}` for a value only known here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

MAX_CONTENTS_BYTES = 64 * 1024


class NoValue(Exception):
    """An expression has no value. The message is shown to users."""


def said_of(parts: list[dict[str, Any]], paths: Iterable[str], exit_code: int) -> Any:
    """Return the value of an expression in which `self` is the given files.

    Raises:
        NoValue: A path leads to nothing, or the requested contents are not a short text.
    """
    is_loaded = any("contents" in part.get("of", ()) for part in parts)
    files = [_file(path, is_loaded) for path in paths]
    return value_of(parts, {"self": files, "runtime": {"exitCode": exit_code}})


def name_beside(parts: list[dict[str, Any]], basename: str) -> str:
    """Return the file name that an expression gives for `self`, a file with this name."""
    return str(value_of(parts, {"self": _names(basename)}))


def value_of(parts: list[dict[str, Any]], known: dict[str, Any]) -> Any:
    """Return the value of an expression.

    A single part keeps its type. Several parts are joined to a text, with all values but texts as
    JSON.
    """
    values = [part["is"] if "is" in part else _look_up(part["of"], known) for part in parts]
    if len(values) == 1:
        return values[0]
    return "".join(
        one if isinstance(one, str) else json.dumps(one, ensure_ascii=False, sort_keys=True)
        for one in values
    )


def _look_up(path: list[str], known: dict[str, Any]) -> Any:
    value: Any = known
    for at, segment in enumerate(path):
        if isinstance(value, list) and segment == "length" and at == len(path) - 1:
            return len(value)
        if isinstance(value, list) and segment.isdecimal() and int(segment) < len(value):
            value = value[int(segment)]
        elif isinstance(value, dict) and segment in value:
            value = value[segment]
        else:
            raise NoValue(f"$({'.'.join(path)}): there is no {segment[:40]!r}")
    return value


def _file(path: str, is_loaded: bool) -> dict[str, Any]:
    """Return a file or folder as CWL expressions see it."""
    directory, basename = os.path.split(path)
    found: dict[str, Any] = {"path": path, "dirname": directory, **_names(basename)}
    if os.path.isdir(path):
        return {"class": "Directory", **found}
    found |= {"class": "File", "size": os.stat(path).st_size}
    return {**found, "contents": _contents(path, basename)} if is_loaded else found


def _names(basename: str) -> dict[str, str]:
    root, extension = os.path.splitext(basename)
    return {"basename": basename, "nameroot": root, "nameext": extension}


def _contents(path: str, shown: str) -> str:
    with open(path, "rb") as file:
        content = file.read(MAX_CONTENTS_BYTES + 1)
    if len(content) > MAX_CONTENTS_BYTES:
        raise NoValue(f"{shown} has more than 64 KiB: its contents cannot be a value")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise NoValue(f"{shown} is no UTF-8 text (byte {error.start})") from error
