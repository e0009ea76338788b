"""After a crash, and now and then: what belongs to nobody goes away."""

import logging
import time

from nbyard.dispatch.room import Room
from nbyard.errors import NbyardError

log = logging.getLogger("nbyard.dispatch")
EVERY_SECONDS = 20.0
KEEP_EVENTS = 200_000


class Sweeper:
    """Sweeps at the start and then every 20 s. Running attempts need no recovery: they are adopted
    because every step of the controllers can be repeated."""

    def __init__(self, room: Room):
        self._room = room
        self._next = 0.0

    def tick(self) -> None:
        """Sweep when it is time."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY_SECONDS
        with self._room.store.read() as c:
            live = {attempt.id for attempt in self._room.store.attempts.live(c)}
        for name, runtime in self._room.runtimes.items():
            try:
                removed = runtime.sweep(self._room.store.id, live)
            except NbyardError as error:
                log.debug("%s was not swept: %s", name, error)
                continue
            if removed:
                log.warning("%s: removed %s", name, ", ".join(removed))
        self._room.blobs.sweep()
        with self._room.store.read() as c:
            events = self._room.store.events
            many = events.last(c) - events.first(c) > 1.1 * KEEP_EVENTS
        if many:
            with self._room.write() as c:
                self._room.store.events.trim(c, KEEP_EVENTS)
