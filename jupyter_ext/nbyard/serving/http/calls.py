"""The call that the model is in: since when, and whether it takes longer than it may."""

from __future__ import annotations

import asyncio
import faulthandler
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from nbyard.serving.codec import Columns

CALL_VARIABLE = "NBYARD_CALL_SECONDS"
# so many times as long as a call may take, it may take to come back after all
PATIENCE = 3
LOOKS = 8

Predict = Callable[[Columns], Columns]


class Late(Exception):
    """The model has not come back from the call in which these rows are."""


class Held(Exception):
    """These rows wait behind such a call."""


class _Call(NamedTuple):
    begun: float
    clock: float
    rows: int


class Calls:
    """Noted by the thread that makes them, one at a time, and read by another. `limit` is how many
    seconds each may take, 0 for any."""

    def __init__(self, limit: float):
        self.limit = limit
        self._last = _Call(0.0, 0.0, 0)
        self._is_in = False

    def noted(self, predict: Predict) -> Predict:
        """The same, whose calls are known here."""

        def call(columns: Columns) -> Columns:
            self._last = _Call(time.monotonic(), time.time(), len(columns[0]))
            self._is_in = True
            try:
                return predict(columns)
            finally:
                self._is_in = False

        return call

    @property
    def seconds(self) -> float:
        """How long the one of now has taken; 0 when there is none."""
        return time.monotonic() - self._last.begun if self._is_in else 0.0

    @property
    def is_late(self) -> bool:
        return 0 < self.limit <= self.seconds

    @property
    def patience(self) -> float:
        """After how many seconds of a call it is not expected back any more; 0 for never."""
        return self.limit * PATIENCE

    @property
    def is_lost(self) -> bool:
        return 0 < self.patience <= self.seconds

    def told(self) -> dict[str, Any]:
        """For programs; empty when there is none."""
        seconds, last = self.seconds, self._last
        if not seconds:
            return {}
        since = _at(last.clock, "%Y-%m-%dT%H:%M:%SZ")
        return {"rows": last.rows, "since": since, "seconds": round(seconds, 1)}

    def words(self) -> str:
        """For people: the same as long as it is the same call."""
        last = self._last
        rows = "1 row" if last.rows == 1 else f"{last.rows} rows"
        return f"the model is in a call of {rows} since {_at(last.clock, '%H:%M:%S')} UTC"

    def words_of_late(self) -> str:
        """To those whose rows are in it."""
        return (
            f"{self.words()} and has not answered within {self.limit:g} s:"
            f" ask for fewer rows, or give it more time by {CALL_VARIABLE}"
        )

    def words_of_lost(self) -> str:
        """Why the server ends."""
        return (
            f"{self.words()} and has not come back within {self.patience:g} s: the server ends;"
            " a deployment starts it again"
        )

    def words_of_held(self) -> str:
        """To all others."""
        return (
            f"{self.words()}, longer than the {self.limit:g} s that it may take, and answers"
            f" nobody else before it comes back; after {self.patience:g} s the server ends, and a"
            f" deployment starts it again: give it more time by {CALL_VARIABLE}"
        )


class Watchdog:
    """Ends the process with code 1 when the loop stands still: a call of native code may keep
    Python's lock. It looks from a thread that needs no lock. 0 seconds: it never does."""

    def __init__(self, seconds: float):
        self._seconds = seconds
        self._next: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """For the life of the running loop, from now on."""
        if self._seconds:
            faulthandler.dump_traceback_later(self._seconds, exit=True)
            loop = asyncio.get_running_loop()
            self._next = loop.call_later(self._seconds / LOOKS, self.start)

    def stop(self) -> None:
        """Look no more."""
        if self._next is not None:
            self._next.cancel()
            faulthandler.cancel_dump_traceback_later()


def _at(clock: float, form: str) -> str:
    return time.strftime(form, time.gmtime(clock))
