"""Converts values to the files that carry them, and back. A file's extension is its type."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from . import dataframe_files

JSON, TEXT, BYTES, ARRAY, PICTURE, TABLE, FOLDER = (
    *("json", "txt", "bin", "npy", "png", "parquet", "folder"),
)
MEDIA_TYPES = {
    JSON: "application/json",
    TEXT: "text/plain; charset=utf-8",
    BYTES: "application/octet-stream",
    ARRAY: "application/x-npy",
    PICTURE: "image/png",
    TABLE: "application/vnd.apache.parquet",
    FOLDER: "inode/directory",
}
COMPRESSED = ("gz", "bz2", "xz", "zst")
# Extensions of formats that have another name.
SAME = {
    **{"pq": TABLE, "jpeg": "jpg", "xlsx": "excel", "xls": "excel", "pkl": "pickle"},
    **{"tab": "tsv", "ndjson": "jsonl", "feather": "arrow", "ipc": "arrow", "pth": "pt"},
}
TAKEN = "text, bytes, numbers, lists, dicts, data frames, arrays, figures and paths are taken"


class Unfit(ValueError):
    """A value cannot be stored, or a file cannot be read as requested.

    The message is shown to users.
    """


class NotGiven(LookupError):
    """There is no value of that name. The message is shown to users."""


class Form(NamedTuple):
    """How a value is stored."""

    format: str  # of its file
    write: Callable[[str], None]  # writes the file to a path
    description: Mapping[str, Any] = {}  # of a data frame
    filename: str = ""  # of a file that the user passed


def form_of(value: Any) -> Form:
    """Return how to store a value: its file format and the function that writes it.

    Raises:
        Unfit: The value cannot be stored so that reading it returns an equal value.
    """
    if isinstance(value, os.PathLike):
        path = os.fspath(value)
        if os.path.isdir(path):
            # `realpath` also finds a name for `.` and for `results/`, which end without one.
            name = os.path.basename(os.path.realpath(path))
            return Form(FOLDER, lambda target: _copy("copytree", path, target), {}, name)
        if not os.path.isfile(path):
            raise Unfit(f"there is no file or folder {path}")
        name = os.path.basename(path)
        return Form(format_of_path(path), lambda target: _copy("copyfile", path, target), {}, name)
    if isinstance(value, str):
        return _of_bytes(TEXT, _encoded(value))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _of_bytes(BYTES, bytes(value))
    if (form := _library_form(value)) is not None:
        return form
    try:
        text = json.dumps(_json_value(value, ""), ensure_ascii=False, allow_nan=False)
    except RecursionError:
        raise Unfit(f"{kind_of(value)} that is nested so deeply cannot be handed over") from None
    return _of_bytes(JSON, _encoded(text))


def _library_form(value: Any) -> Form | None:
    """Return the form of a data frame, an array or a figure, None for other values."""
    library = dataframe_files.library_of(value)
    if library is not None:
        return Form(
            TABLE,
            lambda path: _with_unfit_errors(library.write, value, path),
            library.describe(value),
        )
    if _is_of(value, "numpy", "ndarray"):
        return _of_array(value)
    if _is_of(value, "matplotlib.figure", "Figure"):
        return Form(PICTURE, lambda path: value.savefig(path, format=PICTURE))
    return None


def read_value(path: str, wanted: Any = None) -> Any:
    """Return the value in a file, according to the file's extension or the class `wanted`.

    A folder, or a file with an unknown extension, is returned as its path.

    Raises:
        Unfit: The file cannot be read in this way, or contains no `wanted`.
    """
    file_format = FOLDER if os.path.isdir(path) else format_of_path(path)
    if wanted is Path:
        return Path(path)
    library = dataframe_files.library_named(wanted)
    is_packed = library is not None and file_format in COMPRESSED
    file_format = format_of_path(path.rpartition(".")[0]) if is_packed else file_format
    value: Any = Path(path)
    try:
        if library is not None and file_format in (TABLE, "csv", "tsv"):
            return _with_unfit_errors(
                library.read if file_format == TABLE else library.read_csv, path
            )
        if file_format == TABLE and wanted is None:
            return _with_unfit_errors(dataframe_files.read_frame, path)
        if wanted is bytes or file_format == BYTES:
            value = _bytes(path)
        elif file_format == JSON:
            value = json.loads(_bytes(path))
        elif file_format == TEXT:
            value = _bytes(path).decode()
        elif file_format == ARRAY:
            import numpy

            # A pickle in the file could run code while it is read.
            value = numpy.load(path, allow_pickle=False)
    except (OSError, ValueError, RecursionError) as error:
        raise Unfit(f"{os.path.basename(path)} cannot be read as {file_format}: {error}") from None
    if wanted is not None and not isinstance(value, wanted):
        message = f"{os.path.basename(path)} gives {kind_of(value)}"
        raise Unfit(f"{message}, where a {getattr(wanted, '__name__', wanted)} is wanted")
    return value


def is_data(wanted: Any) -> bool:
    """Return whether a class is a data frame class or numpy's array class."""
    top = str(getattr(wanted, "__module__", "")).partition(".")[0]
    is_array = (top, getattr(wanted, "__name__", "")) == ("numpy", "ndarray")
    return is_array or dataframe_files.library_named(wanted) is not None


