"""Commands that create, change, preview and fire automations."""

import shlex
from typing import Any, get_args

import click

from nbyard.cli.body_options import field_options
from nbyard.cli.commands.notices.options import automation_notices
from nbyard.cli.output.console import print_note
from nbyard.cli.output.views.automation_views import local_time, show_preview
from nbyard.cli.shared_options import shows, with_options
from nbyard.cli.stored_runs import changed_run, changed_run_options, stored_run, stored_run_options
from nbyard.cli.typed_values import texts_of
from nbyard.domain.automations.structs import (
    Automation,
    AutomationPatch,
    Fire,
    Firing,
    NewAutomation,
    On,
    OnDataset,
    OnFile,
    OnNotebook,
    OnRun,
    OnWebhook,
    TimePreviewRequest,
)
from nbyard.domain.automations.times.structs import Phrase
from nbyard.domain.runs.origins import Change

WHEN = 'When runs are due: "weekdays 8:00", "every 15 minutes", "0 8 * * 1-5" …'
# The limit of the server.
ALL = 500
STARTS = ("at", "on_dataset", "on_run", "on_file", "on_webhook", "on_notebook")
# Options of one start: the option, the field it sets, and the start that it belongs to.
OF_STARTS = (
    ("outcome", "outcome", "on_run"),
    ("pattern", "pattern", "on_file"),
    ("changes", "changes", "on_file"),
    ("settle", "settle_seconds", "on_file"),
    ("per_minute", "most_per_minute", "on_webhook"),
)


def start_options(command: Any) -> Any:
    """Add the options that say what starts a run."""
    return with_options(
        command,
        click.option("--at", metavar="WHEN", help=WHEN),
        click.option("--on-dataset", metavar="NAME", help="A version of this dataset is ready."),
        click.option("--on-run", metavar="NAME", help="A run of this file or executable ended."),
        click.option(
            "--outcome",
            type=click.Choice(["succeeded", "failed", "either"]),
            help="With --on-run: how the run ended. Default: succeeded.",
        ),
        click.option("--on-file", metavar="PATH", help="A file, or files in this folder, change."),
        click.option("--pattern", help="With --on-file: such as *.csv or **/*.csv. Default: *."),
        click.option(
            "--change",
            "changes",
            multiple=True,
            type=click.Choice(get_args(Change)),
            help="With --on-file: a change that counts. Default: created and modified.",
        ),
        click.option(
            "--settle",
            type=float,
            metavar="SECONDS",
            help="With --on-file: a file is complete if unchanged for so long. Default: 2.",
        ),
        click.option("--on-webhook", is_flag=True, help="A signed message arrives over HTTP."),
        click.option(
            "--per-minute",
            type=int,
            metavar="N",
            help="With --on-webhook: accept at most N messages per minute. Default: 60.",
        ),
        click.option("--on-notebook", is_flag=True, help="A notebook or program fires it."),
    )


def start_of(given: dict[str, Any]) -> On | None:
    """Return what the given options say starts a run, None without any.

    Raises:
        UsageError: the options name several starts, or an option belongs to another one.
    """
    named = [name for name in STARTS if given[name]]
    if len(named) > 1:
        raise click.UsageError(f"Name one start, not {_option(named[0])} and {_option(named[1])}.")
    kind = named[0] if named else ""
    for option, _, of in OF_STARTS:
        if given[option] and of != kind:
            raise click.UsageError(f"{_option(option)} needs {_option(of)}.")
    more = {field: given[option] for option, field, _ in OF_STARTS if given[option]}
    makers: dict[str, Any] = {
        "at": lambda: Phrase(given["at"]),
        "on_dataset": lambda: OnDataset(given["on_dataset"]),
        "on_run": lambda: OnRun(given["on_run"], **more),
        "on_file": lambda: OnFile(given["on_file"], **more),
        "on_webhook": lambda: OnWebhook(**more),
        "on_notebook": OnNotebook,
    }
    on: On | None = makers[kind]() if kind else None
    return on


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def show_saved(automation: Automation) -> None:
    """Print what an automation does and its ID."""
    print_note(f"{automation.name}: {automation.sentence}")
    if automation.next_due is not None:
        print_note(f"Next run: {local_time(automation.next_due, automation.zone)}")
    if automation.address:
        print_note(f"Address: {automation.address}, below the URL of the server")
    if automation.secret:
        print_note(f"Secret, which is not shown again: {automation.secret}")
    click.echo(automation.id)


