"""Commands that create, change, preview and fire automations."""

import shlex
from typing import Any, get_args

import click
import msgspec

from nbyard.cli.commands.notices.options import automation_notices
from nbyard.cli.output.console import print_note, show_json
from nbyard.cli.output.views.automation_views import local_time, show_preview
from nbyard.cli.shared_options import connect, json_option, server_option, with_options
from nbyard.cli.stored_runs import (
    changed_run,
    changed_run_options,
    stored_run,
    stored_run_options,
)
from nbyard.cli.typed_values import parse_pairs, texts_of
from nbyard.domain.automations.structs import (
    Automation,
    AutomationPatch,
    Fire,
    NewAutomation,
    On,
    OnDataset,
    OnFile,
    OnNotebook,
    OnRun,
    OnWebhook,
    TimePreviewRequest,
)
from nbyard.domain.automations.times.structs import Missed, Phrase
from nbyard.domain.runs.causes import Change

MOMENTS = ["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
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


def timing_options(command: Any) -> Any:
    """Add the options that limit when runs are due."""
    return with_options(
        command,
        click.option("--zone", help="Time zone, such as Europe/Berlin. Default: the server's."),
        click.option("--from", "starts_at", type=click.DateTime(MOMENTS), help="First moment."),
        click.option("--until", "ends_at", type=click.DateTime(MOMENTS), help="Last moment."),
        click.option("--at-most", type=int, metavar="N", help="End after N runs."),
    )


def start_options(command: Any) -> Any:
    """Add the options that say what starts a run."""
    return with_options(
        command,
        click.option("--at", metavar="WHEN", help=WHEN),
        timing_options,
        click.option(
            "--missed",
            type=click.Choice(["skip", "last", "all"]),
            help="Due times that passed without a dispatcher: run none, the last, or all.",
        ),
        click.option(
            "--window",
            type=int,
            metavar="SECONDS",
            help="Catch up due times that are at most this late. Default: 3600.",
        ),
        click.option(
            "--most", type=int, metavar="N", help="With --missed all: at most N. Default: 10."
        ),
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
        click.option(
            "--value",
            "values_from",
            multiple=True,
            metavar="NAME=FIELD",
            help="Take a parameter from the event, such as file=path or city=body.city.",
        ),
        click.option(
            "--overlap",
            type=click.Choice(["skip", "queue", "replace"]),
            help="While a run is active: skip, queue, or replace the run. Default: skip times,"
            " queue events.",
        ),
        click.option(
            "--pinned/--follow",
            default=None,
            help="Use the files as they are now, or (default) when a run starts.",
        ),
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


@click.command()
@click.argument("target", metavar="FILE|EXECUTABLE")
@start_options
@click.option(
    "--notify",
    multiple=True,
    metavar="CHANNEL[:EVENT,…]",
    help="Channel that reports events of this automation. Default: failed, recovered,"
    " automation-missed.",
)
@click.option("--name", default="", help="Name of the automation. Default: that of the file.")
@stored_run_options
@click.option("--disabled", is_flag=True, help="Create the automation without enabling it.")
@server_option
@json_option
def create(target: str, server: str, as_json: bool, **given: Any) -> None:
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
    body = NewAutomation(
        run,
        on,
        name=given["name"],
        is_enabled=not given["disabled"],
        notify=automation_notices(given["notify"]),
        **_fields_of_options(given, Missed()),
    )
    automations = connect(server).automations
    if not body.name and isinstance(on, Phrase):
        _refuse_same(automations, body)
    _print_result(automations.create(body=body), as_json)


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
@click.option(
    "--notify",
    multiple=True,
    metavar="CHANNEL[:EVENT,…]",
    help="Replace the channels of the automation.",
)
@click.option("--name", help="New name.")
@changed_run_options
@click.option("--refreeze", is_flag=True, help="With pinned files: freeze them again.")
@server_option
@json_option
def update(automation: str, server: str, as_json: bool, **given: Any) -> None:
    """Change an automation. Omitted options keep their values.

    \b
    Examples:
      nbyard automations update report --at "weekdays 7:30"
      nbyard automations update report -p epochs=10 --environment train@2
      nbyard automations update load --on-file inbox --pattern "**/*.csv"
    """
    automations = connect(server).automations
    record = automations.get(automation=automation)
    more = _fields_of_options(given, record.missed) | changed_run(record, given)
    if (on := start_of(given)) is not None:
        more["on"] = on
    if given["notify"]:
        more["notify"] = automation_notices(given["notify"])
    if given["name"] is not None:
        more["name"] = given["name"]
    body = AutomationPatch(record.revision, refreeze=given["refreeze"], **more)
    _print_result(automations.update(automation=record.id, body=body), as_json)


@click.command()
@click.option("--at", required=True, metavar="WHEN", help=WHEN)
@timing_options
@click.option("--count", default=5, metavar="N", help="Number of due times to show.")
@server_option
@json_option
def preview(at: str, server: str, as_json: bool, count: int, **given: Any) -> None:
    """Explain a time and show its next due times.

    \b
    Examples:
      nbyard automations preview --at "weekdays 8:00" --zone Europe/Berlin
      nbyard automations preview --at "30 2 * * *" --count 10
    """
    fields = _fields_of_options(given, Missed())
    body = TimePreviewRequest(Phrase(at), count=count, **fields)
    time_preview = connect(server).automations.preview(body=body)
    (show_json if as_json else show_preview)(time_preview)


@click.command()
@click.argument("automation")
@click.option("-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter.")
@server_option
@json_option
def fire(automation: str, server: str, as_json: bool, params: tuple[str, ...]) -> None:
    """Start a run of an automation now, besides its due times or events.

    \b
    Examples:
      nbyard automations fire report
      nbyard automations fire load -p source=inbox/march.csv
    """
    body = Fire(texts=texts_of(params, ()))
    made = connect(server).automations.fire(automation=automation, body=body)
    if as_json:
        show_json(made)
        return
    print_note(f"Run {made.run_id} started." if made.run_id else "The run starts soon.")
    click.echo(made.id)


COMMANDS = (create, update, preview, fire)


def _fields_of_options(given: dict[str, Any], missed: Missed) -> dict[str, Any]:
    """Return the fields of the given options."""
    names = ("zone", "starts_at", "ends_at", "at_most", "overlap")
    # `preview` has only some of these options.
    fields = {name: given[name] for name in names if given.get(name) is not None}
    if given.get("pinned") is not None:
        fields["mode"] = "pinned" if given["pinned"] else "follows"
    if given.get("values_from"):
        fields["values_from"] = parse_pairs("--value", given["values_from"], "NAME=FIELD")
    parts = {"policy": "missed", "window_seconds": "window", "most": "most"}
    changes = {
        name: given[option] for name, option in parts.items() if given.get(option) is not None
    }
    if changes:
        fields["missed"] = msgspec.structs.replace(missed, **changes)
    return fields


def _print_result(made: Automation, as_json: bool) -> None:
    if as_json:
        show_json(made)
        return
    print_note(f"{made.name}: {made.sentence}")
    if made.next_due is not None:
        print_note(f"Next run: {local_time(made.next_due, made.zone)}")
    if made.address:
        print_note(f"Address: {made.address}, below the URL of the server")
    if made.secret:
        print_note(f"Secret, which is not shown again: {made.secret}")
    click.echo(made.id)
