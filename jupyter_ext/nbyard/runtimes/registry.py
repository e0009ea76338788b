"""Finds the installed runtimes, from the entry point group `nbyard.runtimes`."""

from typing import cast

from nbyard.host.entry_points import entry_points_of, find_entry_point
from nbyard.runtimes.protocol import MadeFromSettings, Runtime
from nbyard.settings import Settings

GROUP = "nbyard.runtimes"


def installed_names() -> list[str]:
    """Return the names of the installed runtimes, without importing them."""
    return sorted(entry_points_of(GROUP))


def load_all(settings: Settings) -> dict[str, Runtime]:
    """Create all installed runtimes, by name."""
    return {name: load_one(settings, name) for name in entry_points_of(GROUP)}


def load_one(settings: Settings, name: str) -> Runtime:
    """Create the runtime with this name, with these settings.

    Raises:
        Invalid: No installed package has a runtime with this name.
    """
    cls = find_entry_point(GROUP, name, "runtime").load()
    made = cls.from_settings(settings) if isinstance(cls, MadeFromSettings) else cls()
    return cast(Runtime, made)
