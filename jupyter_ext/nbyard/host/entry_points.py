"""Finds entry points of installed packages, by group and name."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from nbyard.errors import Invalid


@cache
def installed() -> Any:
    """Return all entry points, read once: each search would read a file of every package."""
    return entry_points()


@cache
def entry_points_of(group: str) -> dict[str, EntryPoint]:
    """Return the entry points of a group by name, without importing their packages."""
    return {point.name: point for point in installed().select(group=group)}


@cache
def load_entry_point(group: str, name: str) -> Any:
    """Return an instance of the class that an entry point names, always the same one."""
    return entry_points_of(group)[name].load()()


def find_entry_point(group: str, name: str, noun: str) -> EntryPoint:
    """Return the entry point with this name.

    Raises:
        Invalid: No installed package has such an entry point. `noun` is the error's field.
    """
    if name not in entry_points_of(group):
        if present := sorted(entry_points_of(group)):
            why = f"the {noun} '{name[:40]}' is not installed (present: {', '.join(present)})"
        else:
            why = f"the {noun} '{name[:40]}' is not installed (present: none)"
        raise Invalid.field(noun, why)
    return entry_points_of(group)[name]
