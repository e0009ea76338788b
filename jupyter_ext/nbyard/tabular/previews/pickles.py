"""Find the class of a pickled model by reading the instructions of the file as data.

Nothing is loaded: `pickletools` parses the instructions and runs none of them.
"""

import itertools
import pickletools
import zlib
from pathlib import Path

from nbyard.domain.datasets.previews import MAX_NAME, ShownModel, short

HEAD_BYTES = 256 << 10
MAX_INSTRUCTIONS = 5000
FEATURES = "n_features_in_"
# Their objects are data or parts of others, and no models.
NO_MODELS = frozenset(
    {
        *("builtins", "collections", "copyreg", "datetime", "decimal", "functools"),
        *("joblib", "numpy", "pandas", "polars", "pyarrow", "__builtin__", "copy_reg"),
    }
)


def model_in(path: Path) -> ShownModel | None:
    """Return the class of the pickled object, and its number of features if it says so.

    Returns None if the file is no pickle, or if the object is no model.
    """
    name, features, strings = "", None, ["", ""]
    try:
        for opcode, argument, _ in itertools.islice(
            pickletools.genops(_head(path)), MAX_INSTRUCTIONS
        ):
            if isinstance(argument, int) and opcode.name.startswith(("BININT", "LONG1")):
                if strings[-1] == FEATURES and features is None and argument > 0:
                    features = argument
            elif opcode.name in ("GLOBAL", "STACK_GLOBAL") and not name:
                words = str(argument).split(" ") if argument else strings[-2:]
                name = words[-1]
                if words[0].partition(".")[0] in NO_MODELS or not name.isidentifier():
                    return None
            elif isinstance(argument, str) and opcode.name.endswith("UNICODE"):
                strings = [strings[-1], argument]
    except (ValueError, IndexError, OverflowError):
        pass  # the end of the head, or arrays between the instructions, as joblib writes them
    return ShownModel(short(name, MAX_NAME), features) if name else None


def _head(path: Path) -> bytes:
    """Return the beginning of the file, decompressed within the same limit."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith((b"\x1f\x8b", b"\x78")):
        try:
            # 32 + MAX_WBITS reads both headers, of zlib and of gzip
            return zlib.decompressobj(32 + zlib.MAX_WBITS).decompress(head, HEAD_BYTES)
        except zlib.error:
            return b""
    return head
