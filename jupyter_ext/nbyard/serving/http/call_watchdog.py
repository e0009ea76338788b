"""Record the current call of the model, and detect a call that takes too long."""

from __future__ import annotations

import asyncio
import faulthandler
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from nbyard.serving.codec import Columns

CALL_VARIABLE = "NBYARD_CALL_SECONDS"
# the server exits if a call takes longer than this multiple of its limit
PATIENCE = 3
# The loop renews the timer this many times in its duration, so a busy loop is not taken as blocked.
LOOKS = 8

Predict = Callable[[Columns], Columns]


class CallTimedOut(Exception):
    """The model's call with the rows of the request exceeded its time limit."""


class BlockedByLateCall(Exception):
    """The rows of the request wait behind a call that exceeded its time limit."""


class _Call(NamedTuple):
    begun: float
    clock: float
    rows: int


class Calls:
    """Records the calls of the model. One thread calls the model, another reads the record.

    `limit` is the time limit of each call in seconds, 0 for none.
    """

    def __init__(self, limit: float):
        self.limit = limit
        self._last = _Call(0.0, 0.0, 0)
        self._is_in = False

    def recording(self, predict: Predict) -> Predict:
        """Wrap the function that predicts, so that its calls are recorded."""

        def call(columns: Columns) -> Columns:
            # Before `_is_in`, because another thread reads the record once that is set.
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
        """Return after how many seconds of a call the server exits, 0 for never."""
        return self.limit * PATIENCE

    @property
    def is_lost(self) -> bool:
        """Return whether the current call takes so long that the server must exit."""
        return 0 < self.patience <= self.seconds

    def current_call(self) -> dict[str, Any]:
        """Return rows, start and duration of the current call as JSON object; empty without one."""
        seconds, last = self.seconds, self._last
        if not seconds:
            return {}
        since = _at(last.clock, "%Y-%m-%dT%H:%M:%SZ")
        return {"rows": last.rows, "since": since, "seconds": round(seconds, 1)}

    def description(self) -> str:
        """Describe the last call: its rows and start. The text is constant during a call."""
        last = self._last
        rows = "1 row" if last.rows == 1 else f"{last.rows} rows"
        return f"the model is in a call of {rows} since {_at(last.clock, '%H:%M:%S')} UTC"

    def words_of_late(self) -> str:
        """Return the message for requests whose rows are in a late call."""
        return (
            f"{self.description()} and has not returned within {self.limit:g} s:"
            f" send fewer rows, or set {CALL_VARIABLE} to allow longer calls"
        )

    def words_of_lost(self) -> str:
        """Return the message for the log when the server exits because of a late call."""
        return (
            f"{self.description()} and has not returned within {self.patience:g} s: the server ends"
        )

    def words_of_held(self) -> str:
        """Return the message for requests that a late call blocks."""
        return (
            f"{self.description()}, longer than the {self.limit:g} s that a call may take. Requests"
            f" fail until the call returns; after {self.patience:g} s the server ends, and a"
            f" deployment starts it again. Set {CALL_VARIABLE} to allow longer calls"
        )


class Watchdog:
    """Exits the process with code 1 if the event loop is blocked for `seconds`; 0 for never.

    Native code of the model may block the loop by holding the GIL. A timer of faulthandler, whose
    thread needs no GIL, detects this.
    """

    def __init__(self, seconds: float):
        self._seconds = seconds
        self._next: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Watch the running loop from now on."""
        if self._seconds:
            # each call replaces the timer of the previous call
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
