"""Kinds by name and by file, ours and strangers', from the entry point group `nbyard.kinds`."""

from functools import cache
from importlib.metadata import entry_points
from typing import cast

from nbyard.domain.functions import is_function
from nbyard.errors import Invalid
from nbyard.kinds.protocol import Kind

GROUP = "nbyard.kinds"
FALLBACK = "command"
FUNCTION = "function"


@cache
def _kinds() -> dict[str, Kind]:
    return {point.name: cast(Kind, point.load()()) for point in entry_points(group=GROUP)}


def kind_named(name: str) -> Kind:
    """The kind of that name.

    Raises:
        Invalid: no installed package has one.
    """
    found = _kinds().get(name)
    if found is None:
        present = ", ".join(sorted(_kinds())) or "none"
        raise Invalid.field("kind", f"there is no kind {name[:40]!r} (present: {present})")
    return found


def kind_of(filename: str, content: bytes) -> Kind:
    """The kind that a file's name tells; anything else is a command."""
    if is_function(filename):
        return kind_named(FUNCTION)
    lower = filename.lower()
    for name, kind in sorted(_kinds().items()):
        if name != FALLBACK and lower.endswith(kind.suffixes):
            return kind
    return kind_named(FALLBACK)
