"""The protocol of importers of project folders (entry point group `nbyard.project_importers`)."""

from collections.abc import Collection, Mapping
from typing import Protocol

import msgspec

from nbyard.domain.projects.definitions import ProjectDefinition
from nbyard.reasons.structs import Reason


class ConvertedProject(msgspec.Struct, frozen=True):
    """A project file, the documents of its workflows by path, and its secrets by name.

    `left` says what cannot be kept, one reason for each field or line.
    """

    definition: ProjectDefinition
    files: dict[str, str]
    secrets: dict[str, str]
    left: list[Reason]

    def __repr__(self) -> str:
        """Return a text without the secrets."""
        return f"ConvertedProject({self.definition.project.name!r})"


class ProjectImporter(Protocol):
    """Converts the project folders of another program.

    A folder belongs to the importer if it has one of the `files`. The importer gets the content of
    small files whose names end with one of the `suffixes`.
    """

    name: str
    files: tuple[str, ...]
    suffixes: tuple[str, ...]

    def convert(self, files: Mapping[str, bytes], paths: Collection[str]) -> ConvertedProject:
        """Convert a project folder without running anything.

        `files` are its small files by path, `paths` those of all its files.

        Raises:
            NotFound: the folder has no project file.
            Invalid: a file is refused; the message says where.
        """
