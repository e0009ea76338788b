"""Makes `import nbyard` work where the package is not installed, with the hand-off module.

The text of this file may run in any kernel, with any Python from 3.6 on. An installed nbyard takes
precedence. Programs that are not kernels get this folder on PYTHONPATH, where `nbyard.py` has the
same effect.

This file also changes how Python finds the attempt's own modules: by name, without listing their
folder. nbyard records what the code lists, and could not distinguish Python's own listing from
that.
"""

import os
import sys
from typing import Any

NAME = "nbyard"
# The inside of Python's own finder that `import_by_name` relies on.
INSIDE = {"_fill_cache", "_path_cache", "_relaxed_path_cache"}
NO_DISTRIBUTIONS = "NBYARD_NO_DISTRIBUTIONS"  # set if the attempt's code contained none at first


class HandoffFinder:
    """An import finder for the module `nbyard` only."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != NAME:
            return None
        from importlib.util import spec_from_file_location

        file = os.path.join(self.folder, "__init__.py")
        return spec_from_file_location(name, file, submodule_search_locations=[self.folder])


def offer(folder: str) -> None:
    """Add the finder for `nbyard` after all other finders.

    `folder` contains the hand-off module.
    """
    if not any(type(finder).__name__ == "HandoffFinder" for finder in sys.meta_path):
        sys.meta_path.append(HandoffFinder(folder))
    import_by_name()


class Everything:
    """A set of names that contains every name, so that the finder checks for each file."""

    def __contains__(self, name: object) -> bool:
        return True


def import_by_name() -> None:
    """Find modules in the attempt's code without listing its folders.

    Without an attempt, or with an unknown version of Python's finder, nothing changes.
    """
    attempt = os.environ.get("NBYARD_ATTEMPT", "")
    if not attempt or sys.flags.isolated:
        return
    from importlib import machinery

    used = getattr(machinery.FileFinder.find_spec, "__code__", None)
    if not INSIDE.issubset(getattr(used, "co_names", ())):
        return

    class Finder(machinery.FileFinder):
        def _fill_cache(self) -> None:
            self._path_cache = self._relaxed_path_cache = Everything()

    code = os.path.join(os.path.realpath(attempt), "code")
    make = Finder.path_hook(
        (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
        (machinery.SourceFileLoader, machinery.SOURCE_SUFFIXES),
        (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES),
    )

    def is_inside(path: str) -> bool:
        return (os.path.realpath(path or ".") + os.sep).startswith(code + os.sep)

    def hook(path: str) -> Any:
        if not is_inside(path):
            raise ImportError
        return make(path)

    sys.path_hooks.insert(0, hook)
    if NO_DISTRIBUTIONS in os.environ:
        search_elsewhere(machinery.PathFinder, is_inside, code)
    # Python keeps one finder for each folder. These were created before the hook.
    for path in [
        cached_path
        for cached_path in sys.path_importer_cache
        if os.path.realpath(cached_path).startswith(code)
    ]:
        del sys.path_importer_cache[path]


def changed_at(folder: str) -> int:
    """Return when an entry of a folder was created or removed last, 0 if there is no folder."""
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0


def search_elsewhere(finder: Any, is_inside: Any, code: str) -> None:
    """Find installed packages without listing the attempt's code, which contained none at first.

    A folder of the code is searched once something was created in it, such as a package that the
    code itself installed.
    """
    search = getattr(finder, "find_distributions", None)
    if search is None:  # Python 3.7 and older
        return
    begun = {place: changed_at(place) for place in map(os.path.realpath, (".", code))}

    def may_contain(path: str) -> bool:
        place = os.path.realpath(path or ".")
        return place not in begun or changed_at(place) != begun[place]

    def find_distributions(*args: Any, **named: Any) -> Any:
        context = named.get("context", args[0] if args else None)
        if context is None:
            return search()
        fields, make = vars(context), type(context)
        own = [path for path in context.path if is_inside(path)]
        distributions = list(
            search(make(**{**fields, "path": [p for p in context.path if p not in own]}))
        )
        if not (distributions and context.name):
            # a name that is nowhere else, or all names
            own = own if context.name else [path for path in own if may_contain(path)]
            distributions += search(make(**{**fields, "path": own}))
        return iter(distributions)

    finder.find_distributions = staticmethod(find_distributions)


def folder() -> str:
    """Return the path of the folder `handoff`."""
    return os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "handoff")


def on_path(path: str, place: str = "") -> str:
    """Return `path` (PYTHONPATH) with this folder, or its copy at `place`, appended."""
    return os.pathsep.join(
        filter(None, [path, place or os.path.dirname(os.path.abspath(__file__))])
    )


def request() -> str:
    """Return a Python expression that calls `offer` in a kernel that cannot read this file."""
    with open(__file__, encoding="utf-8") as file:
        text = file.read()
    return f"(lambda names: (exec({text!r}, names), names['offer']({folder()!r}))[1])({{}})"
