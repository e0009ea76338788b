"""The controller of triggers: looks for events and handles firings in threads."""

import time
from collections.abc import Callable
from functools import partial

from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.threads import Threads
from nbyard.dispatch.triggers.firing_runs import FiringRuns
from nbyard.dispatch.triggers.store_events import KINDS, StoreEvents
from nbyard.dispatch.triggers.watched_files import WatchedFiles
from nbyard.store import Connection

# Between two comparisons with the events of the store.
PAUSE_SECONDS = 0.1


class TriggerController:
    """Finds events that fire triggers, and the firings that wait for their run.

    `wake` wakes the loop after a thread has recorded a firing or created a run.
    """

    def __init__(self, context: DispatchContext, threads: Threads, wake: Callable[[], None]):
        self._context = context
        self._threads = threads
        self._wake = wake
        self._events = StoreEvents(context)
        self._files = WatchedFiles(context, wake)
        self._firing_runs = FiringRuns(context)
        self._has_changed = True
        self._reads_events = False
        self._watched_until: int | None = None
        self._next_match = 0.0
        self.is_enabled = False

    def tick(self, *, has_news: bool = True, has_time: bool = True) -> bool:
        """Handle events and firings; return whether anything changed since the last round."""
        has_changed, self._has_changed = self._has_changed, False
        if has_news or has_time or has_changed:
            self._handle_due()
        if self._is_behind():
            self._next_match = time.monotonic() + PAUSE_SECONDS
            self._threads.submit("trigger events", self._events.match, then=self._done)
        if self._files.has_dropped:
            self._threads.submit("dropped watches", self._files.stop_unneeded_watches)
        for trigger_id in self._files.due_triggers():
            look = partial(self._files.compare, trigger_id)
            self._threads.submit(f"files of trigger {trigger_id}", look, then=self._done)
        return has_changed

    def seconds_until_due(self) -> float:
        """Return the seconds until events or files are compared again."""
        files = self._files.seconds_until_due()
        if not self._is_behind(soon=True):
            return files
        return min(files, max(self._next_match - time.monotonic(), 0.0))

    def close(self) -> None:
        """Stop watching files."""
        self._files.close()

    def _handle_due(self) -> None:
        store = self._context.store
        with store.read() as c:
            kinds = store.triggers.enabled_kinds(c)
            waiting = store.firings.waiting(c)
            self._watch(c, has_files="file" in kinds)
        self.is_enabled = bool(kinds or waiting)
        self._reads_events = not kinds.isdisjoint(KINDS)
        for trigger_id in waiting:
            handle = partial(self._firing_runs.handle, trigger_id)
            self._threads.submit(f"trigger {trigger_id}", handle, then=self._done)

    def _watch(self, c: Connection, *, has_files: bool) -> None:
        """Watch the files of the enabled triggers, which are read only if a trigger changed."""
        store, seen = self._context.store, self._watched_until
        # First the newest event: a trigger may be changed meanwhile.
        newest = store.events.newest_id(c)
        if not has_files:
            self._files.update({})
        elif seen is None or store.events.has_topic_after(c, "trigger", seen):
            self._files.update(store.triggers.revisions(c, "file"))
        self._watched_until = newest  # after a failure, they are read again

    def _is_behind(self, *, soon: bool = False) -> bool:
        """Return whether events of the store are to be compared now, or soon."""
        if not self._reads_events or (not soon and time.monotonic() < self._next_match):
            return False
        with self._context.store.read() as c:
            return self._events.is_behind(self._context.store.events.newest_id(c))

    def _done(self, has_changed: bool | None) -> None:
        """Look again: a firing waits, or its run is to start."""
        if has_changed:
            self._has_changed = True
            self._wake()
