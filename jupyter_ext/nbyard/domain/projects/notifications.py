"""The rules of notice channels in a project file."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from nbyard.domain.notices.structs import DEFAULT_EVENTS, EVENTS, NoticeEvent, NoticeRule


class NotificationEntry(
    msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Events of the project's runs that a channel reports.

    `path` limits the rule to one file, relative to the project's folder. A run is running long
    after `long_factor` times its usual duration, 0 for never, or after `long_seconds`.
    """

    events: list[NoticeEvent] = msgspec.field(default_factory=lambda: [*DEFAULT_EVENTS])
    path: str = ""
    long_factor: float = 2.0
    long_seconds: float | None = None

    def rule(self, folder: str, project_id: str) -> NoticeRule:
        """Return the rule to store. `folder` is the folder of the pushed files."""
        path = f"{folder}/{self.path}" if self.path else ""
        factor = self.long_factor or None  # TOML has no null
        return NoticeRule(self.events, path, factor, self.long_seconds, project_id)


class ChannelRules(msgspec.Struct, frozen=True):
    """The rules of one channel for the runs of one project."""

    rules: list[NotificationEntry]


def in_order(events: Collection[NoticeEvent]) -> list[NoticeEvent]:
    """Return events, each once, in a fixed order, so that lists can be compared."""
    return [event for event in EVENTS if event in events]


def sorted_entries(entries: Iterable[NotificationEntry]) -> list[NotificationEntry]:
    """Return the entries and their events in a fixed order, so that lists can be compared."""
    ordered = [msgspec.structs.replace(entry, events=in_order(entry.events)) for entry in entries]
    # All fields: a float that equals its default is omitted only if it is the very same object.
    return sorted(ordered, key=lambda entry: msgspec.json.encode(msgspec.structs.astuple(entry)))


def entry_of_rule(rule: NoticeRule, path: str) -> NotificationEntry:
    """Return a stored rule as an entry; `path` is relative to the folder of its project."""
    return NotificationEntry(rule.events, path, rule.long_factor or 0.0, rule.long_seconds)


def rules_as_lists(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a project file with the rules of each channel as a list.

    A file has `[notifications.NAME]` for one rule, or `[[notifications.NAME]]` for several.
    """
    notifications = document.get("notifications")
    if not isinstance(notifications, dict):
        return {**document}
    # Only here: JSON, which the command line sends, always has lists.
    lists = {
        name: [rules] if isinstance(rules, dict) else rules for name, rules in notifications.items()
    }
    return {**document, "notifications": lists}
