"""Writes the return value of a function to the files of its outputs."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from ..handoff.value_files import ARRAY, FOLDER, JSON, PICTURE, TABLE, Unfit, form_of, kind_of


def by_output(value: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return the value of each output, from the value that the function returned.

    Raises:
        Unfit: The value does not match the declared outputs.
    """
    if not names:
        if value is not None:
            raise Unfit(f"it returned {kind_of(value)}, and declares no output for that")
        return {}
    if len(names) == 1:
        return {names[0]: value}
    if isinstance(value, Mapping) and set(value) == set(names):
        return {name: value[name] for name in names}
    if isinstance(value, (tuple, list)) and len(value) == len(names):
        return {name: value[place] for place, name in enumerate(names)}
    raise Unfit(f"it returned {kind_of(value)}; a dict or tuple of {', '.join(names)} is needed")


def write_output(value: Any, file_format: str, path: str) -> None:
    """Write the file or folder of one output to `path`.

    In every format, bytes are written as they are, and a returned path is copied.

    Raises:
        Unfit: The value cannot be written in this format.
    """
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if isinstance(value, os.PathLike):
        _copy_returned_path(os.fspath(value), file_format, path)
        return
    if file_format == FOLDER:
        raise Unfit(f"it returned {kind_of(value)}, where the path of a folder is needed")
    if file_format in (TABLE, ARRAY, PICTURE) and not isinstance(value, (bytes, bytearray)):
        form = form_of(value)
        if form.format != file_format:
            raise Unfit(f"it returned {kind_of(value)}, which cannot be written as {file_format}")
        form.write(path)
        return
    if not isinstance(value, (bytes, bytearray, memoryview)):
        if file_format == JSON:
            if value is None:
                raise Unfit("it returned nothing")
            try:
                value = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
            except (TypeError, ValueError, RecursionError) as error:
                raise Unfit(
                    f"it returned {kind_of(value)}, which is not valid JSON: {error}"
                ) from None
        elif isinstance(value, str):
            value = value.encode("utf-8", "surrogatepass")
        else:
            needed = "text, bytes or the path of a file"
            message = f"it returned {kind_of(value)}, which cannot be written"
            raise Unfit(f"{message} as {file_format or 'a file'}: {needed} is needed")
    with open(path, "wb") as file:
        file.write(value)


def _copy_returned_path(given: str, file_format: str, path: str) -> None:
    """Copy the file or folder that the function returned, unless it is at `path` already."""
    shown = f"it returned the path {given}"
    if os.path.isdir(given) != (file_format == FOLDER) or not os.path.exists(given):
        raise Unfit(f"{shown}, which is not a {'folder' if file_format == FOLDER else 'file'}")
    if os.path.exists(path) and os.path.samefile(given, path):
        return
    try:
        if file_format == FOLDER:
            shutil.copytree(given, path, dirs_exist_ok=True)
        else:
            shutil.copyfile(given, path)
    except (OSError, shutil.Error) as error:
        raise Unfit(f"{shown}, which cannot be read: {error}") from None
