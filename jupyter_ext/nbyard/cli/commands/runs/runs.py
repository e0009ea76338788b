"""Commands for runs with arguments of their own: show, status, log, metrics, compare and retry."""

import uuid
from typing import Any

import click

from nbyard.cli.commands.runs.run_watch import follow_run
from nbyard.cli.output.console import follow_up, print_note, show_json, warn_ignored_settings
from nbyard.cli.output.logs import print_log
from nbyard.cli.output.views.comparison_view import show_comparison, show_explanation
from nbyard.cli.output.views.views_by_noun import VIEWS, show_metrics, show_run
from nbyard.cli.shared_options import connect, json_option, server_option, shows
from nbyard.domain.runs.structs import Run

attempt_option = click.option(
    "--attempt", default=0, metavar="N", help="Number of the attempt. Default: the newest."
)


@click.command("show")
@click.argument("run")
@server_option
@json_option
def show(run: str, server: str, as_json: bool) -> None:
    """Show a run with its tasks, attempts and artifacts.

    RUN is an ID, name or number. For a live run, the remaining time is estimated from past runs.
    """
    connection = connect(server)
    detail = connection.runs.get(run=run)
    if as_json:
        show_json(detail)
    else:
        show_run(detail, connection.runs.estimate(run=detail.run.id))


def show_state(run: Run, as_json: bool) -> None:
    """Print the state of a run; the exit code is 1 if it failed or was cancelled."""
    if as_json:
        show_json({"state": run.state, "reason": run.reason})
    else:
        click.echo(run.state)
    if run.state in ("failed", "cancelled"):
        raise click.exceptions.Exit(1)


@click.command("status")
@click.argument("run")
@server_option
@json_option
def status(run: str, server: str, as_json: bool) -> None:
    """Print the state of a run.

    The exit code is 1 if it failed or was cancelled.
    """
    show_state(connect(server).runs.get(run=run).run, as_json)


@click.command("log")
@click.argument("run")
@click.argument("node", default="")
@click.option(
    "--follow", "-f", is_flag=True, help="Print new lines until the end, over all attempts."
)
@attempt_option
@server_option
def log(run: str, node: str, follow: bool, attempt: int, server: str) -> None:
    """Print the log of a run's node, or of all its nodes."""
    connection = connect(server)
    nodes = [node] if node else [t.node for t in connection.runs.get(run=run).tasks]
    for name in nodes:
        if len(nodes) > 1:
            print_note(f"── {name}")
        print_log(connection, run, name, follow, attempt)


@click.command("metrics")
@click.argument("run")
@click.argument("node", default="")
@attempt_option
@shows(show_metrics)
def metrics(connection: Any, run: str, node: str, attempt: int) -> Any:
    """Show metrics of one node of a run, or of all nodes."""
    runs = connection.runs
    nodes = [node] if node else [task.node for task in runs.get(run=run).tasks]
    return {name: runs.metrics(run=run, node=name, attempt=attempt) for name in nodes}


@click.command("retry")
@click.argument("run")
@click.option(
    "--environment", default="", metavar="NAME", help="Use the newest version of this environment."
)
@click.option(
    "--wait", is_flag=True, help="Wait until the run ends. The exit code shows its result."
)
@click.option(
    *("--log", "--follow", "-f", "log"),
    is_flag=True,
    help="Print the log of the run until it ends.",
)
@server_option
@json_option
def retry(run: str, environment: str, wait: bool, log: bool, server: str, as_json: bool) -> None:
    """Retry a failed or cancelled run, reusing finished tasks.

    The new run takes the name of the old one. It continues if you interrupt this command. With
    --environment, the tasks that run again use the newest version of that environment. If elements
    of a map failed in a run that succeeded, they are retried in the same run.

    \b
    Examples:
      nbyard runs retry 12 --wait
      nbyard runs retry nightly --environment cows --follow
    """
    connection = connect(server)
    asked = {"environment": environment, "idempotency_key": str(uuid.uuid4())}
    made = connection.runs.retry(run=run, **asked)
    warn_ignored_settings(connection)
    if wait or log:
        follow_run(connection, made, "", as_json=as_json, log=log)
    elif as_json:
        show_json(made)
    else:
        VIEWS["runs.retry"](made)
        print_note(f"Follow it with: {follow_up(f'nbyard runs log {made.number} --follow')}")


@click.command("compare")
@click.argument("run")
@click.argument("others", nargs=-1, required=True)
@click.option("--all", "everything", is_flag=True, help="Also show what is equal.")
@shows(show_comparison)
def compare(connection: Any, run: str, others: tuple[str, ...], everything: bool) -> Any:
    """Compare two to ten runs side by side.

    \b
    Examples:
      nbyard runs compare 41 42
      nbyard runs compare nightly 41 42 --all
    """
    return connection.runs.compare(run=run, others=",".join(others), everything=everything)


@click.command("why")
@click.argument("old")
@click.argument("new")
@click.option("--metric", default="", metavar="NODE.NAME", help="Explain only this metric.")
@click.option("--output", default="", metavar="NODE.NAME", help="Explain only this output.")
@shows(show_explanation)
def why(connection: Any, old: str, new: str, metric: str, output: str) -> Any:
    """Explain why results of the run NEW differ from those of OLD.

    \b
    Examples:
      nbyard runs why 41 42
      nbyard runs why 41 42 --metric train.accuracy
    """
    if metric and output:
        raise click.UsageError("Pass --metric or --output, not both.")
    return connection.runs.why(run=new, other=old, **named_result(metric, output))


def named_result(metric: str, output: str) -> dict[str, str]:
    """Return the arguments of `runs.why` for `node.name`.

    Raises:
        UsageError: The text has no dot.
    """
    text = metric or output
    node, dot, name = text.partition(".")
    if text and not (node and dot and name):
        raise click.UsageError(f"Write NODE.NAME, not {text}.")
    return {"node": node, "metric": name if metric else "", "output": name if output else ""}


COMMANDS: tuple[click.Command, ...] = (show, status, log, metrics, compare, why, retry)
