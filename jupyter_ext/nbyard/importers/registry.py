"""Find importers by file and by name in the entry point group `nbyard.importers`."""

from collections.abc import Iterator
from typing import cast

from nbyard.host.entry_points import entry_points_of, load_entry_point
from nbyard.importers.protocol import Exporter, Importer

GROUP = "nbyard.importers"


def importer_of(filename: str) -> Importer | None:
    """Return the importer for a file's name, None if no importer reads such files."""
    lower = filename.lower()
    return next((one for one in _importers() if lower.endswith(one.suffixes)), None)


def exporters() -> dict[str, tuple[Exporter, str]]:
    """Return the importers that also write files, each with the suffix of its files, by name."""
    return {one.name: (one, one.suffixes[0]) for one in _importers() if isinstance(one, Exporter)}


def _importers() -> Iterator[Importer]:
    for name in sorted(entry_points_of(GROUP)):
        yield cast(Importer, load_entry_point(GROUP, name))
