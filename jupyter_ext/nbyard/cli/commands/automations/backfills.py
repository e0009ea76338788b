"""The command that runs past due times of an automation."""

from typing import Any

import click

from nbyard.cli.body_options import body_options
from nbyard.cli.output.console import print_note
from nbyard.cli.output.views.automation_views import show_backfill_preview
from nbyard.cli.shared_options import shows
from nbyard.domain.automations.backfills import Backfill, BackfillPreview, NewBackfill


def show_started(answer: Backfill | BackfillPreview) -> None:
    """Print what a backfill would run, or what it runs, and its ID."""
    if isinstance(answer, BackfillPreview):
        show_backfill_preview(answer)
        return
    counts = answer.counts
    print_note(f"{counts.waiting + counts.active} due times will run, {counts.skipped} left out")
    click.echo(answer.id)


@click.command()
@click.argument("automation")
@body_options(NewBackfill)
@click.option("--dry-run", is_flag=True, help="Show what would happen, and start nothing.")
@shows(show_started)
def backfill(connection: Any, automation: str, body: NewBackfill, dry_run: bool) -> Any:
    """Run past due times of an automation, the earliest first.

    \b
    Examples:
      nbyard automations backfill report --from 2026-11-01 --until 2026-11-20 --dry-run
      nbyard automations backfill report --from 2026-11-01 --at-once 4
    """
    backfills = connection.backfills
    return (backfills.preview if dry_run else backfills.create)(automation=automation, body=body)


COMMANDS = (backfill,)
