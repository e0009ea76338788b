"""The interface of importers (entry point group `nbyard.importers`)."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import msgspec

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
