"""The protocol of every kind of executable (entry point group `nbyard.kinds`)."""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import msgspec

from nbyard.domain.arguments.file_objects import ReferenceFacts
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.attempts.structs import Work
from nbyard.domain.commands.invocations import Invocation
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.reasons.structs import Reason


class Reading(msgspec.Struct, frozen=True):
    """The result of reading a file without running it.

    - `kernel` is a kernelspec's name or empty.
    - `hints` are messages for users; a description answers those in `hints_without_description`.
    - `tag_cell` is the index of the cell that could become the parameters cell.
    - `command` is the beginning of the command line; `{file}` in it is the file.
    - `invocation` describes the rest of the call, `facts` what is known of the target.
    - `is_unread` says that nbyard cannot read such arguments, so a description lists them.
    """

    kind: str
    language: str
    kernel: str
    arguments: list[Argument]
    hints: list[Reason] = []
    tag_cell: int | None = None
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
    """A kind of executable; it may implement `OwnDefaults`, too.

    With `keeps_arguments`, the code determines the list of arguments, and a description only
    corrects it. Otherwise the description is the list.
    """

    name: str
    suffixes: tuple[str, ...]
    keeps_arguments: bool

    def read(self, name: str, content: bytes) -> Reading:
        """Read a file without running it.

        Raises:
            Invalid: the file is broken; the message says where.
        """

    def work(
        self, file: str, reading: Reading, values: dict[str, Any], environment: EnvironmentRef
    ) -> Work:
        """Return the instructions for the runner.

        `file` is a path inside `code/`. The values are typed; inputs and outputs are `{attempt}/…`
        texts.

        Raises:
            Invalid: a value does not fit, is missing or is not declared.
        """

    def code_digest(self, content: bytes) -> str:
        """Return a digest of what the code does; parts without effect do not count."""


@runtime_checkable
class OwnDefaults(Protocol):
    """A kind whose code sets its own defaults."""

    def has_own_defaults(self, language: str, content: Callable[[], bytes]) -> bool:
        """Return whether the code sets the defaults that were read.

        `work` then gets only the given values. `content` returns the bytes of the file.
        """
