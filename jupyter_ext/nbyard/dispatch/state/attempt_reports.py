"""Reports of threads about attempts, on their way to the loop that writes them."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from nbyard.domain.attempts.other_files import OtherFiles
from nbyard.domain.attempts.structs import Failure, Result
from nbyard.reasons.structs import Reason


@dataclass(frozen=True)
class Started:
    """The runtime has started the attempt."""

    site: str
    at: datetime


@dataclass(frozen=True)
class WaitEnded:
    """The attempt continues predictions of an earlier one; `rows` are already done."""

    rows: int


@dataclass(frozen=True)
class Running:
    """The attempt is running."""

    at: datetime


@dataclass(frozen=True)
class Waits:
    """The attempt waits for `what`; None ends the wait."""

    what: Reason | None


@dataclass(frozen=True)
class Ended:
    """The attempt has ended; with a `result`, it reported its end itself.

    - `rows`: artifacts whose bytes are stored; `hold` protects the bytes until the commit.
    - `is_as_keyed`: whether the cache key describes the packages that were installed.
    - `warning`: differences from the lock, and other warnings.
    - `others`: files beside the declared outputs.
    - `reason`: why the attempt was lost.
    """

    how: Literal["succeeded", "failed", "cancelled", "lost"]
    failure: Failure | None = None
    result: Result | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    hold: ExitStack = field(default_factory=ExitStack)
    is_as_keyed: bool = True
    warning: Reason | None = None
    others: OtherFiles | None = None
    reason: Reason | None = None


@dataclass(frozen=True)
class NotBegun:
    """The worker ended before it began the attempt; another worker may get it."""


@dataclass(frozen=True)
class WorkerLeft:
    """The function worker accepts no more calls."""


@dataclass(frozen=True)
class AttemptGone:
    """No process of an ended attempt is left, so its GPUs are free."""


Fact = Started | WaitEnded | Running | Waits | Ended | NotBegun | WorkerLeft | AttemptGone


@dataclass(frozen=True)
class Report:
    """All facts from one check of an attempt or function worker."""

    attempt_id: str
    facts: list[Fact]

    def release(self) -> None:
        """Allow the collection of the bytes of this report again.

        Rows name the bytes now, or they are not wanted.
        """
        for fact in self.facts:
            if isinstance(fact, Ended):
                fact.hold.close()


class ReportInbox:
    """Reports of all threads; `ring` wakes the loop."""

    def __init__(self) -> None:
        self.ring: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._reports: list[Report] = []
        self._is_rung = False

    def put(self, report: Report | None) -> None:
        """Add a report; None only wakes the loop for another round."""
        with self._lock:
            if report is not None:
                self._reports.append(report)
            # One ring per round is enough to wake the loop.
            is_first, self._is_rung = not self._is_rung, True
        if is_first:
            self.ring()

    def take(self) -> list[Report]:
        """Return all reports since the last call."""
        with self._lock:
            reports, self._reports, self._is_rung = self._reports, [], False
        return reports
