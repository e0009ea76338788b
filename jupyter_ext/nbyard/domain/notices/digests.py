"""Digests instead of floods: which waiting notices are sent now, and in which messages."""

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
    """Return the groups of notices to send now, one for each message, else when to look again.

    `sent_at` are the times of earlier messages. No window contains more than `limit.most`
    messages: if more notices wait than may follow, all of them share one message. So do notices
    that had to wait for that reason.
    """
    window = timedelta(seconds=limit.window_seconds)
    # A time in the future was written before the clock was set back; it must not block.
    recent = sorted(at for at in sent_at if now - window < at <= now)
    left = limit.most - len(recent)
    if not waiting:
        return [], None
    if left <= 0:
        return [], recent[-limit.most] + window
    if len(waiting) <= left and not were_held:
        return [[notice] for notice in waiting], None
    return [[*waiting]], None
