"""The controller of schedules: waits for the next due time and creates its run in a thread.

It also continues running backfills.
"""

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.schedules.backfill_runs import BackfillRuns
from nbyard.dispatch.schedules.due_runs import DueRuns
from nbyard.dispatch.threads import Threads
from nbyard.host import clock

MOST_AT_ONCE = 200
RETRY_SECONDS = 2.0
NEVER = float("inf")


class ScheduleController:
    """Finds due schedules by one indexed query, when the next one is due and at intervals.

    `wake` wakes the loop after a thread has created a run.
    """

    def __init__(self, context: DispatchContext, threads: Threads, wake: Callable[[], None]):
        self._context = context
        self._rows = context.store.schedules
        self._threads = threads
        self._wake = wake
        self._due_runs = DueRuns(context)
        self._backfill_runs = BackfillRuns(context)
        self._has_backfills = False
        self._next_look = 0.0
        self._has_created = False
        self.is_enabled = False

    def tick(self, *, has_news: bool = True, has_time: bool = True) -> bool:
        """Start threads for due schedules and running backfills.

        Return whether one advanced since the last round, which may have created runs.
        """
        if has_news or has_time or time.monotonic() >= self._next_look:
            self._handle_due(clock.now(), has_time=has_time)
        elif self._has_backfills:  # the end of a run, which the dispatcher writes, is no news
            with self._context.store.read() as c:
                self._continue(self._context.store.backfills.running(c))
        has_created, self._has_created = self._has_created, False
        return has_created

    def seconds_until_due(self) -> float:
        """Return the seconds until the next due time."""
        return max(self._next_look - time.monotonic(), 0.0)

    def _handle_due(self, now: datetime, *, has_time: bool) -> None:
        with self._context.store.read() as c:
            following = self._rows.next_due(c)
            waiting = self._rows.waiting(c)
            due = self._rows.due(c, now, MOST_AT_ONCE) if following and following <= now else []
            ahead = self._rows.ids_handled_beyond_now(c, now) if has_time else []
            backfills = self._context.store.backfills.running(c)
        self.is_enabled = following is not None or bool(waiting or backfills)
        # Before the threads start: one that ends at once asks for another look.
        if due:
            # The threads wake the loop; look again in case one of them pauses after an error.
            self._next_look = time.monotonic() + RETRY_SECONDS
        elif following is None:
            self._next_look = NEVER
        else:
            self._next_look = time.monotonic() + (following - now).total_seconds()
        self._continue(backfills)
        for schedule_id in ahead:
            self._submit(schedule_id, self._due_runs.reset_after_clock_change)
        for schedule_id in dict.fromkeys([*waiting, *due]):
            self._submit(schedule_id, self._due_runs.handle)

    def _continue(self, backfills: list[str]) -> None:
        self._has_backfills = bool(backfills)
        for backfill_id in backfills:
            handle = partial(self._backfill_runs.handle, backfill_id)
            self._threads.submit(f"backfill {backfill_id}", handle, then=self._look_again)

    def _submit(self, schedule_id: str, work: Callable[[str], bool]) -> None:
        self._threads.submit(
            f"schedule {schedule_id}", partial(work, schedule_id), then=self._look_again
        )

    def _look_again(self, has_changed: bool | None) -> None:
        """Look again: another time of the schedule may be due, and its run is to start."""
        if has_changed:
            self._next_look = 0.0
            self._has_created = True
            self._wake()
