"""Changed files beside the code: which are source code, and how texts name them."""

from collections.abc import Sequence

from nbyard.domain.commands.interpreters import STARTS

# The digests of a file in both runs, None where it does not exist.
FileChange = tuple[str | None, str | None]
SOURCES = frozenset({*STARTS, ".ipynb", ".so"})
MAX_NAMED = 3


def is_source(path: str) -> bool:
    """Return whether a file holds code by its name, such as a module that the code imports."""
    stem, dot, suffix = path.rpartition("/")[2].lower().rpartition(".")
    return bool(stem) and f"{dot}{suffix}" in SOURCES


def files_text(paths: Sequence[str]) -> str:
    """Return the first of these paths on one line, with the number of the others."""
    named = ", ".join(paths[:MAX_NAMED])
    rest = len(paths) - MAX_NAMED
    return f"{named} and {rest} more" if rest > 0 else named
