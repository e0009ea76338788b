"""Find kinds by name and by file in the entry point group `nbyard.kinds`."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from nbyard.domain.inspection.functions import is_function
from nbyard.errors import Invalid
from nbyard.kinds.protocol import Kind

GROUP = "nbyard.kinds"
FALLBACK = "command"
FUNCTION = "function"


@cache
def _installed() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


@cache
def _loaded(name: str) -> Kind:
    """Load one installed kind, without importing the others."""
    return cast(Kind, _installed()[name].load()())


def kind_named(name: str) -> Kind:
    """Return the kind of that name.

    Raises:
        Invalid: no installed package has such a kind.
    """
    if name not in _installed():
        present = ", ".join(sorted(_installed())) or "none"
        raise Invalid.field("kind", f"there is no kind {name[:40]!r} (present: {present})")
    return _loaded(name)


def kind_of(filename: str, content: bytes) -> Kind:
    """Return the kind for a file's name; every other file is a command."""
    if is_function(filename):
        return kind_named(FUNCTION)
    lower = filename.lower()
    for name in sorted(_installed()):
        # The fallback takes every file that no other kind matches, so it is not tried here.
        if name != FALLBACK and lower.endswith(_loaded(name).suffixes):
            return _loaded(name)
    return kind_named(FALLBACK)
