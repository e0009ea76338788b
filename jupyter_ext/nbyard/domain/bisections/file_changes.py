"""Changed files beside the code, and how texts name them."""

from collections.abc import Sequence

# The digests of a file in both runs, None where it does not exist.
FileChange = tuple[str | None, str | None]
MAX_NAMED = 3


def files_text(paths: Sequence[str]) -> str:
    """Return the first of these paths on one line, with the number of the others."""
    named = ", ".join(paths[:MAX_NAMED])
    rest = len(paths) - MAX_NAMED
    return f"{named} and {rest} more" if rest > 0 else named
