"""Daily clean-ups of runs, by the rules that their owners set."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.threads import Threads
from nbyard.domain.digest import digest_of
from nbyard.domain.runs.clean_up import CleanUpRules, choose_runs
from nbyard.retention.protection import finished_runs
from nbyard.retention.removal import remove_runs

log = logging.getLogger("nbyard.dispatch")
LOOK_SECONDS = 60.0
DAY_SECONDS = 24 * 3600.0
CLEANED_AT = "cleaned_up_at"


class RetentionController:
    """Cleans up once a day, and when a rule changed."""

    def __init__(self, context: DispatchContext, threads: Threads):
        self._context = context
        self._threads = threads
        self._next = 0.0

    def tick(self) -> None:
        """Start a clean-up for each owner whose rules are due."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + LOOK_SECONDS
        store = self._context.store
        with store.read() as c:
            wanted = store.clean_ups.all_retention(c)
            done = {owner: float(store.facts.get(c, _fact(owner)) or 0) for owner in wanted}
        for owner, found in wanted.items():
            changed = found.updated_at.timestamp() if found.updated_at else 0
            age = time.time() - done[owner]
            # also if the clock was set back
            is_due = not 0 <= age < DAY_SECONDS or done[owner] < changed
            if found.rules is not None and is_due:
                self._threads.submit(f"clean up {owner}", self._job(owner, found.rules))

    def _job(self, owner: str, rules: CleanUpRules) -> Callable[[], None]:
        return lambda: self.clean_up(owner, rules)

    def clean_up(self, owner: str, rules: CleanUpRules) -> None:
        """Delete the runs of an owner that the rules choose."""
        store = self._context.store
        begun = time.time()
        with store.read() as c:
            runs = finished_runs(store, c, owner)
        doomed, _ = choose_runs(runs, rules, datetime.now(UTC))
        count = remove_runs(store, owner, doomed, self._context.write)
        if count:
            log.info("%s runs of %s were deleted by its retention rules", count, owner)
        with self._context.write() as c:
            store.facts.keep(c, _fact(owner), str(begun))


def _fact(owner: str) -> str:
    """Return the name under which the last clean-up of an owner is noted."""
    return f"{CLEANED_AT}:{digest_of(owner)[:20]}"
