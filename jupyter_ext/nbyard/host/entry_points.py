"""Finds entry points of installed packages, by group and name, and the runtimes among them."""

from functools import cache
from importlib import metadata, util
from typing import Any

from nbyard.domain.maps.searches import GROUP as SEARCHES
from nbyard.domain.maps.searches import SearchMethod
from nbyard.domain.maps.structs import Search
from nbyard.domain.naming.runtime_names import DASK
from nbyard.domain.users.isolation import ISOLATED, Isolation
from nbyard.domain.workflows.structs import Document
from nbyard.errors import Invalid
from nbyard.settings import Settings

RUNTIMES = "nbyard.runtimes"


@cache
def installed() -> Any:
    """Return all entry points, read once: each search would read a file of every package."""
    return metadata.entry_points()


@cache
def entry_points_of(group: str) -> dict[str, metadata.EntryPoint]:
    """Return the entry points of a group by name, without importing their packages."""
    return {point.name: point for point in installed().select(group=group)}


@cache
def load_entry_point(group: str, name: str) -> Any:
    """Return an instance of the class that an entry point names, always the same one."""
    return entry_points_of(group)[name].load()()


def find_entry_point(group: str, name: str, noun: str) -> metadata.EntryPoint:
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


def installed_runtimes() -> list[str]:
    """Return the sorted names of the installed runtimes."""
    return sorted({entry_point.name for entry_point in metadata.entry_points(group=RUNTIMES)})


def offered_runtimes(settings: Settings) -> list[str]:
    """Return the runtimes that users can choose, the default first."""
    # Without a cluster, Dask is installed but can run nothing.
    is_set = bool(settings.dask_address or settings.dask_cluster)
    names = [name for name in installed_runtimes() if is_set or name != DASK]
    names = [name for name in names if name in ISOLATED or not settings.shared]
    return sorted(names, key=lambda name: name != settings.default_runtime)


def isolation_of(settings: Settings) -> Isolation:
    """Return the rules for the users of a shared store that the settings define."""
    images, users = settings.allowed_images, settings.dask_users
    listed = (settings.docker_base_image, *images)
    allowed = (listed, settings.allow_dockerfiles, tuple(users))
    return Isolation(settings.shared, *allowed, settings.task_cpu, settings.task_memory_bytes)


def check_runtimes(document: Document, wished: str) -> None:
    """Check that the runtimes of a document's nodes, and of the run (`wished`), are installed.

    Raises:
        Invalid: A runtime is unknown.
    """
    named = {
        f"document.nodes.{name}.runtime": node.runtime for name, node in document.nodes.items()
    }
    asked = {place: name for place, name in {"runtime": wished, **named}.items() if name}
    known = installed_runtimes() if asked else []
    for place, runtime in asked.items():
        if runtime not in known:
            raise Invalid.field(
                place, f"there is no runtime '{runtime[:40]}' (installed: {', '.join(known)})"
            )


def check_searches(document: Document) -> None:
    """Check that the search methods of a document are installed, and have what they need.

    Raises:
        Invalid: A method is unknown, lacks a package, or has a wrong goal.
    """
    for name, node in document.nodes.items():
        search = node.map.each if node.map else None
        if not isinstance(search, Search):
            continue
        place = f"document.nodes.{name}.map.each"
        if search.by not in (known := entry_points_of(SEARCHES)):
            why = f"there is no search method '{search.by[:40]}' (installed: {', '.join(known)})"
            raise Invalid.field(f"{place}.by", why)
        method: SearchMethod = load_entry_point(SEARCHES, search.by)
        if lacking := [package for package in method.requires if not util.find_spec(package)]:
            install = f"pip install {' '.join(lacking)}"
            raise Invalid.field(f"{place}.by", f"{search.by} is not installed: {install}")
        if method.learns != bool(search.goal):
            why = "needs the name of a metric" if method.learns else "uses no metric"
            raise Invalid.field(f"{place}.goal", f"{search.by} {why}")
