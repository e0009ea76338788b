"""Daily clean-ups of runs, by the rules of their owners and by the policies of projects.

Deletion of scratch runs: check runs, and the runs of bisections; and of old audit entries.
"""

import logging
import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.threads import Threads
from nbyard.domain.digest import digest_of
from nbyard.domain.runs.checks import file_of
from nbyard.domain.runs.retention import Policy, choose_by_policies
from nbyard.domain.runs.structs import Run
from nbyard.domain.state_machines import RUN
from nbyard.retention.removal import finished_runs, remove_records, remove_run, remove_runs

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


DAY_SECONDS = 24 * 3600.0
CLEANED_AT = "cleaned_up_at"


class RetentionController:
    """Deletes runs by the retention rules of each owner, once a day and after a rule changed."""

    def __init__(self, context: DispatchContext, threads: Threads):
        self._context = context
        self._threads = threads
        self._scratch = ScratchController(context, threads)
        self._next = 0.0

    def tick(self) -> None:
        """Start a clean-up for each owner whose rules are due, and of scratch runs."""
        self._scratch.tick()
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + LOOK_SECONDS
        store, settings = self._context.store, self._context.settings
        if settings.shared and settings.audit_days:
            with self._context.write() as c:
                kept_since = datetime.now(UTC) - timedelta(days=settings.audit_days)
                store.audit.delete_before(c, kept_since)
        with store.read() as c:
            wanted = store.retention.policies(c)
            done = {owner: float(store.facts.get(c, fact_name(owner)) or 0) for owner in wanted}
        for owner, policies in wanted.items():
            changed = max(policy.updated_at.timestamp() for policy in policies)
            age = time.time() - done[owner]
            # also if the clock was set back
            is_due = not 0 <= age < DAY_SECONDS or done[owner] < changed
            if is_due:
                self._threads.submit(f"clean up {owner}", partial(self.clean_up, owner, policies))

    def clean_up(self, owner: str, policies: Sequence[Policy]) -> None:
        """Delete the runs of an owner that any of the policies chooses."""
        store = self._context.store
        # The start counts, so a rule that changes during the clean-up is applied again.
        begun = time.time()
        with store.read() as c:
            members = store.retention.runs_by_policy(c, policies)
            runs = finished_runs(store, c, owner, [policy.rules for policy in policies])
        choices = choose_by_policies(runs, members, policies, datetime.now(UTC))
        doomed = [run for choice in choices for run in choice.doomed]
        count = remove_runs(store, owner, doomed, self._context.write)
        if count:
            log.info("%s runs of %s were deleted by its retention policies", count, owner)
        with self._context.write() as c:
            store.facts.set(c, fact_name(owner), str(begun))


def fact_name(owner: str) -> str:
    """Return the name under which the last clean-up of an owner is noted."""
    return f"{CLEANED_AT}:{digest_of(owner)[:20]}"
