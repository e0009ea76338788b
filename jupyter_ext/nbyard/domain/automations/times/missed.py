"""The policy for missed due times, which passed while no dispatcher ran."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from nbyard.domain.automations.times.structs import Missed
from nbyard.domain.paging import check_range

GRACE = timedelta(seconds=60)
MOST_WINDOW = 31 * 86_400
MOST_CATCH_UPS = 100


def check_missed(policy: Missed) -> None:
    """Check the window and the number of missed due times that a policy catches up.

    Raises:
        Invalid: a field is refused.
    """
    check_range("missed.window_seconds", policy.window_seconds, 0, MOST_WINDOW)
    check_range("missed.most", policy.most, 1, MOST_CATCH_UPS)


def missed_before_first_run(
    times: Sequence[datetime], now: datetime, policy: Missed, *, has_more: bool = False
) -> list[datetime]:
    """Return the missed due times before the first due time that gets a run.

    `times` are past due times in order. With `has_more`, more due times have passed after these.
    Then the newest of `times` are left for a later call.
    """
    if has_more:
        return list(times[: -policy.most])
    wanted = catch_ups(times, now, policy)
    return list(takewhile(lambda due: due not in wanted, times))


def catch_ups(times: Sequence[datetime], now: datetime, policy: Missed) -> set[datetime]:
    """Return the past due times that get a run. A due time up to a minute late is not missed."""
    punctual = [due for due in times if not is_late(due, now)]
    late = times[: len(times) - len(punctual)]
    window = timedelta(seconds=policy.window_seconds)
    in_window = [due for due in late if now - due <= window]
    if policy.policy == "all":
        return {*in_window[-policy.most :], *punctual}
    if policy.policy == "last" and not punctual:
        return {*in_window[-1:]}
    return set(punctual)


def is_late(due: datetime, now: datetime) -> bool:
    """Return whether a due time is so late that its run is a catch-up."""
    return now - due > GRACE
