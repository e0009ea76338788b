"""Deletion of scratch runs: check runs, and the runs of bisections."""

import logging
import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.threads import Threads
from nbyard.domain.runs.checks import file_of
from nbyard.domain.runs.structs import Run
from nbyard.domain.state_machines import RUN
from nbyard.retention.removal import remove_records, remove_run

log = logging.getLogger("nbyard.dispatch")
LOOK_SECONDS = 60.0
KEPT_FOR = timedelta(days=1)


class ScratchController:
    """Deletes scratch runs a day after their end, and check runs that a later one replaces."""

    def __init__(self, context: DispatchContext, threads: Threads):
        self._context = context
        self._threads = threads
        self._next = 0.0

    def tick(self) -> None:
        """Start the deletion of the runs that are due, once a minute."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + LOOK_SECONDS
            self._threads.submit("delete scratch runs", lambda: self.delete(datetime.now(UTC)))

    def delete(self, now: datetime) -> int:
        """Delete the scratch runs that are due at that time; return their number."""
        store = self._context.store
        with store.read() as c:
            due = due_runs(store.runs.scratch(c), now, store.bisections.running(c))
        names: set[str] = set()
        for due_run in due:
            with self._context.write() as c:
                # It may have been deleted meanwhile, by a new check run.
                run = store.runs.by_id(c, due_run.id)
                if run is not None and run.state in RUN.terminal:
                    names |= remove_run(store, c, run)
        remove_records(store, names)
        if due:
            log.info("%s scratch runs were deleted", len(due))
        return len(due)


def due_runs(scratch: Sequence[Run], now: datetime, bisections: Collection[str] = ()) -> list[Run]:
    """Return the scratch runs that can be deleted, oldest first.

    `scratch` has this order. Runs of the running `bisections` stay: they are judged, or later
    probes use their results.
    """
    # The runs are in the order of their creation, so the last one of a file wins.
    newest = {(run.owner, file_of(run)): run.id for run in scratch if run.origin.kind == "check"}
    due = []
    for run in scratch:
        ended = run.finished_at or run.created_at
        is_replaced = run.origin.kind == "check" and newest[run.owner, file_of(run)] != run.id
        # also if the clock was set back by more than that time
        is_old = not -KEPT_FOR < now - ended < KEPT_FOR
        is_used = run.origin.kind == "bisect" and run.origin.id in bisections
        if run.state in RUN.terminal and (is_replaced or is_old) and not is_used:
            due.append(run)
    return due
