"""Find the run of an automation that may itself have changed the files that it watches."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

# Linux dates changes of files by the last tick of its clock: with 100 ticks a second, a file that a
# run writes at once may seem up to 10 ms older than the run.
TICK = timedelta(milliseconds=10)


class RunWindow(msgspec.Struct, frozen=True):
    """The time when a run was active. `finished_at` is None while it is active.

    `chain` are the IDs of the automations that led to the run.
    """

    run_id: str
    started_at: datetime
    finished_at: datetime | None
    chain: Sequence[str] = ()

    def contains(self, moment: datetime) -> bool:
        """Return whether the run was active at this time."""
        return self.started_at - TICK <= moment and (
            self.finished_at is None or moment <= self.finished_at
        )


def run_that_made_changes(
    moments: Collection[datetime], windows: Iterable[RunWindow]
) -> RunWindow | None:
    """Return the newest run that was active when files changed, else None.

    `moments` are the times of the changes. If one is outside of all runs, the result is None:
    this change came from elsewhere.
    """
    matching: list[RunWindow] = []
    known = [*windows]
    for moment in moments:
        active = [window for window in known if window.contains(moment)]
        if not active:
            return None
        matching += active
    return max(matching, key=lambda window: window.started_at, default=None)
