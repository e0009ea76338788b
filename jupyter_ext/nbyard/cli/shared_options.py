"""Options that many commands share."""

from typing import Any

import click


def server_option(command: Any) -> Any:
    """Add the option --server to a command."""
    return click.option("--server", default="", help="Port or URL of a server.")(command)


def json_option(command: Any) -> Any:
    """Add the option --json to a command."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)
