"""Options that many commands share."""

from typing import Any

import click


def connect(server: str) -> Any:
    """Connect to the server of --server; if it is empty, to the store of this machine."""
    # Help and completion load the commands, and need none of what this imports.
    from nbyard.discover import connect as connect_to

    return connect_to(server)


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
