"""What every kind of executable fills in (entry point group `nbyard.kinds`)."""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import msgspec

from nbyard.domain.arguments.file_objects import Facts
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.attempts.structs import Work
from nbyard.domain.commands.invocations import Invocation
from nbyard.domain.environments.structs import EnvironmentRef


class Reading(msgspec.Struct, frozen=True):
    """What was read from a file without running it.

    `kernel` is a kernelspec's name or empty; `hints` are sentences for people; `can_tag` offers to
    make a cell the parameters cell; `command` is the beginning of a command line, `{file}` in it
    the file, `invocation` how it is run beyond that, `facts` what is known of the place where that
    is. `is_unread` when nobody here can read such arguments: a description is their list.
    `hints_without_description` are those that a description answers.
    """

    kind: str
    language: str
    kernel: str
    arguments: list[Argument]
    hints: list[str] = []
    can_tag: bool = False
    command: list[str] = []
    is_unread: bool = False
    hints_without_description: list[str] = []
    invocation: Invocation = Invocation()
    facts: Facts = Facts()

    @property
    def own(self) -> list[Argument] | None:
        """The list that the code itself is; None where it could not be read."""
        return None if self.is_unread else self.arguments


class Kind(Protocol):
    """`keeps_arguments` tells whether the code itself is the list of arguments, which a description
    only corrects; otherwise the description is the list. A kind may be `OwnDefaults`,
    too."""

    name: str
    suffixes: tuple[str, ...]
    keeps_arguments: bool

    def read(self, name: str, content: bytes) -> Reading:
        """Read a file, never running it.

        Raises:
            Invalid: the file is broken; the message says where.
        """

    def work(
        self, file: str, reading: Reading, values: dict[str, Any], environment: EnvironmentRef
    ) -> Work:
        """What the runner is told to do. `file` is a path inside `code/`; the values are typed, and
        inputs and outputs are `{attempt}/…` texts already.

        Raises:
            Invalid: a value does not fit, is missing or is not declared.
        """

    def code_digest(self, content: bytes) -> str:
        """A digest of what the code does, without what does not change that."""


@runtime_checkable
class OwnDefaults(Protocol):
    """A kind whose code sets defaults itself."""

    def has_own_defaults(self, language: str, content: Callable[[], bytes]) -> bool:
        """Whether the code sets the defaults that were read; `work` then gets given values only.
        `content` returns the bytes of the file."""
