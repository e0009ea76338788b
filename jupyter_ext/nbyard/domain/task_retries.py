"""Retries of tasks: whether another attempt follows a failed or lost one, and after what delay."""

from typing import get_args

from nbyard.domain.limits import Limits, RetryKind

# a minimum: the task did not cause the loss
LOST_RETRIES = 2
BACKOFF_SECONDS = 0.5
MAX_BACKOFF_SECONDS = 60.0


def lost_retries(limits: Limits) -> int:
    """Return how many lost attempts of a task are retried."""
    return max(limits.retries or 0, LOST_RETRIES)


def is_retried(limits: Limits, kind: str, attempt: int, lost: int) -> bool:
    """Return whether another attempt follows a failed or lost one.

    `kind` is a `RetryKind` or `lost`; other kinds are never retried. `attempt` is the number of the
    failed attempt, from 1. `lost` counts the attempts before it that were lost.
    """
    if kind == "lost":
        return lost < lost_retries(limits)
    kinds = get_args(RetryKind) if limits.retry_on is None else limits.retry_on
    # Lost attempts do not use up the retries after failures.
    return kind in kinds and attempt - lost <= (limits.retries or 0)


def backoff_seconds(attempt: int, draw: float) -> float:
    """Return the seconds to wait after attempt number `attempt` (from 1), doubled each time.

    `draw` is a random number from 0 to 1. It spreads the retries of tasks that failed together.
    """
    return min(BACKOFF_SECONDS * 2.0 ** (attempt - 1), MAX_BACKOFF_SECONDS) * (0.5 + draw)