def format_of_path(path: str) -> str:
    """Return the format that a file's extension stands for, or an empty text."""
    stem, dot, last = os.path.basename(path).rpartition(".")
    return SAME.get(last.lower(), last.lower()) if dot and stem else ""


def kind_of(value: Any) -> str:
    """Return the type of a value with an article for messages, such as "a list"."""
    if value is None:
        return "nothing"
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _copy(way: str, path: str, target: str) -> None:
    import shutil

    try:
        getattr(shutil, way)(path, target)
    except (OSError, shutil.Error) as error:
        raise Unfit(f"{path} cannot be handed over: {error}") from None


def _of_bytes(file_format: str, content: bytes) -> Form:
    def write(path: str) -> None:
        with open(path, "wb") as file:
            file.write(content)

    return Form(file_format, write)


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise Unfit(f"the text has half a character at {error.start}: {error.reason}") from None


def _of_array(value: Any) -> Form:
    import numpy

    if type(value) is not numpy.ndarray:
        message = f"{kind_of(value)} would come back as a plain array"
        raise Unfit(f"{message}: hand over numpy.asarray(…) of it")
    if value.dtype.hasobject:
        raise Unfit("an array of objects cannot be handed over: give it a dtype")

    def write(path: str) -> None:
        # Given a path without the extension, numpy.save would append `.npy` to it.
        with open(path, "wb") as file:
            numpy.save(file, value, allow_pickle=False)

    return Form(ARRAY, write, {"dtype": str(value.dtype), "shape": list(value.shape)})


def _is_of(value: Any, module: str, name: str) -> bool:
    """Return whether a value is of the class `name` of a module, without importing the module."""
    # A value of the class exists only if its module is loaded. Importing it here would be slow.
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(value, kind)


def _json_value(value: Any, place: str) -> Any:
    """Return a value as it would be after it was written as JSON and read again.

    Tuples become lists, and numpy scalars plain numbers. `place` locates a nested value in
    messages.

    Raises:
        Unfit: The value read again would not be equal.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if _is_of(value, "numpy", "generic"):
        return _json_value(value.item(), place)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Unfit(f"{_at(place)}{value} is not a JSON number: pass None or an array")
        return value
    if isinstance(value, (list, tuple)):
        return [_json_value(element, f"{place}[{at}]") for at, element in enumerate(value)]
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise Unfit(f"{_at(place)}the key {key!r} would come back as text: use text")
        return {key: _json_value(member, f"{place}[{key!r}]") for key, member in value.items()}
    raise Unfit(f"{_at(place)}{kind_of(value)} cannot be handed over: {TAKEN}")


def _at(place: str) -> str:
    return f"at {place[:200]}: " if place else ""


def _with_unfit_errors(work: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return work(*arguments)
    except ImportError as error:
        detail = f", and {error}"
        if isinstance(error, ModuleNotFoundError):
            # Python's own message, from which a run offers to add the module
            module = str(error.name).partition(".")[0]
            detail = f": ModuleNotFoundError: No module named {module!r}"
            detail += f" (outside of a run: pip install {module})"
        raise Unfit(f"a data frame travels as Parquet{detail}") from None
    except dataframe_files.frame_errors() as error:
        raise Unfit(f"the data frame cannot be handed over: {error}") from None


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
