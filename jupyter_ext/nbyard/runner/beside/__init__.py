"""`import nbyard` where the package is not installed: its hand-off, which travels with the runner.

The text of this file may run in any kernel, whose Python may be any from 3.6 on. What is installed
is found first, and nothing is imported unless it is asked for. Programs that are no kernels get
this folder on their path, where `nbyard.py` does the same for them.

Imports find the attempt's own modules by their names. Python would list their folder, which a
watcher could not tell from what the code itself lists.
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
    import_by_name()


class Everything:
    """The names in a folder, as a finder takes them: it looks for the file of each."""

    def __contains__(self, name: object) -> bool:
        return True


def import_by_name() -> None:
    """Let imports from the code of this process's attempt, if it has one, list no folder."""
    attempt = os.environ.get("NBYARD_ATTEMPT", "")
    if not attempt or sys.flags.isolated:
        return
    from importlib import machinery

    class Finder(machinery.FileFinder):
        def _fill_cache(self) -> None:
            self._path_cache = self._relaxed_path_cache = Everything()

    code = os.path.join(os.path.realpath(attempt), "code")
    make = Finder.path_hook(
        (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
        (machinery.SourceFileLoader, machinery.SOURCE_SUFFIXES),
        (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES),
    )

    def hook(path: str) -> Any:
        if not (os.path.realpath(path or ".") + os.sep).startswith(code + os.sep):
            raise ImportError
        return make(path)

    sys.path_hooks.insert(0, hook)
    for path in [one for one in sys.path_importer_cache if os.path.realpath(one).startswith(code)]:
        del sys.path_importer_cache[path]


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
