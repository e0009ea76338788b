"""Rows of rules: the events that a channel reports, of all runs, of a project or automation."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from nbyard.domain.ids import new_id
from nbyard.domain.notices.rules import StoredRule
from nbyard.domain.notices.structs import AutomationNotice, NoticeRule
from nbyard.store import events
from nbyard.store.database.compiled_statements import Prepared
from nbyard.store.events import Subject
from nbyard.store.schema.automation_tables import automations
from nbyard.store.schema.notice_tables import notice_channels, notice_rules
from nbyard.store.schema.project_tables import projects

C, P, R, S = notice_channels.c, projects.c, notice_rules.c, automations.c
ANY = Prepared(select(R.id).where(R.owner == bindparam("of")).limit(bindparam("most")))


class RuleRows:
    """Queries on the rules of one owner."""

    def of_owner(self, c: Connection, owner: str) -> list[StoredRule]:
        """Return all rules of an owner, the oldest first."""
        # Most owners have no rules, and this is asked whenever a run ends.
        if not ANY.ask(c, of=owner, most=1):
            return []
        rows = c.execute(select(notice_rules).where(R.owner == owner).order_by(R.id))
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
        notices_by_schedule: dict[str, list[AutomationNotice]] = {}
        for row in c.execute(query.where(R.automation_id.in_(ids)).order_by(R.id)):
            notice = AutomationNotice(row.name, row.events)
            notices_by_schedule.setdefault(row.automation_id, []).append(notice)
        return notices_by_schedule

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
        where = (R.owner == owner) & (R.path == old)
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
