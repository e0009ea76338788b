"""Print triggers and their firings."""

from typing import Any

import click

from nbyard.cli.output.console import format_age, show_table
from nbyard.cli.output.views.views_by_noun import show_facts
from nbyard.domain.triggers.sentences import cause_reason
from nbyard.domain.triggers.structs import Trigger


def show_trigger(trigger: Trigger) -> None:
    """Print the facts of a trigger, one per line, and its newest firings."""
    counts = trigger.counts
    values = [f"{name} = {field}" for name, field in trigger.values_from.items()]
    show_facts(
        [
            ("name", trigger.name),
            ("state", "enabled" if trigger.is_enabled else "disabled"),
            ("when", str(trigger.sentence)),
            ("runs", trigger.run.path or trigger.run.executable),
            ("values", ", ".join(values)),
            ("files", "pinned" if trigger.mode == "pinned" else "as they are when it fires"),
            ("overlap", trigger.overlap),
            ("address", trigger.address),
            ("started", counts.started),
            ("overlapped", counts.overlapped),
            ("failed", counts.failed),
            ("made", format_age(trigger.created_at)),
            ("id", trigger.id),
        ]
    )
    if trigger.recent:
        rows = [[read(firing) for read in FIRING_COLUMNS.values()] for firing in trigger.recent]
        show_table(rows, [*FIRING_COLUMNS])


def show_state(trigger: Trigger) -> None:
    """Print whether a trigger is enabled."""
    click.echo(f"{trigger.name}: {'enabled' if trigger.is_enabled else 'disabled'}")


def show_secret(trigger: Trigger) -> None:
    """Print the new secret of a webhook."""
    click.echo(trigger.secret)


FIRING_COLUMNS: dict[str, Any] = {
    "at": lambda f: f.created_at,
    "event": lambda f: cause_reason(f.cause),
    "outcome": lambda f: f.outcome,
    "run": lambda f: f.run_id,
    "state": lambda f: f.run_state or "",
    "reason": lambda f: f.reason or "",
}
VIEWS: dict[str, Any] = {
    "triggers.get": show_trigger,
    "triggers.enable": show_state,
    "triggers.disable": show_state,
    "triggers.rotate": show_secret,
}
