"""Print backfills, previews of them, and their ticks."""

from datetime import datetime
from typing import Any

import click

from nbyard.cli.output.console import format_age, show_table
from nbyard.cli.output.schedule_views import local_time
from nbyard.cli.output.views_by_noun import show_facts
from nbyard.domain.schedules.backfills import Backfill, BackfillPreview

FORECASTS = {"run": "run", "succeeded": "already succeeded", "active": "active"}


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
            local_time(one.due_at, backfill.zone),
            one.outcome,
            one.run_id,
            one.run_state or "",
            one.reason or "",
        ]
        for one in backfill.ticks
    ]
    show_table(rows, ["due", "outcome", "run", "state", "reason"])


def show_backfill_preview(preview: BackfillPreview) -> None:
    """Print the due times of a range with what would happen to each."""
    for one in preview.times:
        local = f"{datetime.fromisoformat(one.local):%a %Y-%m-%d %H:%M:%S %z}"
        click.echo(f"{local}  {FORECASTS[one.forecast]}")
    click.echo(f"{preview.runs} of {len(preview.times)} due times would run ({preview.zone})")


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
VIEWS: dict[str, Any] = {"backfills.get": show_backfill, "backfills.cancel": show_backfill}
