"""Service operations on events, the record of changes in the store."""

from __future__ import annotations

from nbyard.domain.callers import Caller
from nbyard.domain.events import Events
from nbyard.domain.paging import MAX_COUNT
from nbyard.services.operation import operation
from nbyard.services.service_context import Service


class EventService(Service):
    """Changes in the order in which they were stored.

    The socket `/events/socket` sends them live; [it has its own page](../how-to/events.md).
    """

    noun = "events"

    @operation("GET", "/events", scope="events:read")
    def list(self, caller: Caller, after: int = 0, limit: int = 500) -> Events:
        """Read events after an ID, oldest first."""
        return self.events_after(caller, after, limit)

    def events_after(
        self, caller: Caller, after: int, limit: int, until: int = MAX_COUNT
    ) -> Events:
        """Return events like `list`, up to the event `until` and with any limit."""
        with self._store.read() as c:
            oldest, newest = self._store.events.oldest_id(c), self._store.events.newest_id(c)
            # A client that saw a higher ID than the newest one read another store.
            if after and not oldest - 1 <= after <= newest:
                return Events([], newest, refetch=True)
            until = min(until, newest)
            events = self._store.events.events_after(c, caller.name, after, limit, until)
        is_all = len(events) < limit
        # Events of other owners are left out. The cursor skips them, so that they are read once.
        last = max(after, until) if is_all else events[-1].id
        # A client at `oldest - 1` has missed none of the events that retention deleted.
        return Events(events, last, refetch=oldest > after + 1)

    def newest_id(self) -> int:
        """Return the ID of the newest event.

        Start a dispatcher if there is work and none is running.
        """
        self._context.watch()
        with self._store.read() as c:
            newest: int = self._store.events.newest_id(c)
            return newest
