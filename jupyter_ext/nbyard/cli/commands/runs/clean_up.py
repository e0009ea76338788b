"""Commands that delete finished runs by rules, now or every day."""

import re
from typing import Any

import click
import msgspec

from nbyard.cli.output.console import print_note, show_json
from nbyard.cli.output.views.clean_up_views import count_of_runs, rules_text, show_preview
from nbyard.cli.shared_options import confirm, connect, json_option, server_option, with_options
from nbyard.domain.runs.clean_up import CleanUpRules, NewRetention
from nbyard.domain.runs.retention import PolicyRules
from nbyard.domain.state_machines import RUN

AGE = re.compile(r"(\d+(?:\.\d+)?)\s*([hdw])")
DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0}
# Who writes 2.5 means gigabytes, and 2.5 bytes would delete nearly all. So only 0 needs no unit.
SIZE = re.compile(r"(0|\d+(?:\.\d+)?(?=\s*[kMGTB]))\s*([kMGT]?)B?", re.IGNORECASE)
NO_RULE = (
    "Set at least one of --older-than, --keep, --state and --max-size. Otherwise even the newest"
    " successful runs would be deleted."
)
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def days_of(text: str) -> float:
    """Return the days of an age such as 12h, 30d or 4w.

    Raises:
        BadParameter: the text is no age.
    """
    match = AGE.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text!r} is not an age; write 12h, 30d or 4w")
    return float(match[1]) * DAYS[match[2]]


def bytes_of_size(text: str) -> int:
    """Return the bytes of a size such as 500MB or 20GB.

    Raises:
        BadParameter: the text is no size.
    """
    match = SIZE.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text!r} is not a size with a unit; write 500MB or 20GB")
    return int(float(match[1]) * UNITS[match[2].lower()])


def policy_options(command: Any) -> Any:
    """Add the options that are rules of a policy."""
    return with_options(
        command,
        click.option(
            "--older-than",
            type=days_of,
            metavar="AGE",
            help="Only runs that finished this long ago: 12h, 30d, 4w.",
        ),
        click.option(
            "--keep", type=int, metavar="N", help="Keep the newest N runs of each workflow."
        ),
        click.option(
            "--state",
            "states",
            multiple=True,
            type=click.Choice(sorted(RUN.terminal)),
            help="Only runs in this state. Repeatable.",
        ),
        click.option(
            "--max-size",
            type=bytes_of_size,
            metavar="SIZE",
            help="Delete the oldest until all outputs fit into SIZE, such as 20GB. The newest"
            " successful run of each workflow goes last.",
        ),
    )


def rule_options(command: Any) -> Any:
    """Add the options that are rules of a clean-up."""
    workflow = click.option(
        "--workflow", default="", metavar="FILE", help="Only runs of this workflow or file."
    )
    return policy_options(workflow(command))


@click.command("clean-up")
@rule_options
@click.option("--project", default="", metavar="NAME", help="Only runs of this project.")
@click.option("--dry-run", is_flag=True, help="Only show what would be deleted.")
@click.option("--yes", is_flag=True, help="Delete without asking.")
@server_option
@json_option
def clean_up(
    *, project: str, dry_run: bool, yes: bool, server: str, as_json: bool, **rules: Any
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
    body = _given_rules(rules)
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
        confirm(f"Delete {count_of_runs(preview.count)}?")
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
        click.echo(f"Deleted {count_of_runs(deleted)}. Files are removed in the background.")


@click.command("retention")
@rule_options
@click.option("--off", is_flag=True, help="End the daily clean-up.")
@server_option
@json_option
def retention(*, off: bool, server: str, as_json: bool, **rules: Any) -> None:
    """Show or set the rules of the daily clean-up.

    \b
    Examples:
      nbyard runs retention --older-than 90d --keep 20
      nbyard runs retention --off
    """
    runs = connect(server).runs
    if off:
        stored_retention = runs.set_retention(NewRetention(None))
    elif _rules(rules) != CleanUpRules():
        stored_retention = runs.set_retention(NewRetention(_given_rules(rules)))
    else:
        stored_retention = runs.retention()
    if as_json:
        show_json(stored_retention)
    elif stored_retention.rules is None:
        click.echo("No daily clean-up. Finished runs stay until you delete them.")
    else:
        click.echo(f"Every day, nbyard deletes runs {rules_text(stored_retention.rules)}.")


def _rules(given: dict[str, Any]) -> CleanUpRules:
    return msgspec.structs.replace(policy_rules(given).as_clean_up, workflow=given["workflow"])


def _given_rules(given: dict[str, Any]) -> CleanUpRules:
    if policy_rules(given) == PolicyRules():
        raise click.UsageError(NO_RULE)
    return _rules(given)


def policy_rules(given: dict[str, Any]) -> PolicyRules:
    """Return the rules of the options of a policy."""
    return PolicyRules(
        older_than_days=given["older_than"],
        keep=given["keep"],
        states=list(given["states"]),
        max_bytes=given["max_size"],
    )


COMMANDS = (clean_up, retention)
