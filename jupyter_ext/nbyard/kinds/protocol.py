"""The protocol of every kind of executable, and the installed kinds (`nbyard.kinds`)."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

import msgspec

from nbyard.domain.arguments.file_objects import ReferenceFacts
from nbyard.domain.arguments.structs import Argument, check_value, is_name
from nbyard.domain.attempts.structs import Work
from nbyard.domain.commands.invocations import Invocation
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.domain.inspection.functions import is_function
from nbyard.errors import Invalid
from nbyard.host.entry_points import entry_points_of, find_entry_point, load_entry_point
from nbyard.reasons.structs import Reason

GROUP = "nbyard.kinds"
FALLBACK = "command"
FUNCTION = "function"


class Reading(msgspec.Struct, frozen=True):
    """The result of reading a file without running it.

    - `kernel` is a kernelspec's name or empty.
    - `hints` are messages for users. `hints_without_description` are only shown if the code has
      no description.
    - `tag_cell` is the index of the cell that could become the parameters cell, with `tag_names`.
    - `command` is the beginning of the command line; `{file}` in it is the file.
    - `invocation` describes the rest of the call. `facts` are the sizes and contents of files, and
      the granted resources, to which references in the call refer.
    - `is_unread` means that nbyard cannot read the arguments, so a description must list them.
    """

    kind: str
    language: str
    kernel: str
    arguments: list[Argument]
    hints: list[Reason] = []
    tag_cell: int | None = None
    tag_names: list[str] = []
    command: list[str] = []
    is_unread: bool = False
    hints_without_description: list[Reason] = []
    invocation: Invocation = Invocation()
    facts: ReferenceFacts = ReferenceFacts()

    @property
    def own(self) -> list[Argument] | None:
        """Return the arguments that the code declares; None if they could not be read."""
        return None if self.is_unread else self.arguments


class Kind(Protocol):
    """A kind of executable, which reads files and launches tasks.

    It may implement `OwnDefaults` and `ChecksFiles`.
    With `keeps_arguments`, the code determines the list of arguments, and a description only
    changes their details. Otherwise a description replaces the list.
    """

    name: str
    suffixes: tuple[str, ...]
    keeps_arguments: bool

    def read(self, name: str, content: bytes) -> Reading:
        """Read a file without running it.

        Raises:
            Invalid: the file is malformed. The message names the place.
        """

    def work(
        self, file: str, reading: Reading, values: dict[str, Any], environment: EnvironmentRef
    ) -> Work:
        """Return the instructions for the runner.

        `file` is a path inside `code/`. `values` are by name and have the declared types. Inputs
        and outputs are paths that begin with `{attempt}/`.

        Raises:
            Invalid: a value does not fit, is missing or is not declared.
        """

    def code_digest(self, content: bytes) -> str:
        """Return a digest of the parts of the file that affect its execution."""


@runtime_checkable
class ChecksFiles(Protocol):
    """A kind whose file names other files, which are checked when the file is frozen."""

    def check_files(self, file: Path, content: bytes) -> None:
        """Check the files that the file with this content names.

        Raises:
            Invalid: a file is missing or does not fit. The error names the field.
        """


@runtime_checkable
class OwnDefaults(Protocol):
    """A kind whose code may set the defaults of its arguments itself."""

    def has_own_defaults(self, language: str, content: Callable[[], bytes]) -> bool:
        """Return whether the code sets the defaults of its arguments.

        `work` is then called without default values. `content` returns the bytes of the file.
        """


def checked_values(
    arguments: Sequence[Argument], values: Mapping[str, Any], noun: str
) -> dict[str, Any]:
    """Check the given values; return them, converted to the types of their arguments.

    `noun` is the kind of the executable, for error messages.

    Raises:
        Invalid: a value does not fit, is missing or is not declared.
    """
    declared = {argument.name: argument for argument in arguments}
    checked = {}
    for name, value in values.items():
        # a name may become source text, so it is checked here too
        if name not in declared or not is_name(name):
            raise Invalid.field(f"arguments.{name[:40]}", f"the {noun} does not have this argument")
        checked[name] = check_value(declared[name], value, f"arguments.{name}")
    for argument in arguments:
        if argument.required and argument.name not in values:
            raise Invalid.field(f"arguments.{argument.name}", "a value is needed")
    return checked


def _loaded(name: str) -> Kind:
    """Load one installed kind, without importing the others."""
    return cast(Kind, load_entry_point(GROUP, name))


def kind_named(name: str) -> Kind:
    """Load the kind with a name.

    Raises:
        Invalid: no installed package has such a kind.
    """
    find_entry_point(GROUP, name, "kind")
    return _loaded(name)


def kind_of(filename: str, content: bytes) -> Kind:
    """Return the kind of a file by its name. Files that no other kind accepts are commands."""
    if is_function(filename):
        return kind_named(FUNCTION)
    lower = filename.lower()
    for name in sorted(entry_points_of(GROUP)):
        # The fallback takes every file that no other kind matches, so it is not tried here.
        if name != FALLBACK and lower.endswith(_loaded(name).suffixes):
            return _loaded(name)
    return kind_named(FALLBACK)
