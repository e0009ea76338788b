"""Print channels and the notices that were sent through them."""

from typing import Any

from nbyard.cli.output.console import columns, format_age, show_table
from nbyard.cli.output.views.automation_views import local_time
from nbyard.cli.output.views.views_by_noun import show_facts
from nbyard.domain.notices.structs import Channel, NoticeRule


def show_channel(channel: Channel) -> None:
    """Print the facts of a channel, one per line, and its rules."""
    digest, counts = channel.digest, channel.counts
    show_facts(
        [
            ("name", channel.name),
            ("service", channel.service),
            ("address", channel.address),
            ("last sent", _age(channel.sent_at)),
            ("last failed", _age(channel.failed_at)),
            ("error", channel.error),
            ("not before", local_time(channel.retry_at)),
            ("waiting", counts.waiting),
            ("failed", counts.failed),
            ("digest", f"beyond {digest.most} messages in {digest.window_seconds} s"),
            ("automations", ", ".join(channel.automations)),
            ("made", format_age(channel.created_at)),
            ("id", channel.id),
        ]
    )
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


def _age(moment: Any) -> str:
    return format_age(moment) if moment else ""


CHANNEL_COLUMNS = columns(
    "name service address sent waiting=counts.waiting failed=counts.failed error id",
    sent=lambda c: _age(c.sent_at),
)
NOTICE_COLUMNS = columns(
    "created=created_at event about=title outcome attempts reason event_id=event_id"
)


VIEWS: dict[str, Any] = {"channels.get": show_channel}
