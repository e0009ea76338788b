"""Stores which notice channels an automation names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nbyard.domain.naming.unique_names import nearest_names
from nbyard.domain.notices.rules import MOST_RULES, check_events
from nbyard.domain.notices.structs import AutomationNotice, NoticeRule
from nbyard.errors import Invalid

if TYPE_CHECKING:
    from nbyard.store import Connection, Store


def replace_notices(
    store: Store, c: Connection, owner: str, automation_id: str, notify: Iterable[AutomationNotice]
) -> None:
    """Replace the channels of an automation.

    Raises:
        Invalid: A channel is unknown or named twice, or has no event.
    """
    chosen: dict[str, NoticeRule] = {}
    for place, notice in enumerate(notify):
        field = f"notify.{place}"
        if place >= MOST_RULES:
            raise Invalid.field("notify", f"there may be at most {MOST_RULES} rules")
        check_events(notice.events, f"{field}.events")
        channel = store.channels.get(c, owner, notice.channel)
        if channel is None:
            names = store.channels.names(c, owner).values()
            present = nearest_names(names, notice.channel[:80])
            why = f"There is no notice channel '{notice.channel[:80]}'; {present}."
            raise Invalid.field(f"{field}.channel", why)
        if channel.id in chosen:
            raise Invalid.field(f"{field}.channel", "the channel is named twice")
        chosen[channel.id] = NoticeRule([*dict.fromkeys(notice.events)])
    store.rules.replace_of_automation(c, owner, automation_id, chosen.items())
