"""Which run of a trigger may itself have changed the files that the trigger watches."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import msgspec


class RunWindow(msgspec.Struct, frozen=True):
    """When a run was active; it has no end while it is. `chain` are the triggers that led to it."""

    run_id: str
    started_at: datetime
    finished_at: datetime | None
    chain: Sequence[str] = ()

    def contains(self, moment: datetime) -> bool:
        """Return whether the run was active at this time."""
        return self.started_at <= moment and (
            self.finished_at is None or moment <= self.finished_at
        )


def run_that_made_changes(
    moments: Collection[datetime], windows: Iterable[RunWindow]
) -> RunWindow | None:
    """Return the newest run that was active when files changed.

    None if a file changed while none of the runs was active: somebody else has changed it.
    """
    matching: list[RunWindow] = []
    known = [*windows]
    for moment in moments:
        active = [window for window in known if window.contains(moment)]
        if not active:
            return None
        matching += active
    return max(matching, key=lambda window: window.started_at, default=None)
