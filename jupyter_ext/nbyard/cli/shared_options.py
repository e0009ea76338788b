"""Options that many commands share."""

import functools
import sys
from collections.abc import Callable
from typing import Any

import click

from nbyard.cli.output.console import show_json


def connect(server: str) -> Any:
    """Connect to the server of --server; if it is empty, to the store of this machine.

    What the command creates is linked to the project of `nbyard --project`.
    """
    # Help and completion load the commands, and need none of what this imports.
    from nbyard.discover import connect as connect_to

    context = click.get_current_context(silent=True)
    project = context.find_object(str) if context else None
    return connect_to(server, project) if project else connect_to(server)


def server_option(command: Any) -> Any:
    """Add the option --server to a command."""
    return click.option("--server", default="", help="Name, port or URL of a server.")(command)


def json_option(command: Any) -> Any:
    """Add the option --json to a command."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def shows(view: Callable[[Any], None]) -> Callable[[Any], Any]:
    """Show what a command returns with this view, or with --json as JSON.

    The command receives a `connection` to the server of --server.
    """

    def decorate(command: Any) -> Any:
        @functools.wraps(command)
        def call(server: str, as_json: bool, **given: Any) -> None:
            answer = command(connect(server), **given)
            (show_json if as_json else view)(answer)

        return server_option(json_option(call))

    return decorate


def show_id(item: Any) -> None:
    """Print the ID of an item."""
    click.echo(item.id)


def sweep_option(command: Any) -> Any:
    """Add the option --sweep to a command that describes a run."""
    text = "Run once for each value: 0.1,0.2 or 1..10. Several make a grid."
    names = ("--sweep", "sweeps")
    return click.option(*names, multiple=True, metavar="NAME=VALUES", help=text)(command)


def yes_option(command: Any) -> Any:
    """Add the option --yes to a command that deletes something."""
    return click.option("--yes", "-y", is_flag=True, help="Do not ask.")(command)


def is_terminal() -> bool:
    """Return whether a person types the input of this command."""
    return sys.stdin.isatty()


def confirm_deletion(what: str, about: str, is_confirmed: bool) -> None:
    """Ask a person at a terminal before something is deleted; programs are not asked.

    Raises:
        click.Abort: the answer is no, or the command was interrupted.
    """
    if not is_confirmed and is_terminal():
        click.echo(f"{about.rstrip('.')}.", err=True)
        confirm(f"Delete {what}?")


def with_options(command: Any, *options: Any) -> Any:
    """Add options to a command; help shows them in this order."""
    for option in reversed(options):
        command = option(command)
    return command


def confirm(question: str, option: str = "--yes") -> None:
    """Ask a question; abort unless the answer is yes. `option` skips the question.

    Raises:
        click.UsageError: the input ended without an answer.
        click.Abort: the answer is no, or the command was interrupted.
    """
    try:
        is_yes = click.confirm(question, err=True)
    except click.Abort:
        if is_terminal():
            raise
        message = f"Nothing was changed: the question got no answer. Add {option} to skip it."
        raise click.UsageError(message) from None
    if not is_yes:
        raise click.Abort
