"""Finds installed runtimes by name, from the entry point group `nbyard.runtimes`."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from nbyard.errors import Invalid
from nbyard.runtimes.protocol import MadeFromSettings, Runtime
from nbyard.settings import Settings

GROUP = "nbyard.runtimes"


@cache
def _installed() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def names() -> list[str]:
    """Return the names of the installed runtimes, without importing them."""
    return sorted(_installed())


def load(name: str) -> Runtime:
    """Create a runtime of that name.

    Raises:
        Invalid: No installed package has a runtime of that name.
    """
    point = _installed().get(name)
    if point is None:
        present = ", ".join(names()) or "none"
        raise Invalid.field("runtime", f"there is no runtime {name!r} (present: {present})")
    return cast(Runtime, point.load()())


def load_all(settings: Settings) -> dict[str, Runtime]:
    """Create all installed runtimes, by name."""
    found = {}
    for name, point in _installed().items():
        cls = point.load()
        made = cls.from_settings(settings) if isinstance(cls, MadeFromSettings) else cls()
        found[name] = cast(Runtime, made)
    return found
