"""The events of an attempt: reads them from the runner, and writes them for those who follow it."""

from __future__ import annotations

import json
import time
from typing import Any

from ..attempt_folder import AttemptFolder
from ..process.clock import Clock
from ..secret_masking import Masks

POKE_SECONDS = 0.1  # least time between two wake-ups of listeners
MAX_REPORT_BYTES = 32 * 1024 * 1024


class Progress:
    """Writes events of an attempt, and wakes listeners at most once per POKE_SECONDS.

    `has_news` is set while a wake-up is due. `working_at` is when the work began (seconds since
    1970), after its preparation.
    """

    def __init__(self, folder: AttemptFolder, wake: str, clock: Clock) -> None:
        self._folder = folder
        self._wake = wake
        self._clock = clock
        self._last_poke = time.monotonic()
        self.has_news = False
        self.working_at: float | None = None

    def write_events(self, *events: dict[str, Any]) -> None:
        """Write events to events.jsonl."""
        for event in events:
            if event.get("stage") == "running":
                self.working_at = self._clock.now()
            self._folder.event(event)
        self.note()

    def note(self) -> None:
        """Record that there is news, such as output.

        Wake listeners if that is due.
        """
        self.has_news = bool(self._wake)
        self.poke()

    def poke(self) -> None:
        """Wake listeners if there is news and POKE_SECONDS have passed since the last wake-up."""
        now = time.monotonic()
        if self.has_news and now - self._last_poke > POKE_SECONDS:
            self.has_news, self._last_poke = False, now
            self._folder.poke(self._wake, ".")


class Reports:
    """Parses the runner's messages and masks secrets in them.

    `end` is the message about the end of the work, once it has come.
    """

    def __init__(self, masks: Masks) -> None:
        self._masks = masks
        self.rest = b""
        self._is_skipping = False
        self.end: dict[str, Any] | None = None

    @property
    def offers_to_stay(self) -> bool:
        """Return whether the work has ended and its runner offers to serve another attempt."""
        return self.end is not None and self.end.get("stays", False)

    def read(self, data: bytes) -> list[dict[str, Any]]:
        """Add data from the pipe. Return the messages that are complete with it.

        The pipe is open to the code of a function too: lines that are no messages are dropped.
        """
        *lines, self.rest = (self.rest + data).split(b"\n")
        if lines and self._is_skipping:
            del lines[0]  # the remainder of a message that was too long
            self._is_skipping = False
        # A message without an end must not fill the memory.
        if self._is_skipping or len(self.rest) > MAX_REPORT_BYTES:
            self.rest, self._is_skipping = b"", True
        parsed = [_message(line) for line in lines]
        messages = [self._masks.cleaned(message) for message in parsed if message is not None]
        for message in messages:
            if message["type"] == "end":
                self.end = message
        return messages


def _message(line: bytes) -> dict[str, Any] | None:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) and "type" in message else None
