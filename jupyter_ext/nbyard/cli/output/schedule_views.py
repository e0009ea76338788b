"""Print schedules, previews of their due times, and their ticks."""

from datetime import datetime
from typing import Any

import click

from nbyard.cli.output.console import format_age, show_table
from nbyard.cli.output.views_by_noun import show_facts
from nbyard.domain.schedules.structs import Schedule, SchedulePreview
from nbyard.domain.schedules.zones import zone_of


def show_schedule(schedule: Schedule) -> None:
    """Print the facts of a schedule, one per line, and its newest ticks."""
    missed, counts = schedule.missed, schedule.counts
    show_facts(
        [
            ("name", schedule.name),
            ("state", "enabled" if schedule.is_enabled else "disabled"),
            ("when", str(schedule.sentence)),
            ("typed", schedule.words),
            ("runs", schedule.run.path or schedule.run.executable),
            ("files", "pinned" if schedule.mode == "pinned" else "as they are when due"),
            ("next due", local_time(schedule.next_due, schedule.zone)),
            ("notify", ", ".join(f"{n.channel}:{','.join(n.events)}" for n in schedule.notify)),
            ("overlap", schedule.overlap),
            ("missed", f"{missed.policy}, at most {missed.window_seconds} s late"),
            ("started", counts.started),
            ("missed times", counts.missed),
            ("overlapped", counts.overlapped),
            ("failed", counts.failed),
            ("made", format_age(schedule.created_at)),
            ("id", schedule.id),
        ]
    )
    if schedule.recent:
        rows = [[read(tick) for read in TICK_COLUMNS.values()] for tick in schedule.recent]
        show_table(rows, [*TICK_COLUMNS])


def show_state(schedule: Schedule) -> None:
    """Print whether a schedule is enabled, and its next due time."""
    due = local_time(schedule.next_due, schedule.zone)
    state = f"enabled, next run {due}" if schedule.is_enabled else "disabled"
    click.echo(f"{schedule.name}: {state}")


def show_preview(preview: SchedulePreview) -> None:
    """Print a timing in words, then its next due times."""
    click.echo(preview.text)
    for due in preview.next:
        note = f"  {due.note}" if due.note else ""
        click.echo(f"{datetime.fromisoformat(due.local):%a %Y-%m-%d %H:%M:%S %z}{note}")


def local_time(moment: datetime | None, zone: str) -> str:
    """Return a moment in a time zone; empty for none."""
    return f"{moment.astimezone(zone_of(zone)):%a %Y-%m-%d %H:%M:%S %z}" if moment else ""


TICK_COLUMNS: dict[str, Any] = {
    "due": lambda t: t.due_at,
    "outcome": lambda t: t.outcome,
    "times": lambda t: t.count,
    "run": lambda t: t.run_id,
    "state": lambda t: t.run_state or "",
    "reason": lambda t: t.reason or "",
}
VIEWS: dict[str, Any] = {
    "schedules.get": show_schedule,
    "schedules.enable": show_state,
    "schedules.disable": show_state,
}
