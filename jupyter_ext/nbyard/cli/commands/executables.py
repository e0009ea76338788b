"""Commands for executables that use more than one operation."""

from typing import Any

import click

from nbyard.cli.body_options import body_options
from nbyard.cli.output.views.views_by_noun import show_inspection, show_registered
from nbyard.cli.shared_options import shows
from nbyard.domain.executables.structs import AskHelp, Inspect, NewExecutable


@click.command("add")
@body_options(NewExecutable)
@shows(show_registered)
def add(connection: Any, body: NewExecutable) -> Any:
    """Register a notebook, script, binary or function.

    Its arguments are read from the code.
    """
    return connection.executables.create(body=body)


@click.command("inspect")
@click.argument("path")
@shows(show_inspection)
def inspect(connection: Any, path: str) -> Any:
    """Read the arguments of a file without running it."""
    return connection.executables.inspect(body=Inspect(path=path))


@click.command("help")
@click.argument("path")
@shows(show_inspection)
def ask_help(connection: Any, path: str) -> Any:
    """Run a command with --help and read its arguments.

    Nothing is saved.
    """
    return connection.executables.help(body=AskHelp(path=path))


COMMANDS: tuple[click.Command, ...] = (add, ask_help, inspect)