@click.command()
@click.argument("target", metavar="FILE|EXECUTABLE")
@start_options
@field_options(NewAutomation)
@click.option(
    "--notify",
    multiple=True,
    metavar="CHANNEL[:EVENT,…]",
    help="Channel that reports events of this automation. Default: failed, recovered,"
    " automation-missed.",
)
@stored_run_options
@shows(show_saved)
def create(connection: Any, target: str, fields_for: Any, **given: Any) -> Any:
    """Run a workflow, notebook or executable at set times, or when something happens.

    \b
    Examples:
      nbyard automations create report.ipynb --at "weekdays 8:00" --zone Europe/Berlin
      nbyard automations create train.py --at "0 2 * * *" --until 2027-06-30 -p epochs=5
      nbyard automations create report.ipynb --on-dataset sales --notify mail:failed
      nbyard automations create publish.nbflow --on-run train.nbflow
      nbyard automations create load.py --on-file inbox --pattern "*.csv" --value source=path
      nbyard automations create deploy.nbflow --on-webhook --value branch=body.ref
    """
    run = stored_run(target, given)
    on = start_of(given)
    if on is None:
        raise click.UsageError(f"Name what starts a run: {', '.join(map(_option, STARTS))}.")
    body = NewAutomation(run, on, notify=automation_notices(given["notify"]), **fields_for())
    if not body.name and isinstance(on, Phrase):
        _refuse_same(connection.automations, body)
    return connection.automations.create(body=body)


def _refuse_same(automations: Any, body: NewAutomation) -> None:
    """Refuse a second automation of a file at the same times, unless it has a name of its own."""
    path = body.run.path or ""
    for known in automations.list(limit=ALL, path=path).items:
        is_same_code = path or known.run.executable == body.run.executable
        if is_same_code and known.on == body.on and body.zone in ("", known.zone):
            name = shlex.quote(known.name)
            raise click.UsageError(
                f"The automation {known.name} runs it at these times. Change it with nbyard"
                f" automations update {name}, or create another one with --name NAME."
            )


@click.command()
@click.argument("automation")
@start_options
@field_options(AutomationPatch)
@click.option(
    "--notify",
    multiple=True,
    metavar="CHANNEL[:EVENT,…]",
    help="Replace the channels of the automation.",
)
@changed_run_options
@shows(show_saved)
def update(connection: Any, automation: str, fields_for: Any, **given: Any) -> Any:
    """Change an automation. Omitted options keep their values.

    \b
    Examples:
      nbyard automations update report --at "weekdays 7:30"
      nbyard automations update report -p epochs=10 --environment train@2
      nbyard automations update load --on-file inbox --pattern "**/*.csv"
    """
    record = connection.automations.get(automation=automation)
    fields = fields_for(record) | changed_run(record, given)
    if (on := start_of(given)) is not None:
        fields["on"] = on
    if given["notify"]:
        fields["notify"] = automation_notices(given["notify"])
    body = AutomationPatch(**fields)
    return connection.automations.update(automation=record.id, body=body)


@click.command()
@click.option("--at", required=True, metavar="WHEN", help=WHEN)
@field_options(TimePreviewRequest)
@shows(show_preview)
def preview(connection: Any, at: str, fields_for: Any) -> Any:
    """Explain a time and show its next due times.

    \b
    Examples:
      nbyard automations preview --at "weekdays 8:00" --zone Europe/Berlin
      nbyard automations preview --at "30 2 * * *" --count 10
    """
    return connection.automations.preview(body=TimePreviewRequest(Phrase(at), **fields_for()))


def show_fired(firing: Firing) -> None:
    """Print which run a firing started and the ID of the firing."""
    print_note(f"Run {firing.run_id} started." if firing.run_id else "The run starts soon.")
    click.echo(firing.id)


@click.command()
@click.argument("automation")
@click.option("-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter.")
@shows(show_fired)
def fire(connection: Any, automation: str, params: tuple[str, ...]) -> Any:
    """Start a run of an automation now, besides its due times or events.

    \b
    Examples:
      nbyard automations fire report
      nbyard automations fire load -p source=inbox/march.csv
    """
    body = Fire(texts=texts_of(params, ()))
    return connection.automations.fire(automation=automation, body=body)


COMMANDS = (create, update, preview, fire)
