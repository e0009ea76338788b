"""The command that finds which change made a run bad."""

import sys
from typing import Any

import click

from nbyard.cli.output.console import follow_up, print_note, show_json
from nbyard.cli.output.views.bisection_views import (
    change_text,
    cost_text,
    show_outcome,
    show_preview,
)
from nbyard.cli.shared_options import connect, json_option, server_option
from nbyard.domain.bisections.structs import USUAL_LIMIT, Bisection, NewBisection

LOOK_SECONDS = 0.5


@click.command()
@click.argument("good")
@click.argument("bad")
@click.option("--metric", default="", metavar="NODE.NAME", help="Judge runs by a metric.")
@click.option("--threshold", type=float, help="Limit of good values. Default: the middle.")
@click.option("--limit", default=USUAL_LIMIT, show_default=True, help="Start at most N runs.")
@click.option("--dry-run", is_flag=True, help="Show the changes and the number of runs only.")
@click.option("--no-wait", is_flag=True, help="Start the bisection, print its ID and exit.")
@server_option
@json_option
def bisect(dry_run: bool, no_wait: bool, server: str, as_json: bool, **given: Any) -> None:
    """Find the change between a good and a bad run that makes the result bad.

    Runs combinations of the changed parameters, data, code and environments. Such runs use the
    cache and are kept out of history.

    \b
    Examples:
      nbyard runs bisect 12 15
      nbyard runs bisect 12 15 --metric evaluate.accuracy --dry-run
    """
    connection = connect(server)
    body = NewBisection(**given)
    preview = connection.bisections.preview(body=body)
    if dry_run:
        (show_json if as_json else show_preview)(preview)
        return
    made: Bisection = connection.bisections.create(body=body)
    if no_wait:
        (show_json(made) if as_json else click.echo(made.id))
        return
    if not as_json:
        print_note(f"{cost_text(made.changes, made.expected)}.")
        for change in made.changes:
            if change.reason:
                print_note(change_text(change))
    bisection = _watch(connection, made, quiet=as_json)
    (show_json if as_json else show_outcome)(bisection)
    # Scripts see by the exit code that no change was found.
    if bisection.ending not in ("found", "narrowed"):
        raise click.exceptions.Exit(1)


def _watch(connection: Any, bisection: Bisection, *, quiet: bool) -> Bisection:
    """Wait for the end; print each verdict."""
    printed_count = 0
    try:
        while True:
            known = [probe for probe in bisection.probes if probe.verdict]
            for probe in known[printed_count:] if not quiet else ():
                changes = [change_text(bisection.changes[place]) for place in probe.changes]
                print_note(f"{probe.verdict}: {'; '.join(changes) or 'without the changes'}")
            printed_count = len(known)
            if bisection.state != "running":
                return bisection
            connection.wait(LOOK_SECONDS)
            bisection = connection.bisections.get(bisection=bisection.id)
    except KeyboardInterrupt:
        stop = follow_up(f"nbyard bisections cancel {bisection.id}")
        print_note(f"\nThe bisection goes on. {stop} stops it.")
        sys.exit(130)


COMMANDS = (bisect,)
