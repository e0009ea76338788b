"""What threads found out about attempts, on its way to the loop that writes it down."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from nbyard.domain.attempts.other_files import OtherFiles
from nbyard.domain.attempts.structs import Failure, Result


@dataclass(frozen=True)
class Started:
    """Its runtime took it over."""

    site: str
    at: datetime


@dataclass(frozen=True)
class GoesOn:
    """So many rows of its predictions are there already, of an attempt before it."""

    rows: int


@dataclass(frozen=True)
class Running:
    """It is at work."""

    at: datetime


@dataclass(frozen=True)
class Waits:
    """For what it waits; empty: for nothing any more."""

    words: str


@dataclass(frozen=True)
class Ended:
    """It is at its end: by its own word when there is a `result`. `rows` are outputs whose bytes
    are stored; until they are named by a commit, `hold` keeps them from being collected.
    `is_as_keyed` where it ran there was installed what its key says; `warning` tells what was not
    as the lock of its environment has it. `others` are files that are no declared outputs."""

    how: Literal["succeeded", "failed", "cancelled", "lost"]
    failure: Failure | None = None
    result: Result | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    hold: ExitStack = field(default_factory=ExitStack)
    is_as_keyed: bool = True
    warning: str = ""
    others: OtherFiles | None = None


@dataclass(frozen=True)
class Unbegun:
    """Its worker is gone and had not come to it: another one may have it."""


@dataclass(frozen=True)
class Left:
    """Of a worker of functions: it takes nothing more."""


@dataclass(frozen=True)
class Gone:
    """Of an attempt at its end: nothing of it is there any more."""


Fact = Started | GoesOn | Running | Waits | Ended | Unbegun | Left | Gone


@dataclass(frozen=True)
class Report:
    """All that one look at an attempt, or at a worker of functions, found out."""

    attempt_id: str
    facts: list[Fact]

    def release(self) -> None:
        """Let go of bytes: they are named, or not wanted."""
        for fact in self.facts:
            if isinstance(fact, Ended):
                fact.hold.close()


class Inbox:
    """Reports of all threads; `ring` wakes the loop."""

    def __init__(self) -> None:
        self.ring: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._reports: list[Report] = []
        self._is_rung = False

    def put(self, report: Report | None) -> None:
        """A report, or only the word that something is to be looked at again."""
        with self._lock:
            if report is not None:
                self._reports.append(report)
            is_first, self._is_rung = not self._is_rung, True
        if is_first:
            self.ring()

    def take(self) -> list[Report]:
        """All that came since the last time."""
        with self._lock:
            found, self._reports, self._is_rung = self._reports, [], False
        return found
