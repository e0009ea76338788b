"""Options that many commands share."""

import sys
from typing import Any

import click


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


def with_options(command: Any, *options: Any) -> Any:
    """Add options to a command; help shows them in this order."""
    for option in reversed(options):
        command = option(command)
    return command


def confirm(question: str) -> None:
    """Ask a question; abort unless the answer is yes.

    Raises:
        click.UsageError: without a terminal, the command needs --yes.
        click.Abort: the answer is no.
    """
    try:
        click.confirm(question, abort=True, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        words = "Nothing was changed: no terminal can answer. Add --yes to skip the question."
        raise click.UsageError(words) from None
