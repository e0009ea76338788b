"""Finds the class of a pickled model by reading the pickle's instructions as data.

Nothing is loaded: `pickletools` parses the instructions and executes none of them.
"""

import itertools
import pickletools
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from nbyard.domain.datasets.previews import MAX_NAME, ShownModel, one_line

HEAD_BYTES = 256 << 10
MAX_INSTRUCTIONS = 5000
FEATURES = "n_features_in_"
FEATURE_NAMES = "feature_names_in_"
MAX_INPUTS = 50
# Pickles write longer lists in parts of this length.
BATCH = 1000
# Their objects are data or parts of others, and no models.
NO_MODELS = frozenset(
    {
        *("builtins", "collections", "copyreg", "datetime", "decimal", "functools"),
        *("joblib", "numpy", "pandas", "polars", "pyarrow", "__builtin__", "copy_reg"),
    }
)


def model_in(path: Path) -> ShownModel | None:
    """Return the class of a pickled model, and its features if the pickle names them.

    Return None if the file is no pickle, or if the object is no model.
    """
    name, features, strings = "", None, ["", ""]
    instructions = list(_instructions(path))
    for opcode, argument in instructions:
        if isinstance(argument, int) and opcode.startswith(("BININT", "LONG1")):
            if strings[-1] == FEATURES and features is None and argument > 0:
                features = argument
        elif opcode in ("GLOBAL", "STACK_GLOBAL") and not name:
            # STACK_GLOBAL takes module and name from the stack: the two texts before it.
            name_parts = str(argument).split(" ") if argument else strings[-2:]
            name = name_parts[-1]
            if name_parts[0].partition(".")[0] in NO_MODELS or not name.isidentifier():
                return None
        elif isinstance(argument, str) and opcode.endswith("UNICODE"):
            strings = [strings[-1], argument]
    if not name:
        return None
    inputs = _feature_names(instructions)
    if features is None and 0 < len(inputs) < BATCH:
        features = len(inputs)
    shown = [one_line(feature, MAX_NAME) for feature in inputs[:MAX_INPUTS]]
    return ShownModel(one_line(name, MAX_NAME), features, shown)


def _instructions(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the first instructions of a pickle with their arguments, as far as they can be read."""
    try:
        for opcode, argument, _ in itertools.islice(
            pickletools.genops(_head(path)), MAX_INSTRUCTIONS
        ):
            yield opcode.name, argument
    except (ValueError, IndexError, OverflowError):
        return  # the end of the head, or arrays between the instructions, as joblib writes them


def _feature_names(instructions: Iterable[tuple[str, Any]]) -> list[str]:
    """Return the texts of the first list that follows the attribute with the names of features."""
    rest = itertools.dropwhile(lambda instruction: instruction[1] != FEATURE_NAMES, instructions)
    listed = itertools.dropwhile(lambda instruction: instruction[0] != "EMPTY_LIST", rest)
    inside = itertools.takewhile(
        lambda instruction: instruction[0] not in ("APPEND", "APPENDS"), listed
    )
    return [
        argument
        for opcode, argument in inside
        if isinstance(argument, str) and opcode.endswith("UNICODE")
    ]


def _head(path: Path) -> bytes:
    """Return the beginning of a file. It is decompressed, within the same limit of bytes."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith((b"\x1f\x8b", b"\x78")):
        try:
            # 32 + MAX_WBITS reads both headers, of zlib and of gzip
            return zlib.decompressobj(32 + zlib.MAX_WBITS).decompress(head, HEAD_BYTES)
        except zlib.error:
            return b""
    return head
