"""`import nbyard` where the package is not installed: its hand-off, which travels with the runner.

The text of this file may run in any kernel, whose Python may be any from 3.6 on. What is installed
is found first, and nothing is imported unless it is asked for. Programs that are no kernels get
this folder on their path, where `nbyard.py` does the same for them.
"""

import os
import sys
from typing import Any

NAME = "nbyard"


class Beside:
    """A finder of that one module."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != NAME:
            return None
        from importlib.util import spec_from_file_location

        file = os.path.join(self.folder, "__init__.py")
        return spec_from_file_location(name, file, submodule_search_locations=[self.folder])


def offer(folder: str) -> None:
    """Let it be found last, from now on."""
    if not any(type(finder).__name__ == "Beside" for finder in sys.meta_path):
        sys.meta_path.append(Beside(folder))


def folder() -> str:
    """Where the hand-off lies."""
    return os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "handoff")


def on_path(path: str, place: str = "") -> str:
    """The variable PYTHONPATH with this folder, or the `place` of its copy, behind all others."""
    return os.pathsep.join(
        filter(None, [path, place or os.path.dirname(os.path.abspath(__file__))])
    )


def request() -> str:
    """The same as an expression, for a kernel that this file is not in."""
    with open(__file__, encoding="utf-8") as file:
        text = file.read()
    return f"(lambda names: (exec({text!r}, names), names['offer']({folder()!r}))[1])({{}})"
