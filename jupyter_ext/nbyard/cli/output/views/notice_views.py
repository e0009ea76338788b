"""Print channels and the notices that were sent through them."""

from typing import Any

from nbyard.cli.output.console import columns, show_table
from nbyard.cli.output.views.automation_views import local_time
from nbyard.cli.output.views.views_by_noun import facts_of, show_facts
from nbyard.domain.notices.structs import Channel, NoticeRule


def show_channel(channel: Channel) -> None:
    """Print the facts of a channel, one per line, and its rules."""
    facts = facts_of(
        channel,
        "name service address last_sent=sent_at last_failed=failed_at error not_before"
        " waiting=counts.waiting failed=counts.failed digest automations made=created_at id",
        not_before=lambda c: local_time(c.retry_at),
        digest=lambda c: f"beyond {c.digest.most} messages in {c.digest.window_seconds} s",
    )
    show_facts(facts)
    if channel.rules:
        show_table(
            [_rule(rule) for rule in channel.rules], ["events", "file", "project", "long after"]
        )


def _rule(rule: NoticeRule) -> list[str]:
    limits = []
    if "running-long" in rule.events:
        limits = [f"{rule.long_factor:g} × usual"] if rule.long_factor is not None else []
        limits += [f"{rule.long_seconds:g} s"] if rule.long_seconds is not None else []
    return [", ".join(rule.events), rule.path or "all", rule.project or "all", " or ".join(limits)]


CHANNEL_COLUMNS = columns(
    "name service address sent=sent_at waiting=counts.waiting failed=counts.failed error id"
)
NOTICE_COLUMNS = columns(
    "created=created_at event about=title outcome attempts reason event_id=event_id"
)


VIEWS: dict[str, Any] = {"channels.get": show_channel}
