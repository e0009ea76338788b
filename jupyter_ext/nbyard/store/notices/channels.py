"""Rows of notice channels; their URLs are encrypted."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, delete, insert, select, update

from nbyard.domain.notices.structs import Channel, ChannelSecret, DigestLimit, Receiver
from nbyard.reasons.structs import Reason
from nbyard.store import events
from nbyard.store.credentials.queries import ANY_SEALED
from nbyard.store.credentials.vault import Vault
from nbyard.store.database.query_parts import newest_first, with_text
from nbyard.store.events import Subject
from nbyard.store.schema.notice_tables import notice_channels

C = notice_channels.c
PLAIN = [
    name
    for name in Channel.__struct_fields__
    if name not in ("digest", "rules", "schedules", "counts")
]


class ChannelRows:
    """Queries on channels; queries with an `owner` see only the channels of that owner."""

    def __init__(self, vault: Vault):
        self.vault = vault

    def insert(self, c: Connection, made: Channel, secret: ChannelSecret) -> None:
        """Insert a channel, and append its event."""
        row = {name: getattr(made, name) for name in PLAIN}
        row["digest"] = msgspec.to_builtins(made.digest)
        c.execute(
            insert(notice_channels), [row | self._sealed_columns(c, made.owner, made.id, secret)]
        )
        self.append_event(c, made.id, made.owner, "created")

    def append_event(self, c: Connection, channel_id: str, owner: str, change: str) -> None:
        """Append an event about a channel."""
        events.append(c, "channel", Subject(channel_id, owner), {"change": change})

    def get(self, c: Connection, owner: str, key: str) -> Channel | None:
        """Return a channel by ID, else by name."""
        query = select(notice_channels).where(C.owner == owner, (C.id == key) | (C.name == key))
        row = c.execute(query.order_by((C.id == key).desc())).first()
        return _channel(row) if row else None

    def by_id(self, c: Connection, channel_id: str) -> Channel | None:
        """Return a channel of any owner, for the dispatcher."""
        row = c.execute(select(notice_channels).where(C.id == channel_id)).first()
        return _channel(row) if row else None

    def names(self, c: Connection, owner: str) -> dict[str, str]:
        """Return all names by ID."""
        rows = c.execute(select(C.id, C.name).where(C.owner == owner))
        return {row.id: row.name for row in rows}

    def page(self, c: Connection, owner: str, limit: int, after: str, search: str) -> list[Channel]:
        """Return a page of channels, newest first."""
        query = with_text(select(notice_channels).where(C.owner == owner), search, C.name)
        return [_channel(row) for row in c.execute(newest_first(query, C.id, limit, after))]

    def change(
        self, c: Connection, channel: Channel, secret: ChannelSecret | None, **columns: Any
    ) -> bool:
        """Update a channel if its revision is unchanged; return whether it was.

        With a new URL, waiting notices are sent at once.
        """
        same = and_(C.id == channel.id, C.revision == channel.revision)
        values = {"revision": channel.revision + 1, "updated_at": datetime.now(UTC), **columns}
        if secret is not None:
            values |= self._sealed_columns(c, channel.owner, channel.id, secret)
            values |= {"retry_at": None, "error": None}
        if c.execute(update(notice_channels).where(same).values(**values)).rowcount != 1:
            return False
        self.append_event(c, channel.id, channel.owner, "changed")
        return True

    def delete(self, c: Connection, channel: Channel) -> None:
        """Delete a channel with its rules and notices."""
        c.execute(delete(notice_channels).where(C.id == channel.id))
        self.append_event(c, channel.id, channel.owner, "deleted")

    def secret(self, c: Connection, channel: Channel) -> ChannelSecret:
        """Return the decrypted URL of a channel, with the hosts that it may reach.

        Raises:
            StoreUnusable: the encryption key is missing.
            Conflict: the sealed URL was changed outside of nbyard.
        """
        query = select(C.sealed, C.allowed_hosts, C.base_url).where(C.id == channel.id)
        row = c.execute(query).one()
        fields = self.vault.open(channel.owner, _bound(channel.id), row.sealed)
        return ChannelSecret(fields["url"], row.allowed_hosts, row.base_url)

    def with_url(self, c: Connection, channel: Channel) -> Receiver:
        """Return where the messages of a channel go, with its URL.

        It raises the errors of `secret`.
        """
        secret = self.secret(c, channel)
        return Receiver(secret.url, channel.kind, channel.service, secret.allowed_hosts)

    def note_sent(self, c: Connection, channel: Channel, at: datetime) -> None:
        """Record that the channel accepted a message."""
        values = {"sent_at": at, "error": None, "retry_at": None}
        c.execute(update(notice_channels).where(C.id == channel.id).values(**values))
        self.append_event(c, channel.id, channel.owner, "sent")

    def note_failed(
        self, c: Connection, channel: Channel, at: datetime, why: Reason, retry_at: datetime | None
    ) -> None:
        """Record why the channel did not accept a message, and when it is tried again."""
        values = {"failed_at": at, "error": why, "retry_at": retry_at}
        c.execute(update(notice_channels).where(C.id == channel.id).values(**values))
        self.append_event(c, channel.id, channel.owner, "failed")

    def pause_until(self, c: Connection, channel: Channel, until: datetime) -> None:
        """Send nothing before a time, because the channel received many messages."""
        c.execute(update(notice_channels).where(C.id == channel.id).values(retry_at=until))

    def reseal_all(self, c: Connection, owner: str) -> int:
        """Encrypt the owner's URLs with older keys again.

        They get the newest key. Return their number.
        """
        count = 0
        for row in c.execute(select(C.id, C.sealed).where(C.owner == owner)).all():
            if sealed := self.vault.resealed(owner, _bound(row.id), row.sealed):
                c.execute(update(notice_channels).where(C.id == row.id).values(sealed=sealed))
                count += 1
        return count

    def _sealed_columns(
        self, c: Connection, owner: str, channel_id: str, secret: ChannelSecret
    ) -> dict[str, Any]:
        beside = c.execute(ANY_SEALED).scalar() or ""
        return {
            "sealed": self.vault.seal(owner, _bound(channel_id), {"url": secret.url}, beside),
            "allowed_hosts": secret.allowed_hosts,
            "base_url": secret.base_url,
        }


def _bound(channel_id: str) -> str:
    """Return the name that a sealed URL is bound to; a channel can be renamed."""
    return f"channel {channel_id}"


def _channel(row: Row[Any]) -> Channel:
    fields = {name: getattr(row, name) for name in PLAIN}
    return Channel(**fields, digest=msgspec.convert(row.digest, DigestLimit))
