"""Finds importers of files and of project folders among the entry points."""

from collections.abc import Collection, Iterator
from typing import cast

from nbyard.errors import NotFound
from nbyard.host.entry_points import entry_points_of, load_entry_point
from nbyard.importers.protocol import Exporter, Importer, ProjectImporter

GROUP = "nbyard.importers"
OF_PROJECTS = "nbyard.project_importers"


def importer_of(filename: str) -> Importer | None:
    """Return the importer for a file's name, None if no importer reads such files."""
    lower = filename.lower()
    return next((importer for importer in _importers() if lower.endswith(importer.suffixes)), None)


def exporters() -> dict[str, tuple[Exporter, str]]:
    """Return the importers that also write files by name, each with the suffix of its files."""
    return {
        importer.name: (importer, importer.suffixes[0])
        for importer in _importers()
        if isinstance(importer, Exporter)
    }


def project_importer_of(paths: Collection[str]) -> ProjectImporter:
    """Return the importer for a folder that contains these files.

    Raises:
        NotFound: No importer converts such folders.
    """
    names: list[str] = []
    for key in sorted(entry_points_of(OF_PROJECTS)):
        importer = cast(ProjectImporter, load_entry_point(OF_PROJECTS, key))
        if any(name in paths for name in importer.files):
            return importer
        names += importer.files
    raise NotFound(f"The folder has none of the files {', '.join(names)}.")


def _importers() -> Iterator[Importer]:
    # Yield one at a time, because loading an entry point imports its module.
    for name in sorted(entry_points_of(GROUP)):
        yield cast(Importer, load_entry_point(GROUP, name))
