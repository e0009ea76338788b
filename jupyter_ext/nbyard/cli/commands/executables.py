"""The command that registers executables."""

from typing import Any

import click

from nbyard.cli.body_options import body_options
from nbyard.cli.output.views.views_by_noun import show_registered
from nbyard.cli.shared_options import shows
from nbyard.domain.executables.structs import NewExecutable


@click.command("add")
@body_options(NewExecutable)
@shows(show_registered)
def add(connection: Any, body: NewExecutable) -> Any:
    """Register a notebook, script, binary or function.

    Its arguments are read from the code.
    """
    return connection.executables.create(body=body)


COMMANDS: tuple[click.Command, ...] = (add,)
