"""The interface of importers of project folders (entry point group `nbyard.project_importers`)."""

from collections.abc import Collection, Mapping
from typing import Protocol

import msgspec

from nbyard.domain.images.structs import NewImage
from nbyard.domain.projects.definitions import ProjectDefinition
from nbyard.reasons.structs import Reason


class ConvertedProject(msgspec.Struct, frozen=True):
    """A converted project: its project file, its workflow documents by path, its secrets by name.

    `left` lists what cannot be kept, with a reason for each field or line. `images` are those of
    its environments. If the tag of one has no version, that of the Git repository is added.
    """

    definition: ProjectDefinition
    files: dict[str, str]
    secrets: dict[str, str]
    left: list[Reason]
    images: list[NewImage] = []

    def __repr__(self) -> str:
        """Return a text without the secrets."""
        return f"ConvertedProject({self.definition.project.name!r})"


class ProjectImporter(Protocol):
    """Converts the project folders of another program.

    A folder belongs to the importer if it contains one of `files`. The importer gets the content of
    small files whose names end with one of `suffixes`.
    """

    name: str
    files: tuple[str, ...]
    suffixes: tuple[str, ...]

    def convert(self, files: Mapping[str, bytes], paths: Collection[str]) -> ConvertedProject:
        """Convert a project folder, without running anything in it.

        `files` has its small files by path, `paths` those of all its files.

        Raises:
            NotFound: The folder has no project file.
            Invalid: A file is refused. The message says where.
        """
