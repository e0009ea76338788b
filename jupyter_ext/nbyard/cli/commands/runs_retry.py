"""The command `nbyard runs retry`."""

import uuid

import click

from nbyard.cli.commands.run_watch import see_out
from nbyard.cli.output.console import follow_up, say, show_json, tell_unheard
from nbyard.cli.output.views_by_noun import VIEWS
from nbyard.cli.shared_options import json_option, server_option


@click.command()
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
    --environment, the tasks that run again use the newest version of that environment.

    \b
    Examples:
      nbyard runs retry 12 --wait
      nbyard runs retry nightly --environment cows --follow
    """
    from nbyard.discover import connect

    connection = connect(server)
    asked = {"environment": environment, "idempotency_key": str(uuid.uuid4())}
    made = connection.runs.retry(run=run, **asked)
    tell_unheard(connection)
    if wait or log:
        see_out(connection, made, "", as_json=as_json, log=log)
    elif as_json:
        show_json(made)
    else:
        VIEWS["runs.retry"](made)
        say(f"{follow_up(f'nbyard runs log {made.number} --follow')} tells how it goes.")


COMMANDS: tuple[click.Command, ...] = (retry,)
