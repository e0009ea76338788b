"""Containers of a deployment that are to go: waited for, asked to end, killed, seen to be gone."""

import time
from collections.abc import Callable

from nbyard.dispatch.health import is_connected
from nbyard.dockerd import Engine
from nbyard.store.deployments import RevisionRow

DRAIN_LEAST_SECONDS = 2.0


class Departures:
    """Of revisions by number; `last_words` is called before what one printed is gone."""

    def __init__(self, engine: Engine, last_words: Callable[[int], None]):
        self._engine = engine
        self._last_words = last_words
        self._leaving: dict[int, float] = {}
        self._ending: dict[int, float] = {}
        self._gone: set[int] = set()

    @property
    def is_busy(self) -> bool:
        return bool(self._leaving or self._ending)

    def is_ending(self, number: int) -> bool:
        """Whether we asked its container to end, and it was not seen to be gone yet."""
        return number in self._ending

    def is_drained(self, one: RevisionRow) -> bool:
        """Whether those who are being answered by it were waited for."""
        since = self._leaving.setdefault(one.number, time.monotonic())
        waited = time.monotonic() - since
        if waited < DRAIN_LEAST_SECONDS:
            return False
        used = [is_connected(place.port) for place in one.places if place.port]
        return waited >= patience(one) or not any(each is not False for each in used)

    def has_stopped(self, one: RevisionRow, container: str) -> bool:
        """Asked to end, and killed when it does not; whether it is gone."""
        number = one.number
        found = None if number in self._gone else self._engine.container(container)
        if found is not None and found.status == "running":
            if number not in self._ending:
                self._ending[number] = time.monotonic()
                self._engine.signal(container, "SIGTERM")
            if time.monotonic() - self._ending[number] < patience(one):
                return False
        return self.is_gone(number, container)

    def is_gone(self, number: int, container: str) -> bool:
        """Killed and removed; an engine may refuse that, and is asked again the next time."""
        if number not in self._gone:
            self._last_words(number)
            self._engine.remove(container)
            if self._engine.container(container) is not None:
                return False
            self._gone.add(number)
        self._ending.pop(number, None)
        self._leaving.pop(number, None)
        return True

    def comes(self, number: int) -> None:
        """A container is made for it."""
        self._gone.discard(number)
        self._ending.pop(number, None)
        self._leaving.pop(number, None)


def patience(one: RevisionRow) -> float:
    """How many seconds it has to finish what it was asked."""
    return one.revision.spec.stop_seconds
