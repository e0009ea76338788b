"""What happens to due times that passed while no dispatcher ran."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from nbyard.domain.schedules.structs import Missed
from nbyard.errors import Invalid
from nbyard.reasons.structs import because

GRACE = timedelta(seconds=60)
MOST_WINDOW = 31 * 86_400
MOST_CATCH_UPS = 100


class Decision(msgspec.Struct, frozen=True):
    """The due times that get a run, and those that were missed; the rest are decided later."""

    due: list[datetime]
    missed: list[datetime]


def check_missed(policy: Missed) -> None:
    """Check a policy.

    Raises:
        Invalid: a field is refused.
    """
    if not 0 <= policy.window_seconds <= MOST_WINDOW:
        why = because("not-between", least=0, most=MOST_WINDOW)
        raise Invalid.field("missed.window_seconds", why)
    if not 1 <= policy.most <= MOST_CATCH_UPS:
        raise Invalid.field("missed.most", because("not-between", least=1, most=MOST_CATCH_UPS))


def decide(
    times: Sequence[datetime], now: datetime, policy: Missed, *, has_more: bool = False
) -> Decision:
    """Decide about passed due times in order. A due time up to a minute late is not missed.

    With `has_more`, more times passed after these, so the newest of these are left for later.
    """
    if has_more:
        return Decision([], list(times[: -policy.most]))
    window = timedelta(seconds=policy.window_seconds)
    punctual = [due for due in times if now - due <= GRACE]
    late = times[: len(times) - len(punctual)]
    chosen = [due for due in late if now - due <= window]
    if policy.policy == "skip" or (policy.policy == "last" and punctual):
        chosen = []
    elif policy.policy == "last":
        chosen = chosen[-1:]
    else:
        chosen = chosen[-policy.most :]
    runs = set(chosen)
    return Decision([*chosen, *punctual], [due for due in late if due not in runs])


def is_late(due: datetime, now: datetime) -> bool:
    """Return whether a due time is so late that its run is a catch-up."""
    return now - due > GRACE
