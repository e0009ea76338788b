"""Commands for executables that use more than one operation."""

import click
from msgspec import UNSET

from nbyard.cli.output.console import print_note, show_json
from nbyard.cli.output.views.views_by_noun import show_inspection
from nbyard.cli.shared_options import connect, json_option, server_option
from nbyard.domain.arguments.structs import type_words
from nbyard.domain.executables.structs import AskHelp, Inspect, NewExecutable


@click.command("add")
@click.argument("path")
@click.option("--name", default="", help="Name of the executable. Default: the file's name.")
@server_option
@json_option
def add(path: str, name: str, server: str, as_json: bool) -> None:
    """Register a notebook, script, binary or function.

    Its arguments are read from the code.
    """
    connection = connect(server)
    made = connection.executables.create(body=NewExecutable(path=path, name=name or UNSET))
    if as_json:
        show_json(made)
        return
    for argument in made.current.arguments:
        print_note(f"  {argument.role:6}  {argument.name}  {type_words(argument)}")
    for hint in made.hints:
        print_note(f"! {hint!s}")
    click.echo(made.id)


@click.command("inspect")
@click.argument("path")
@server_option
@json_option
def inspect(path: str, server: str, as_json: bool) -> None:
    """Read the arguments of a file without running it."""
    inspection = connect(server).executables.inspect(body=Inspect(path=path))
    (show_json if as_json else show_inspection)(inspection)


@click.command("help")
@click.argument("path")
@server_option
@json_option
def ask_help(path: str, server: str, as_json: bool) -> None:
    """Run a command with --help and read its arguments.

    Nothing is saved.
    """
    answer = connect(server).executables.help(body=AskHelp(path=path))
    (show_json if as_json else show_inspection)(answer)


COMMANDS: tuple[click.Command, ...] = (add, ask_help, inspect)
