"""The controller of automations: looks for due times and events, and handles them in threads."""

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from nbyard.dispatch.automations.backfill_runs import BackfillRuns
from nbyard.dispatch.automations.due_times import DueTimes
from nbyard.dispatch.automations.firing_runs import FiringRuns
from nbyard.dispatch.automations.store_events import KINDS, StoreEvents
from nbyard.dispatch.automations.watched_files import WatchedFiles
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.threads import Threads
from nbyard.host import clock
from nbyard.store import Connection

MOST_AT_ONCE = 200
RETRY_SECONDS = 2.0
NEVER = float("inf")
# Between two comparisons with the events of the store.
PAUSE_SECONDS = 0.1


class AutomationController:
    """Finds due times, events that start runs, and firings and backfills that wait for their runs.

    `wake` wakes the loop after a thread has recorded a firing or created a run.
    """

    def __init__(self, context: DispatchContext, threads: Threads, wake: Callable[[], None]):
        self._context = context
        self.threads = threads
        self._wake = wake
        self._due_times = DueTimes(context)
        self._firing_runs = FiringRuns(context)
        self.backfill_runs = BackfillRuns(context)
        self.events = StoreEvents(context)
        self.files = WatchedFiles(context, wake)
        self._has_changed = True
        self._has_backfills = False
        self._reads_events = False
        self._watched_until: int | None = None
        self._next_look = self.next_match = 0.0
        self.is_enabled = False

    def tick(self, *, has_news: bool = True, has_time: bool = True) -> bool:
        """Start threads for due times, events, firings and backfills.

        Return whether one of them changed anything since the last round.
        """
        has_changed, self._has_changed = self._has_changed, False
        if has_news or has_time or time.monotonic() >= self._next_look:
            self._look(clock.now(), has_time=has_time)
        elif self._has_backfills:  # the end of a run, which the dispatcher writes, is no news
            with self._context.store.read() as c:
                self._continue(self._context.store.backfills.running(c))
        if self._is_behind():
            self.next_match = time.monotonic() + PAUSE_SECONDS
            self._submit("store events", self.events.match)
        if self.files.has_dropped:
            self.threads.submit("dropped watches", self.files.stop_unneeded_watches)
        for automation_id in self.files.due_automations():
            look = partial(self.files.compare, automation_id)
            self._submit(f"files of automation {automation_id}", look)
        return has_changed

    def seconds_until_due(self) -> float:
        """Return the seconds until a time is due, or events or files are compared again."""
        next_look = self._next_look
        if self._is_behind(soon=True):
            next_look = min(next_look, self.next_match)
        return min(max(next_look - time.monotonic(), 0.0), self.files.seconds_until_due())

    def close(self) -> None:
        """Stop watching files."""
        self.files.close()

    def _look(self, now: datetime, *, has_time: bool) -> None:
        store = self._context.store
        with store.read() as c:
            following = store.automations.next_due(c)
            is_due = following is not None and following <= now
            due = store.automations.due(c, now, MOST_AT_ONCE) if is_due else []
            ahead = store.automations.ids_handled_beyond_now(c, now) if has_time else []
            waiting = store.firings.waiting(c)
            backfills = store.backfills.running(c)
            kinds = store.automations.enabled_kinds(c)
            self._watch(c, has_files="file" in kinds)
        self.is_enabled = following is not None or bool(waiting or backfills or kinds)
        self._reads_events = not kinds.isdisjoint(KINDS)
        # Before the threads start: one that ends at once asks for another look.
        if due:
            # The threads wake the loop; look again in case one of them pauses after an error.
            self._next_look = time.monotonic() + RETRY_SECONDS
        elif following is None:
            self._next_look = NEVER
        else:
            self._next_look = time.monotonic() + (following - now).total_seconds()
        self._continue(backfills)
        for automation_id in ahead:
            reset = partial(self._due_times.reset_after_clock_change, automation_id)
            self._submit(f"automation {automation_id}", reset)
        for automation_id in dict.fromkeys([*waiting, *due]):
            self._submit(f"automation {automation_id}", partial(self._handle, automation_id))

    def _handle(self, automation_id: str) -> bool:
        """Handle a waiting firing, or else a due time; return whether anything changed."""
        return self._firing_runs.handle(automation_id) or self._due_times.handle(automation_id)

    def _continue(self, backfills: list[str]) -> None:
        self._has_backfills = bool(backfills)
        for backfill_id in backfills:
            self._submit(f"backfill {backfill_id}", partial(self.backfill_runs.handle, backfill_id))

    def _watch(self, c: Connection, *, has_files: bool) -> None:
        """Watch the files of enabled automations, which are read only if an automation changed."""
        store, seen = self._context.store, self._watched_until
        # First the newest event: an automation may be changed meanwhile.
        newest = store.events.newest_id(c)
        if not has_files:
            self.files.update({})
        elif seen is None or store.events.has_topic_after(c, "automation", seen):
            self.files.update(store.automations.revisions(c, "file"))
        self._watched_until = newest  # after a failure, they are read again

    def _is_behind(self, *, soon: bool = False) -> bool:
        """Return whether events of the store are to be compared now, or soon."""
        if not self._reads_events or (not soon and time.monotonic() < self.next_match):
            return False
        with self._context.store.read() as c:
            return self.events.is_behind(self._context.store.events.newest_id(c))

    def _submit(self, name: str, work: Callable[[], bool]) -> None:
        self.threads.submit(name, work, then=self._look_again)

    def _look_again(self, has_changed: bool | None) -> None:
        """Look again: another time may be due, a firing waits, or a run is to start."""
        if has_changed:
            self._next_look = 0.0
            self._has_changed = True
            self._wake()
