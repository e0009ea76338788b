"""The interface of importers (entry point group `nbyard.importers`)."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import msgspec

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.executables.nbexec_files import Description
from nbyard.reasons.structs import Reason

# Returns the bytes of a file, by its path relative to the folder of the imported file. It raises
# `NotFound` for a missing file.
Near = Callable[[str], bytes]


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
    """A file or folder that a job names, called `name` in the run.

    It has a `path` on this machine, `contents` as text, or is a folder of `entries`. An
    `optional` file may be missing.
    """

    name: str
    path: str = ""
    contents: str | None = None
    entries: "tuple[JobFile, ...] | None" = None
    optional: bool = False


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
