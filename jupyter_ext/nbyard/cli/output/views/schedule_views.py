"""Print schedules and backfills, previews of their due times, and their ticks."""

from datetime import datetime
from typing import Any

import click

from nbyard.cli.output.console import format_age, show_table
from nbyard.cli.output.views.views_by_noun import short_value, show_facts
from nbyard.domain.schedules import zones
from nbyard.domain.schedules.backfills import Backfill, BackfillPreview
from nbyard.domain.schedules.structs import Missed, Schedule, SchedulePreview
from nbyard.domain.schedules.zones import zone_of

FORECASTS = {"run": "run", "succeeded": "already succeeded", "active": "active"}

# Settings for every node of the runs, shown if they are set.
OF_RUN = ("runtime", "environment", "kernel", "image", "containers")


def show_schedule(schedule: Schedule) -> None:
    """Print the facts of a schedule, one per line, and its newest ticks."""
    run, missed, counts = schedule.run, schedule.missed, schedule.counts
    values = {**run.parameters, **run.texts}
    show_facts(
        [
            ("name", schedule.name),
            ("state", state_of(schedule)),
            ("when", str(schedule.sentence)),
            ("typed", schedule.words),
            ("runs", run.path or run.executable),
            ("parameters", ", ".join(f"{n}={short_value(v)}" for n, v in values.items())),
            *((name, getattr(run, name)) for name in OF_RUN),
            ("files", "pinned" if schedule.mode == "pinned" else "as they are when due"),
            ("next due", local_time(schedule.next_due, schedule.zone)),
            ("notify", ", ".join(f"{n.channel}:{','.join(n.events)}" for n in schedule.notify)),
            ("overlap", schedule.overlap),
            ("missed", _missed_text(missed)),
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


def _missed_text(missed: Missed) -> str:
    """Return the policy for missed due times, with the limits that apply to it."""
    if missed.policy == "skip":
        return missed.policy
    most = f", at most {missed.most} runs" if missed.policy == "all" else ""
    return f"{missed.policy}, at most {missed.window_seconds} s late{most}"


def show_state(schedule: Schedule) -> None:
    """Print whether a schedule is enabled, and its next due time."""
    due = local_time(schedule.next_due, schedule.zone)
    click.echo(f"{schedule.name}: {state_of(schedule)}{f', next run {due}' if due else ''}")


def state_of(schedule: Schedule) -> str:
    """Return whether a schedule is enabled; without further due times it is finished."""
    if not schedule.is_enabled:
        return "disabled"
    return "enabled" if schedule.next_due else "finished"


def show_preview(preview: SchedulePreview) -> None:
    """Print a timing in words, then its next due times."""
    click.echo(preview.text)
    for due in preview.next:
        note = f"  {due.note}" if due.note else ""
        # The offset distinguishes the two equal times when clocks are set back.
        click.echo(f"{datetime.fromisoformat(due.local):%a %Y-%m-%d %H:%M:%S %z}{note}")


def local_time(moment: datetime | None, zone: str = "") -> str:
    """Return a moment in a time zone, by default that of the shell; empty for none."""
    local = moment and zones.local_time(moment, zone_of(zone) if zone else None)
    return f"{local:%a %Y-%m-%d %H:%M:%S %z}" if local else ""


def show_backfill(backfill: Backfill) -> None:
    """Print the facts of a backfill, one per line, and its ticks."""
    counts = backfill.counts
    show_facts(
        [
            ("schedule", backfill.schedule),
            ("state", backfill.state),
            ("from", local_time(backfill.since, backfill.zone)),
            ("until", local_time(backfill.until, backfill.zone)),
            ("at once", backfill.at_once),
            *((name, getattr(counts, name)) for name in counts.__struct_fields__),
            ("made", format_age(backfill.created_at)),
            ("id", backfill.id),
        ]
    )
    rows = [
        [
            local_time(tick.due_at, backfill.zone),
            tick.outcome,
            tick.run_id,
            tick.run_state or "",
            tick.reason or "",
        ]
        for tick in backfill.ticks
    ]
    show_table(rows, ["due", "outcome", "run", "state", "reason"])


def show_backfill_preview(preview: BackfillPreview) -> None:
    """Print the due times of a range with what would happen to each."""
    for due_time in preview.times:
        local = f"{datetime.fromisoformat(due_time.local):%a %Y-%m-%d %H:%M:%S %z}"
        click.echo(f"{local}  {FORECASTS[due_time.forecast]}")
    click.echo(f"{preview.runs} of {len(preview.times)} due times would run ({preview.zone})")


TICK_COLUMNS: dict[str, Any] = {
    "due": lambda t: t.due_at,
    "outcome": lambda t: t.outcome,
    "times": lambda t: t.count,
    "run": lambda t: t.run_id,
    "state": lambda t: t.run_state or "",
    "reason": lambda t: t.reason or "",
}
BACKFILL_COLUMNS: dict[str, Any] = {
    "schedule": lambda b: b.schedule,
    "state": lambda b: b.state,
    "from": lambda b: local_time(b.since, b.zone),
    "until": lambda b: local_time(b.until, b.zone),
    "waiting": lambda b: b.counts.waiting,
    "active": lambda b: b.counts.active,
    "succeeded": lambda b: b.counts.succeeded,
    "failed": lambda b: b.counts.failed,
    "id": lambda b: b.id,
}
VIEWS: dict[str, Any] = {
    "backfills.get": show_backfill,
    "backfills.cancel": show_backfill,
    "schedules.get": show_schedule,
    "schedules.enable": show_state,
    "schedules.disable": show_state,
}
