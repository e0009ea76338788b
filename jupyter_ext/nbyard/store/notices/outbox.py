"""The outbox: notices that wait for their message, and those that were sent or given up."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, func, or_, select, update

from nbyard.domain.notices.retries import LONGEST_ASKED
from nbyard.domain.notices.structs import ChannelCounts, Notice
from nbyard.reasons.structs import Reason
from nbyard.store.database.compiled_statements import Prepared
from nbyard.store.database.query_parts import newest_first
from nbyard.store.schema.notice_tables import notice_channels, notices

C, N = notice_channels.c, notices.c
KEPT = 1_000
MOST_AT_ONCE = 500
# A later time was written before the clock was set back.
LATEST = timedelta(seconds=2 * LONGEST_ASKED)
WAITING = Prepared(select(N.id).where(N.outcome == bindparam("how")).limit(bindparam("most")))


class OutboxNotice(msgspec.Struct, frozen=True):
    """A waiting notice with the facts that its message needs."""

    notice: Notice
    owner: str
    facts: dict[str, Any]


class NoticeRows:
    """Queries on notices."""

    def is_waiting(self, c: Connection) -> bool:
        """Return whether any notice waits."""
        return bool(WAITING.ask(c, how="waiting", most=1))

    def due(self, c: Connection, now: datetime) -> list[str]:
        """Return the IDs of channels with notices that may be sent now."""
        is_due = or_(C.retry_at.is_(None), C.retry_at <= now, C.retry_at > now + LATEST)
        query = select(N.channel_id).distinct().join(notice_channels, C.id == N.channel_id)
        return [*c.execute(query.where(N.outcome == "waiting", is_due)).scalars()]

    def next_retry(self, c: Connection, now: datetime) -> datetime | None:
        """Return the earliest later time at which a channel may be tried again."""
        query = select(func.min(C.retry_at)).join(notices, N.channel_id == C.id)
        return c.execute(query.where(N.outcome == "waiting", C.retry_at > now)).scalar()

    def waiting(self, c: Connection, channel_id: str) -> list[OutboxNotice]:
        """Return the notices of a channel that wait, the oldest first."""
        query = select(notices).where(N.outcome == "waiting", N.channel_id == channel_id)
        rows = c.execute(query.order_by(N.id).limit(MOST_AT_ONCE))
        return [OutboxNotice(_notice(row), row.owner, row.facts) for row in rows]

    def sent_times(self, c: Connection, channel_id: str, since: datetime) -> list[datetime]:
        """Return the times after `since` when a channel got a message."""
        recent = (N.channel_id == channel_id) & (N.outcome == "sent") & (N.sent_at > since)
        query = select(func.max(N.sent_at)).where(recent).group_by(N.message_id)
        return [*c.execute(query).scalars()]

    def assign(self, c: Connection, ids: Collection[str], message_id: str) -> None:
        """Put notices into one message. They stay together in all attempts to send it."""
        statement = update(notices).where(N.id.in_(ids), N.message_id == "")
        c.execute(statement.values(message_id=message_id))

    def note_sent(self, c: Connection, channel_id: str, message_id: str, at: datetime) -> None:
        """Record that a message was accepted, and delete the oldest notices of the channel."""
        values = {"outcome": "sent", "sent_at": at, "reason": None, "attempts": N.attempts + 1}
        c.execute(self._of_message(channel_id, message_id).values(**values))
        self._forget(c, channel_id)

    def note_failed(
        self, c: Connection, channel_id: str, message_id: str, why: Reason, *, is_final: bool
    ) -> None:
        """Record why a message was not accepted; a final failure is not tried again."""
        values = {"reason": why, "attempts": N.attempts + 1}
        values |= {"outcome": "failed"} if is_final else {}
        c.execute(self._of_message(channel_id, message_id).values(**values))
        self._forget(c, channel_id)

    def page(
        self, c: Connection, channel_id: str, limit: int, after: str, outcome: str
    ) -> list[Notice]:
        """Return a page of the notices of a channel, newest first.

        An empty `outcome` selects all of them.
        """
        query = select(notices).where(N.channel_id == channel_id)
        query = query.where(N.outcome == outcome) if outcome else query
        return [_notice(row) for row in c.execute(newest_first(query, N.id, limit, after))]

    def counts(self, c: Connection, ids: Sequence[str]) -> dict[str, ChannelCounts]:
        """Return how many notices of channels wait or failed, by the ID of the channel."""
        query = select(N.channel_id, N.outcome, func.count()).group_by(N.channel_id, N.outcome)
        query = query.where(N.channel_id.in_(ids), N.outcome.in_(("waiting", "failed")))
        counts_by_channel: dict[str, dict[str, int]] = {}
        for channel_id, outcome, count in c.execute(query):
            counts_by_channel.setdefault(channel_id, {})[outcome] = count
        return {
            channel_id: ChannelCounts(**counted)
            for channel_id, counted in counts_by_channel.items()
        }

    def _of_message(self, channel_id: str, message_id: str) -> Any:
        of_message = (N.channel_id == channel_id) & (N.message_id == message_id)
        return update(notices).where(of_message, N.outcome == "waiting")

    def _forget(self, c: Connection, channel_id: str) -> None:
        """Delete the oldest notices beyond the number that is kept."""
        newest = select(N.id).where(N.channel_id == channel_id).order_by(N.id.desc())
        oldest = newest.offset(KEPT).limit(1).scalar_subquery()
        # With fewer notices, the subquery is null, and the comparison selects no row.
        old = (N.channel_id == channel_id) & (N.id <= oldest) & (N.outcome != "waiting")
        c.execute(delete(notices).where(old))


def _notice(row: Row[Any]) -> Notice:
    return Notice(**{name: getattr(row, name) for name in Notice.__struct_fields__})
