"""The current call of the model: its duration, and whether it takes too long."""

from __future__ import annotations

import asyncio
import faulthandler
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from nbyard.serving.codec import Columns

CALL_VARIABLE = "NBYARD_CALL_SECONDS"
# a call is given up after so many times its limit
PATIENCE = 3
LOOKS = 8

Predict = Callable[[Columns], Columns]


class CallTimedOut(Exception):
    """The call of the model with these rows exceeded its time limit."""


class BlockedByLateCall(Exception):
    """These rows wait behind a call that exceeded its time limit."""


class _Call(NamedTuple):
    begun: float
    clock: float
    rows: int


class Calls:
    """Records calls, which one thread makes one at a time and another reads.

    `limit` is the time limit of each call in seconds, 0 for none.
    """

    def __init__(self, limit: float):
        self.limit = limit
        self._last = _Call(0.0, 0.0, 0)
        self._is_in = False

    def recording(self, predict: Predict) -> Predict:
        """Return the same function, with its calls recorded."""

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
        """Return the duration of the current call in seconds, 0 without one."""
        return time.monotonic() - self._last.begun if self._is_in else 0.0

    @property
    def is_late(self) -> bool:
        """Return whether the current call exceeds its time limit."""
        return 0 < self.limit <= self.seconds

    @property
    def patience(self) -> float:
        """Return after how many seconds a call is given up, 0 for never."""
        return self.limit * PATIENCE

    @property
    def is_lost(self) -> bool:
        """Return whether the current call is given up."""
        return 0 < self.patience <= self.seconds

    def current_call(self) -> dict[str, Any]:
        """Return the current call for programs, empty without one."""
        seconds, last = self.seconds, self._last
        if not seconds:
            return {}
        since = _at(last.clock, "%Y-%m-%dT%H:%M:%SZ")
        return {"rows": last.rows, "since": since, "seconds": round(seconds, 1)}

    def description(self) -> str:
        """Describe the call. The text stays the same during a call."""
        last = self._last
        rows = "1 row" if last.rows == 1 else f"{last.rows} rows"
        return f"the model is in a call of {rows} since {_at(last.clock, '%H:%M:%S')} UTC"

    def words_of_late(self) -> str:
        """Return the message for requests whose rows are in the call."""
        return (
            f"{self.description()} and has not answered within {self.limit:g} s:"
            f" ask for fewer rows, or give it more time by {CALL_VARIABLE}"
        )

    def words_of_lost(self) -> str:
        """Return the message for the log when the server ends."""
        return (
            f"{self.description()} and has not come back within {self.patience:g} s:"
            " the server ends; a deployment starts it again"
        )

    def words_of_held(self) -> str:
        """Return the message for all other requests."""
        return (
            f"{self.description()}, longer than the {self.limit:g} s that it may take, and answers"
            f" nobody else before it comes back; after {self.patience:g} s the server ends, and a"
            f" deployment starts it again: give it more time by {CALL_VARIABLE}"
        )


class Watchdog:
    """Ends the process with code 1 if the event loop is blocked, as by native code with the GIL.

    It checks from a thread that needs no GIL. With 0 seconds it does nothing.
    """

    def __init__(self, seconds: float):
        self._seconds = seconds
        self._next: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Watch the running loop from now on."""
        if self._seconds:
            # each call replaces the timer of the one before
            faulthandler.dump_traceback_later(self._seconds, exit=True)
            loop = asyncio.get_running_loop()
            self._next = loop.call_later(self._seconds / LOOKS, self.start)

    def stop(self) -> None:
        """Stop watching."""
        if self._next is not None:
            self._next.cancel()
            faulthandler.cancel_dump_traceback_later()


def _at(clock: float, form: str) -> str:
    return time.strftime(form, time.gmtime(clock))
