"""Rows of notice channels, whose URLs are encrypted, and of their rules."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from nbyard.domain.ids import new_id
from nbyard.domain.notices.rules import StoredRule
from nbyard.domain.notices.structs import (
    AutomationNotice,
    Channel,
    ChannelSecret,
    NoticeRule,
    Receiver,
)
from nbyard.reasons.structs import Reason
from nbyard.store import events
from nbyard.store.credentials.queries import ANY_SEALED
from nbyard.store.credentials.vault import Vault
from nbyard.store.database.query_parts import Prepared
from nbyard.store.events import Subject
from nbyard.store.named_rows import NamedRows
from nbyard.store.schema.automation_tables import automations
from nbyard.store.schema.notice_tables import notice_channels, notice_rules
from nbyard.store.schema.project_tables import projects
from nbyard.store.visibility import is_own

C = notice_channels.c
PLAIN = [
    name
    for name in Channel.__struct_fields__
    if name not in ("digest", "rules", "automations", "counts")
]
P, R, S = projects.c, notice_rules.c, automations.c
ANY = Prepared(select(R.id).where(is_own(bindparam("of"), R.owner)).limit(bindparam("most")))


class ChannelRows(NamedRows[Channel]):
    """Queries on channels; queries with an `owner` see only the channels of that owner."""

    stored_in, struct, noun, label = notice_channels, Channel, "channel", "notice channel"

    def __init__(self, vault: Vault):
        self.vault = vault

    def insert_sealed(self, c: Connection, made: Channel, secret: ChannelSecret) -> None:
        """Insert a channel with its URL."""
        row = {name: getattr(made, name) for name in PLAIN}
        row["digest"] = msgspec.to_builtins(made.digest)
        self.insert(c, row | self._sealed_columns(c, made.owner, made.id, secret))

    def change_sealed(
        self, c: Connection, channel: Channel, secret: ChannelSecret | None, **columns: Any
    ) -> None:
        """Update a channel.

        With a new URL, waiting notices are sent at once.

        Raises:
            StaleWrite: its revision has changed.
        """
        if secret is not None:
            columns |= self._sealed_columns(c, channel.owner, channel.id, secret)
            columns |= {"retry_at": None, "error": None}
        self.change(c, channel, **columns)

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
        for row in c.execute(select(C.id, C.sealed).where(is_own(owner, C.owner))).all():
            if sealed := self.vault.resealed(owner, _bound(row.id), row.sealed):
                c.execute(update(notice_channels).where(C.id == row.id).values(sealed=sealed))
                count += 1
        return count

    def _sealed_columns(
        self, c: Connection, owner: str, channel_id: str, secret: ChannelSecret
    ) -> dict[str, Any]:
        sealed_before = c.execute(ANY_SEALED).scalar() or ""
        return {
            "sealed": self.vault.seal(
                owner, _bound(channel_id), {"url": secret.url}, sealed_before
            ),
            "allowed_hosts": secret.allowed_hosts,
            "base_url": secret.base_url,
        }


def _bound(channel_id: str) -> str:
    """Return the name that a sealed URL is bound to; a channel can be renamed."""
    return f"channel {channel_id}"


class RuleRows:
    """Queries on the rules of one owner."""

    def of_owner(self, c: Connection, owner: str) -> list[StoredRule]:
        """Return all rules of an owner, the oldest first."""
        # Most owners have no rules, and this is asked whenever a run ends.
        if not ANY.ask(c, of=owner, most=1):
            return []
        rows = c.execute(select(notice_rules).where(is_own(owner, R.owner)).order_by(R.id))
        return [_stored(row) for row in rows]

    def owners_of(self, c: Connection, event: str) -> list[str]:
        """Return the owners with a rule for an event."""
        rows = c.execute(select(R.owner, R.events)).all()
        return sorted({row.owner for row in rows if event in row.events})

    def of_channels(self, c: Connection, ids: Collection[str]) -> dict[str, list[NoticeRule]]:
        """Return the own rules of channels, by channel ID.

        Rules of automations are left out. The rules name their projects.
        """
        # Users know projects by their names, which may change.
        named = select(notice_rules, P.name.label("project"))
        joined = named.outerjoin(projects, P.id == R.project_id)
        query = joined.where(R.channel_id.in_(ids), R.automation_id == "")
        rules_by_channel: dict[str, list[NoticeRule]] = {}
        for row in c.execute(query.order_by(R.id)):
            rule = msgspec.structs.replace(_stored(row).rule, project=row.project or "")
            rules_by_channel.setdefault(row.channel_id, []).append(rule)
        return rules_by_channel

    def automations_of(self, c: Connection, ids: Collection[str]) -> dict[str, list[str]]:
        """Return the names of the automations that use channels, by the ID of the channel."""
        query = select(R.channel_id, S.name).join(automations, S.id == R.automation_id)
        names_by_channel: dict[str, list[str]] = {}
        for row in c.execute(query.where(R.channel_id.in_(ids)).order_by(S.name)):
            names_by_channel.setdefault(row.channel_id, []).append(row.name)
        return names_by_channel

    def of_automations(
        self, c: Connection, ids: Collection[str]
    ) -> dict[str, list[AutomationNotice]]:
        """Return channels and their events, by the ID of the automation."""
        query = select(R.automation_id, R.events, C.name).join(
            notice_channels, C.id == R.channel_id
        )
        notices_by_automation: dict[str, list[AutomationNotice]] = {}
        for row in c.execute(query.where(R.automation_id.in_(ids)).order_by(R.id)):
            notice = AutomationNotice(row.name, row.events)
            notices_by_automation.setdefault(row.automation_id, []).append(notice)
        return notices_by_automation

    def replace(
        self, c: Connection, owner: str, channel_id: str, rules: Iterable[NoticeRule]
    ) -> None:
        """Replace the rules of a channel, except those of automations."""
        c.execute(delete(notice_rules).where(R.channel_id == channel_id, R.automation_id == ""))
        self._insert(c, [StoredRule(channel_id, owner, rule) for rule in rules])

    def replace_of_automation(
        self,
        c: Connection,
        owner: str,
        automation_id: str,
        chosen: Iterable[tuple[str, NoticeRule]],
    ) -> None:
        """Replace the rules of an automation; each comes with the ID of its channel."""
        self.delete_of_automation(c, automation_id)
        self._insert(c, [StoredRule(channel, owner, r, automation_id) for channel, r in chosen])

    def delete_of_automation(self, c: Connection, automation_id: str) -> None:
        """Delete the rules of an automation."""
        c.execute(delete(notice_rules).where(R.automation_id == automation_id))

    def of_project(self, c: Connection, project_id: str) -> list[tuple[str, NoticeRule]]:
        """Return the rules of a project with the names of their channels."""
        query = select(notice_rules, C.name).join(notice_channels, C.id == R.channel_id)
        rows = c.execute(query.where(R.project_id == project_id).order_by(R.id))
        return [(row.name, _stored(row).rule) for row in rows]

    def move(self, c: Connection, owner: str, old: str, new: str) -> None:
        """Change the path of a file in the rules of an owner."""
        where = is_own(owner, R.owner) & (R.path == old)
        channels = {*c.execute(select(R.channel_id).where(where)).scalars()}
        if old == new or not channels:
            return
        c.execute(update(notice_rules).where(where).values(path=new))
        # Otherwise a change of the channel at the same time would restore the old path.
        revision = {"revision": C.revision + 1}
        c.execute(update(notice_channels).where(C.id.in_(channels)).values(revision))
        for channel_id in sorted(channels):
            events.append(c, "channel", Subject(channel_id, owner), {"change": "changed"})

    def delete_of_project(self, c: Connection, project_id: str) -> None:
        """Delete the rules of a project."""
        c.execute(delete(notice_rules).where(R.project_id == project_id))

    def _insert(self, c: Connection, rules: Sequence[StoredRule]) -> None:
        rows = [
            {
                "id": new_id(),
                "owner": stored.owner,
                "channel_id": stored.channel_id,
                "automation_id": stored.automation_id,
                "events": [*stored.rule.events],
                "path": stored.rule.path,
                "long_factor": stored.rule.long_factor,
                "long_seconds": stored.rule.long_seconds,
                "project_id": stored.rule.project,
            }
            for stored in rules
        ]
        if rows:
            c.execute(insert(notice_rules), rows)


def _stored(row: Row[Any]) -> StoredRule:
    rule = NoticeRule(row.events, row.path, row.long_factor, row.long_seconds, row.project_id)
    return StoredRule(row.channel_id, row.owner, rule, row.automation_id)
