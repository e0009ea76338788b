"""Digests: several notices share one message if a channel would get too many messages."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from nbyard.domain.notices.structs import DigestLimit


def next_messages(
    waiting: Sequence[str],
    sent_at: Sequence[datetime],
    limit: DigestLimit,
    now: datetime,
    *,
    were_held: bool = False,
) -> tuple[list[list[str]], datetime | None]:
    """Return the groups of notices to send now; if none, also the time to check again.

    Each group is one message. `waiting` are IDs of notices, `sent_at` the times of earlier
    messages. No time window contains more than `limit.most` messages. If more notices wait than
    messages are left, all share one message. So do notices that this limit delayed before
    (`were_held`).
    """
    window = timedelta(seconds=limit.window_seconds)
    # A time in the future was written before the clock was set back; it must not block.
    recent = sorted(at for at in sent_at if now - window < at <= now)
    left = limit.most - len(recent)
    if not waiting:
        return [], None
    if left <= 0:
        # By then, only `limit.most` - 1 messages are left in the window, so that one more fits.
        return [], recent[-limit.most] + window
    if len(waiting) <= left and not were_held:
        return [[notice] for notice in waiting], None
    return [[*waiting]], None
