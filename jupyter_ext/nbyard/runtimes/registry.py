"""Runtimes by name, ours and strangers', from the entry point group `nbyard.runtimes`."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from nbyard.errors import Invalid
from nbyard.runtimes.protocol import Runtime
from nbyard.settings import Settings

GROUP = "nbyard.runtimes"


@cache
def _installed() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def names() -> list[str]:
    """The runtimes that are installed; none is imported for it."""
    return sorted(_installed())


def load(name: str) -> Runtime:
    """A new runtime of that name.

    Raises:
        Invalid: no installed package has one.
    """
    point = _installed().get(name)
    if point is None:
        present = ", ".join(names()) or "none"
        raise Invalid.field("runtime", f"there is no runtime {name!r} (present: {present})")
    return cast(Runtime, point.load()())


def load_all(settings: Settings) -> dict[str, Runtime]:
    """Every installed runtime by its name. A class with `from_settings` is made by that."""
    found = {}
    for name, point in _installed().items():
        cls = point.load()
        make = getattr(cls, "from_settings", None)
        found[name] = cast(Runtime, make(settings) if make else cls())
    return found
