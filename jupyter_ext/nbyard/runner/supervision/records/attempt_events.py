"""Writes the events of an attempt, and wakes the processes that follow it."""

from __future__ import annotations

import time
from typing import Any

from ...attempt_folder import AttemptFolder
from ...process.clock import Clock

POKE_SECONDS = 0.1  # least time between two wake-ups of listeners


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
