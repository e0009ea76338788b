"""Commands that create, change and fire triggers.

The options that say which event fires a trigger, and what its runs use.
"""

from typing import Any, get_args

import click

from nbyard.cli.output.console import print_note, show_json
from nbyard.cli.shared_options import connect, json_option, server_option, with_options
from nbyard.cli.stored_runs import (
    changed_run,
    changed_run_options,
    stored_run,
    stored_run_options,
)
from nbyard.cli.typed_values import parse_pairs, texts_of
from nbyard.domain.runs.causes import Change
from nbyard.domain.triggers.structs import (
    Fire,
    NewTrigger,
    OnDataset,
    OnFile,
    OnNotebook,
    OnWebhook,
    OnWorkflow,
    Trigger,
    TriggerEvent,
    TriggerPatch,
)

OF_FILES = {"pattern": "pattern", "changes": "changes", "settle": "settle_seconds"}


def event_options(command: Any) -> Any:
    """Add the options that say which event fires a trigger."""
    return with_options(
        command,
        click.option("--dataset", metavar="NAME", help="A version of this dataset is ready."),
        click.option("--after", metavar="NAME", help="A run of this file or executable ended."),
        click.option(
            "--outcome",
            type=click.Choice(["succeeded", "failed", "either"]),
            help="With --after: how the run ended. Default: succeeded.",
        ),
        click.option("--files", metavar="PATH", help="A file, or files in this folder, change."),
        click.option("--pattern", help="With --files: such as *.csv or **/*.csv. Default: *."),
        click.option(
            "--change",
            "changes",
            multiple=True,
            type=click.Choice(get_args(Change)),
            help="With --files: a change that counts. Default: created and modified.",
        ),
        click.option(
            "--settle",
            type=float,
            metavar="SECONDS",
            help="With --files: a file is complete if unchanged for so long. Default: 2.",
        ),
        click.option("--webhook", is_flag=True, help="A signed message arrives over HTTP."),
        click.option(
            "--per-minute",
            type=int,
            metavar="N",
            help="With --webhook: accept at most N messages per minute. Default: 60.",
        ),
        click.option("--notebook", is_flag=True, help="A notebook or program fires it."),
    )


def run_options(command: Any) -> Any:
    """Add the options about the runs of a trigger."""
    return with_options(
        command,
        click.option(
            "--from",
            "values_from",
            multiple=True,
            metavar="NAME=FIELD",
            help="Take a parameter from the event, such as file=path or city=body.city.",
        ),
        click.option(
            "--overlap",
            type=click.Choice(["skip", "queue", "replace"]),
            help="While a run is active: skip the event, queue it, or replace the run.",
        ),
        click.option(
            "--pinned/--follow",
            default=None,
            help="Use the files as they are now, or (default) when the trigger fires.",
        ),
    )


def event_of(given: dict[str, Any]) -> TriggerEvent | None:
    """Return the event of the given options, None without any.

    Raises:
        UsageError: the options name several events, or an option belongs to another one.
    """
    kinds = ("dataset", "after", "files", "webhook", "notebook")
    named = [name for name in kinds if given[name]]
    if len(named) > 1:
        raise click.UsageError(f"Name one event, not --{named[0]} and --{named[1]}.")
    kind = named[0] if named else ""
    of_files = [(option, "files") for option in OF_FILES]
    for option, of in (("outcome", "after"), ("per_minute", "webhook"), *of_files):
        if given[option] and of != kind:
            raise click.UsageError(f"--{option.replace('_', '-')} needs --{of}.")
    if kind == "dataset":
        return OnDataset(given["dataset"])
    if kind == "after":
        return OnWorkflow(given["after"], given["outcome"] or "succeeded")
    if kind == "files":
        more = {field: given[option] for option, field in OF_FILES.items() if given[option]}
        return OnFile(given["files"], **more)
    if kind == "webhook":
        return OnWebhook(given["per_minute"]) if given["per_minute"] else OnWebhook()
    return OnNotebook() if kind else None


def fields_of(given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of the given options."""
    fields: dict[str, Any] = {}
    if given["overlap"] is not None:
        fields["overlap"] = given["overlap"]
    if given["pinned"] is not None:
        fields["mode"] = "pinned" if given["pinned"] else "follows"
    if given["values_from"]:
        fields["values_from"] = parse_pairs("--from", given["values_from"], "NAME=FIELD")
    return fields


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
