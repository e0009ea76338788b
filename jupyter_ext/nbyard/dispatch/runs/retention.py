"""Daily clean-ups of runs, by the rules of their owners and by the policies of projects."""

import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.runs.scratch import ScratchController
from nbyard.dispatch.threads import Threads
from nbyard.domain.digest import digest_of
from nbyard.domain.runs.retention import Policy, choose_by_policies
from nbyard.retention.protection import finished_runs
from nbyard.retention.removal import remove_runs

log = logging.getLogger("nbyard.dispatch")
LOOK_SECONDS = 60.0
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
        store = self._context.store
        with store.read() as c:
            wanted = store.retention.policies(c)
            done = {owner: float(store.facts.get(c, _fact(owner)) or 0) for owner in wanted}
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
            store.facts.set(c, _fact(owner), str(begun))


def _fact(owner: str) -> str:
    """Return the name under which the last clean-up of an owner is noted."""
    return f"{CLEANED_AT}:{digest_of(owner)[:20]}"
