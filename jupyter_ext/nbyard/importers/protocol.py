"""The interfaces of importers of files and of project folders, and the installed ones."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol, cast, runtime_checkable

import msgspec

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.executables.nbexec_files import Description
from nbyard.domain.images.structs import NewImage
from nbyard.domain.projects.definitions import ProjectDefinition
from nbyard.errors import NotFound
from nbyard.host.entry_points import entry_points_of, load_entry_point
from nbyard.reasons.structs import Reason

# Returns the bytes of a file, by its path relative to the folder of the imported file. It raises
# `NotFound` for a missing file.
Near = Callable[[str], bytes]
GROUP = "nbyard.importers"
OF_PROJECTS = "nbyard.project_importers"


class Imported(msgspec.Struct, frozen=True):
    """A command, and notes for users about parts of the file that have no effect.

    Notes that are reasons of nbyard's catalogue are translated. Texts are shown as they are.
    """

    description: Description
    notes: tuple[Reason | str, ...] = ()


class Importer(Protocol):
    """Reads files of another program. An importer may be an `Exporter`, too.

    `name` is the name of the format in the command line and the API. The importer gets files whose
    names end with one of `suffixes`, which are in lower case.
    """

    name: str
    suffixes: tuple[str, ...]

    def read(self, content: bytes, filename: str, near: Near | None = None) -> Imported:
        """Return the command in a file, without running anything.

        `near` reads the files that this file names. It is None if only this file is known.

        Raises:
            Invalid: The file is refused. The message says where.
        """


@runtime_checkable
class Exporter(Protocol):
    """An importer that also writes files. They get its first suffix."""

    def write(
        self, description: Description, *, label: str = "", doc: str = "", file: str = ""
    ) -> str:
        """Return the text of a file. Reading it results in the same command.

        `label` and `doc` are its name and description for users. `file` is the path of a script
        beside the written file.

        Raises:
            Invalid: The format cannot express the executable or one of its arguments.
        """


class JobFile(msgspec.Struct, frozen=True):
    """A file or folder that a job names."""

    name: str  # in the run
    path: str = ""  # on this machine
    contents: str | None = None  # or its text
    entries: "tuple[JobFile, ...] | None" = None  # or those of a folder
    optional: bool = False  # it may be missing


class Job(msgspec.Struct, frozen=True):
    """The values and the files of a run, by the names of their arguments, and notes for users."""

    values: dict[str, Any]
    files: dict[str, JobFile]
    notes: tuple[str, ...] = ()


@runtime_checkable
class JobReader(Protocol):
    """An importer whose program also has files with the values of one run."""

    def read_job(self, content: bytes, filename: str, arguments: Sequence[Argument]) -> Job:
        """Return the values in a job file, for a command with these arguments.

        Relative paths start at the folder of `filename`.

        Raises:
            Invalid: A value is refused. The path of the error is `job` and the input.
        """


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
