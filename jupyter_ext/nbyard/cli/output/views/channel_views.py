"""Print notice channels and their notices."""

from typing import Any

from nbyard.cli.output.console import format_age, show_table
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


CHANNEL_COLUMNS: dict[str, Any] = {
    "name": lambda c: c.name,
    "service": lambda c: c.service,
    "address": lambda c: c.address,
    "sent": lambda c: _age(c.sent_at),
    "waiting": lambda c: c.counts.waiting,
    "failed": lambda c: c.counts.failed,
    "error": lambda c: c.error or "",
    "id": lambda c: c.id,
}
NOTICE_COLUMNS: dict[str, Any] = {
    "created": lambda n: format_age(n.created_at),
    "event": lambda n: n.event,
    "about": lambda n: n.title,
    "outcome": lambda n: n.outcome,
    "attempts": lambda n: n.attempts,
    "reason": lambda n: n.reason or "",
    "event id": lambda n: n.event_id,
}
VIEWS: dict[str, Any] = {"channels.get": show_channel}
