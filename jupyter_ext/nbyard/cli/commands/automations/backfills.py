"""The command that runs past due times of an automation."""

from typing import Any

import click

from nbyard.cli.commands.automations.verbs import MOMENTS
from nbyard.cli.output.console import print_note, show_json
from nbyard.cli.output.views.automation_views import show_backfill_preview
from nbyard.cli.shared_options import connect, json_option, server_option
from nbyard.domain.automations.backfills import NewBackfill


@click.command()
@click.argument("automation")
@click.option("--from", "since", type=click.DateTime(MOMENTS), required=True, help="First moment.")
@click.option("--until", type=click.DateTime(MOMENTS), help="Last moment. Default: now.")
@click.option("--at-once", default=1, metavar="N", help="Run at most N at a time. Default: 1.")
@click.option("--again", is_flag=True, help="Repeat due times that have a succeeded run.")
@click.option("--dry-run", is_flag=True, help="Show what would happen, and start nothing.")
@server_option
@json_option
def backfill(automation: str, dry_run: bool, server: str, as_json: bool, **given: Any) -> None:
    """Run past due times of an automation, the earliest first.

    \b
    Examples:
      nbyard automations backfill report --from 2026-11-01 --until 2026-11-20 --dry-run
      nbyard automations backfill report --from 2026-11-01 --at-once 4
    """
    body = NewBackfill(**given)
    backfills = connect(server).backfills
    if dry_run:
        preview = backfills.preview(automation=automation, body=body)
        (show_json if as_json else show_backfill_preview)(preview)
        return
    made = backfills.create(automation=automation, body=body)
    if as_json:
        show_json(made)
        return
    counts = made.counts
    print_note(f"{counts.waiting + counts.active} due times will run, {counts.skipped} left out")
    click.echo(made.id)


COMMANDS = (backfill,)
