"""Commands that create, change and fire triggers."""

from typing import Any

import click

from nbyard.cli.commands.triggers.event_options import (
    event_of,
    event_options,
    fields_of,
    run_options,
)
from nbyard.cli.output.console import print_note, show_json
from nbyard.cli.shared_options import connect, json_option, server_option
from nbyard.cli.stored_runs import (
    changed_run,
    changed_run_options,
    stored_run,
    stored_run_options,
)
from nbyard.cli.typed_values import texts_of
from nbyard.domain.triggers.structs import Fire, NewTrigger, Trigger, TriggerPatch


@click.command()
@click.argument("target", metavar="FILE|EXECUTABLE")
@event_options
@run_options
@click.option("--name", default="", help="Name of the trigger. Default: that of the file.")
@stored_run_options
@click.option("--disabled", is_flag=True, help="Create the trigger without enabling it.")
@server_option
@json_option
def create(target: str, server: str, as_json: bool, **given: Any) -> None:
    """Run a workflow, notebook or executable when something happens.

    \b
    Examples:
      nbyard triggers create report.ipynb --dataset sales
      nbyard triggers create publish.nbflow --after train.nbflow
      nbyard triggers create load.py --files inbox --pattern "*.csv" --from source=path
      nbyard triggers create deploy.nbflow --webhook --from branch=body.ref
    """
    run = stored_run(target, given)
    event = event_of(given)
    if event is None:
        raise click.UsageError(
            "Name the event: --dataset, --after, --files, --webhook or --notebook."
        )
    body = NewTrigger(
        run, event, name=given["name"], is_enabled=not given["disabled"], **fields_of(given)
    )
    made = connect(server).triggers.create(body=body)
    _print_result(made, as_json)


@click.command()
@click.argument("trigger")
@event_options
@run_options
@click.option("--name", help="New name.")
@changed_run_options
@click.option("--refreeze", is_flag=True, help="With pinned files: freeze them again.")
@server_option
@json_option
def update(trigger: str, server: str, as_json: bool, **given: Any) -> None:
    """Change a trigger. Omitted options keep their values.

    \b
    Example:
      nbyard triggers update load --files inbox --pattern "**/*.csv"
    """
    triggers = connect(server).triggers
    record = triggers.get(trigger=trigger)
    more = fields_of(given) | changed_run(record, given)
    if (event := event_of(given)) is not None:
        more["on"] = event
    if given["name"] is not None:
        more["name"] = given["name"]
    body = TriggerPatch(record.revision, refreeze=given["refreeze"], **more)
    _print_result(triggers.update(trigger=record.id, body=body), as_json)


@click.command()
@click.argument("trigger")
@click.option("-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter.")
@server_option
@json_option
def fire(trigger: str, server: str, as_json: bool, params: tuple[str, ...]) -> None:
    """Fire a trigger. Its run starts in the background.

    \b
    Example:
      nbyard triggers fire load -p source=inbox/march.csv
    """
    body = Fire(texts=texts_of(params, ()))
    made = connect(server).triggers.fire(trigger=trigger, body=body)
    if as_json:
        show_json(made)
    else:
        click.echo(made.id)


COMMANDS = (create, update, fire)


def _print_result(made: Trigger, as_json: bool) -> None:
    if as_json:
        show_json(made)
        return
    print_note(f"{made.name}: {made.sentence}")
    if made.address:
        print_note(f"Address: {made.address}, below the URL of the server")
    if made.secret:
        print_note(f"Secret, which is not shown again: {made.secret}")
    click.echo(made.id)
