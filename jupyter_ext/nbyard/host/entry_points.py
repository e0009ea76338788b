"""What installed packages offer in an entry point group, by name."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from nbyard.errors import Invalid
from nbyard.reasons.structs import because


@cache
def installed() -> Any:
    """Return the entry points of all groups: each search reads a file of every distribution."""
    return entry_points()


@cache
def entry_points_of(group: str) -> dict[str, EntryPoint]:
    """Return the entry points of a group by name, without importing what they offer."""
    return {point.name: point for point in installed().select(group=group)}


@cache
def load_entry_point(group: str, name: str) -> Any:
    """Return the one object of the class that an entry point names."""
    return entry_points_of(group)[name].load()()


def find_entry_point(group: str, name: str, noun: str) -> EntryPoint:
    """Return the entry point of that name.

    Raises:
        Invalid: no installed package offers it. The error has the noun as its field.
    """
    if name not in entry_points_of(group):
        if present := sorted(entry_points_of(group)):
            why = because("no-entry-point", noun=noun, name=name[:40], present=present)
        else:
            why = because("no-entry-points", noun=noun, name=name[:40])
        raise Invalid.field(noun, why)
    return entry_points_of(group)[name]
