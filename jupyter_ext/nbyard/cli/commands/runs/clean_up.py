"""Commands that delete finished runs by rules, now or every day."""

from typing import Any

import click

from nbyard.cli.body_options import body_options
from nbyard.cli.output.console import counted, print_note, show_json
from nbyard.cli.output.views.clean_up_views import show_preview, show_retention
from nbyard.cli.shared_options import confirm, connect, json_option, server_option, shows
from nbyard.domain.runs.clean_up import CleanUpRules, NewRetention

NO_RULE = (
    "Set at least one of --older-than, --keep, --state and --max-size. Otherwise even the newest"
    " successful runs would be deleted."
)


@click.command("clean-up")
@body_options(CleanUpRules)
@click.option("--project", default="", metavar="NAME", help="Only runs of this project.")
@click.option("--dry-run", is_flag=True, help="Only show what would be deleted.")
@click.option("--yes", is_flag=True, help="Delete without asking.")
@server_option
@json_option
def clean_up(
    *, body: CleanUpRules, project: str, dry_run: bool, yes: bool, server: str, as_json: bool
) -> None:
    """Delete finished runs, after showing what is freed.

    Named and kept runs stay. So do runs whose model is deployed, and runs that a pinned node uses.

    \b
    Examples:
      nbyard runs clean-up --older-than 30d --keep 10
      nbyard runs clean-up --state failed --older-than 7d --yes
      nbyard runs clean-up --state cancelled --dry-run
      nbyard runs clean-up --keep 5 --project wine --dry-run
    """
    _check(body)
    runs = connect(server).runs
    preview = runs.preview_clean_up(body, project=project)
    if as_json and dry_run:
        show_json(preview)
        return
    if not as_json:
        show_preview(preview)
    if dry_run or not preview.count:
        return
    if not yes:
        confirm(f"Delete {counted(preview.count, 'run')}?")
    deleted, left = 0, 1
    while left:
        done = runs.clean_up(body, project=project)
        # If another process deleted the runs, or protected them, do not ask for ever.
        deleted, left = deleted + done.deleted, done.left if done.deleted else 0
        if left:
            print_note(f"{deleted} of {preview.count} runs deleted")
    if as_json:
        show_json({"deleted": deleted})
    else:
        click.echo(f"Deleted {counted(deleted, 'run')}. Files are removed in the background.")


@click.command("retention")
@body_options(CleanUpRules)
@click.option("--off", is_flag=True, help="End the daily clean-up.")
@shows(show_retention)
def retention(connection: Any, body: CleanUpRules, off: bool) -> Any:
    """Show or set the rules of the daily clean-up.

    \b
    Examples:
      nbyard runs retention --older-than 90d --keep 20
      nbyard runs retention --off
    """
    if not off and body == CleanUpRules():
        return connection.runs.retention()
    if not off:
        _check(body)
    return connection.runs.set_retention(NewRetention(None if off else body))


def _check(rules: CleanUpRules) -> None:
    if not rules.is_given:
        raise click.UsageError(NO_RULE)


COMMANDS = (clean_up, retention)
