"""The protocol of every importer (entry point group `nbyard.importers`)."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import msgspec

from nbyard.domain.executables.nbexec_files import Description
from nbyard.reasons.structs import Reason

# Returns the bytes of a file, by its path relative to the folder of the imported file. It raises
# `NotFound` for a missing file.
Near = Callable[[str], bytes]


class Imported(msgspec.Struct, frozen=True):
    """A command, and notes for users on the parts of its file without effect.

    nbyard translates notes that are reasons of its catalogue, and shows texts as they are.
    """

    description: Description
    notes: tuple[Reason | str, ...] = ()


class Importer(Protocol):
    """Reads the files of another program; it may implement `Exporter`, too.

    `name` is the name of the format in the command line and the API. A file belongs to the importer
    if its name ends with one of the `suffixes`, which are in lower case.
    """

    name: str
    suffixes: tuple[str, ...]

    def read(self, content: bytes, filename: str, near: Near | None = None) -> Imported:
        """Read a file without running it.

        `near` reads the files that it names. Without `near`, only the file itself is known.

        Raises:
            Invalid: the file is refused; the message says where.
        """


@runtime_checkable
class Exporter(Protocol):
    """An importer that also writes files, with its first suffix."""

    def write(
        self, description: Description, *, label: str = "", doc: str = "", file: str = ""
    ) -> str:
        """Return the text of a file; reading it gives the same command.

        `label` and `doc` are its name and description for users. `file` is the path of a script
        beside the written file.

        Raises:
            Invalid: the format has no term for the executable or one of its arguments.
        """
