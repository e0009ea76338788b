"""Find kinds by name and by file in the entry point group `nbyard.kinds`."""

from typing import cast

from nbyard.domain.inspection.functions import is_function
from nbyard.host.entry_points import entry_points_of, find_entry_point, load_entry_point
from nbyard.kinds.protocol import Kind

GROUP = "nbyard.kinds"
FALLBACK = "command"
FUNCTION = "function"


def _loaded(name: str) -> Kind:
    """Load one installed kind, without importing the others."""
    return cast(Kind, load_entry_point(GROUP, name))


def kind_named(name: str) -> Kind:
    """Load the kind with a name.

    Raises:
        Invalid: no installed package has such a kind.
    """
    find_entry_point(GROUP, name, "kind")
    return _loaded(name)


def kind_of(filename: str, content: bytes) -> Kind:
    """Return the kind of a file by its name. Files that no other kind accepts are commands."""
    if is_function(filename):
        return kind_named(FUNCTION)
    lower = filename.lower()
    for name in sorted(entry_points_of(GROUP)):
        # The fallback takes every file that no other kind matches, so it is not tried here.
        if name != FALLBACK and lower.endswith(_loaded(name).suffixes):
            return _loaded(name)
    return kind_named(FALLBACK)
