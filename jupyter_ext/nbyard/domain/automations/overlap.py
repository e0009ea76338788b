"""The policy for a due time while an earlier run of the automation is active."""

from typing import Literal

from nbyard.domain.automations.structs import Overlap
from nbyard.domain.automations.times.structs import Missed

Action = Literal["start", "skip", "wait", "replace"]


def action_for(
    overlap: Overlap, missed: Missed, *, is_active: bool, is_waiting: bool, is_late: bool
) -> Action:
    """Return whether a due time starts a run, is skipped, waits, or replaces the active run.

    `is_active`: a run of the automation has not ended. `is_waiting`: earlier due times wait.
    `is_late`: the due time was missed. With the policy `all`, missed due times wait for each
    other, because each of them must run.
    """
    if not is_active and not is_waiting:
        return "start"
    if overlap == "queue" or (is_late and missed.policy == "all"):
        return "wait"
    return "skip" if overlap == "skip" else "replace"
