"""Rules of notice channels: their limits, and which events they match."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from nbyard.domain.notices.structs import DigestLimit, NoticeEvent, NoticeRule
from nbyard.domain.paging import check_range
from nbyard.errors import Invalid

MOST_RULES = 50
LEAST_FACTOR, MOST_FACTOR = 1.1, 100.0
LEAST_LONG, MOST_LONG = 1.0, 366 * 86_400.0
MOST_MESSAGES = 1_000
LEAST_WINDOW, MOST_WINDOW = 10, 86_400


class StoredRule(msgspec.Struct, frozen=True):
    """A rule with the ID of its channel.

    `automation_id` limits the rule to one automation; it is empty for rules of the channel itself.
    The `project` of the rule is an ID.
    """

    channel_id: str
    owner: str
    rule: NoticeRule
    automation_id: str = ""


class Occurrence(msgspec.Struct, frozen=True):
    """An event about a run or a due time, before its receivers are known.

    `event_id` is the same whenever the event is reported. `facts` are stored with the notice.
    `projects` are the IDs of those projects that a rule names and to which the event belongs.
    `source_id` is the ID of the automation.
    """

    event: NoticeEvent
    event_id: str
    owner: str
    title: str
    path: str = ""
    source_id: str = ""
    run_id: str = ""
    projects: Collection[str] = ()
    facts: Mapping[str, object] = {}


def check_rules(rules: Sequence[NoticeRule], field: str = "rules") -> None:
    """Check the number of rules, their events and when a run counts as running long.

    Raises:
        Invalid: a field is refused.
    """
    if len(rules) > MOST_RULES:
        raise Invalid.field(field, f"there may be at most {MOST_RULES} rules")
    for place, rule in enumerate(rules):
        check_events(rule.events, f"{field}.{place}.events")
        factor, seconds = rule.long_factor, rule.long_seconds
        check_range(f"{field}.{place}.long_factor", factor, LEAST_FACTOR, MOST_FACTOR)
        check_range(f"{field}.{place}.long_seconds", seconds, LEAST_LONG, MOST_LONG)
        if "running-long" in rule.events and factor is None and seconds is None:
            raise Invalid.field(f"{field}.{place}.long_factor", "a value is needed")


def check_events(events: Collection[str], field: str) -> None:
    """Check that a rule has events.

    Raises:
        Invalid: the list is empty.
    """
    if not events:
        raise Invalid.field(field, "at least one event is needed")


def check_digest(digest: DigestLimit) -> None:
    """Check the limit of messages in a time window, beyond which events share a message.

    Raises:
        Invalid: a number is out of range.
    """
    check_range("digest.most", digest.most, 1, MOST_MESSAGES)
    check_range("digest.window_seconds", digest.window_seconds, LEAST_WINDOW, MOST_WINDOW)


def rule_matches(stored: StoredRule, occurrence: Occurrence) -> bool:
    """Return whether a rule requests a notice about an event."""
    rule = stored.rule
    return (
        stored.owner == occurrence.owner
        and occurrence.event in rule.events
        and rule.path in ("", occurrence.path)
        and rule.project in ("", *occurrence.projects)
        and stored.automation_id in ("", occurrence.source_id)
    )


def wanted_channels(rules: Iterable[StoredRule], occurrence: Occurrence) -> list[str]:
    """Return the IDs of the channels that an event is reported to, each once."""
    return [*dict.fromkeys(rule.channel_id for rule in rules if rule_matches(rule, occurrence))]


def projects_in(rules: Iterable[StoredRule]) -> set[str]:
    """Return the IDs of the projects to which rules are limited."""
    return {stored.rule.project for stored in rules} - {""}


def long_after(rule: NoticeRule, usual_seconds: float | None) -> float | None:
    """Return after how many seconds a run counts as running long; None if unknown."""
    known = [] if rule.long_seconds is None else [rule.long_seconds]
    if rule.long_factor is not None and usual_seconds is not None:
        known.append(rule.long_factor * usual_seconds)
    return min(known, default=None)
