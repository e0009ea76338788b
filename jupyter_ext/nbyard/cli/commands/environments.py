"""Commands for environments that use more than one operation."""

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from nbyard.cli.output.console import (
    format_size,
    hinting_option,
    print_note,
    show_items,
    show_json,
    warn_ignored_settings,
)
from nbyard.cli.output.logs import print_growing_log
from nbyard.cli.output.views.environment_views import (
    DEFAULT_COLUMNS,
    continues_text,
    next_step,
    show_changes,
)
from nbyard.cli.shared_options import connect, json_option, server_option, shows
from nbyard.domain.environments.references import split_reference
from nbyard.domain.environments.structs import (
    Environment,
    EnvironmentChange,
    NewDefault,
    NewEnvironment,
)
from nbyard.domain.paging import Page
from nbyard.reasons.structs import reason_text

file_option = click.option(
    *("-r", "--requirement", "files"),
    multiple=True,
    metavar="FILE",
    help="Requirements file with packages.",
)


@click.command()
@click.argument("name")
@click.argument("packages", nargs=-1)
@file_option
@click.option("--capture", default="", metavar="KERNEL", help="Copy the packages of this kernel.")
@click.option("--detach", is_flag=True, help="Do not wait for the installation.")
@server_option
@json_option
def create(
    name: str, packages: tuple[str, ...], files: tuple[str, ...], server: str, **wish: Any
) -> None:
    """Create an environment with packages and its own kernel.

    If the first installation failed, the same name with other packages tries again.

    \b
    Examples:
      nbyard environments create cows cowsay==6.1
      nbyard environments create reports -r requirements.txt
      nbyard environments create frozen --capture python3
    """
    connection = connect(server)
    body = NewEnvironment(name, _text(packages, files), wish["capture"])
    with hinting_option(
        f"nbyard environments install {shlex.quote(name)} … --replace changes the existing"
        " environment."
    ):
        made = connection.environments.create(body=body)
    if wish["capture"]:
        print_note(f"{made.description}.")
    _follow_installation(connection, made, wish["detach"], wish["as_json"])


@click.command()
@click.argument("name")
@click.argument("packages", nargs=-1)
@file_option
@click.option("--replace", is_flag=True, help="Replace all packages instead of adding to them.")
@click.option("--preview", is_flag=True, help="Show the changes without applying them.")
@click.option("--detach", is_flag=True, help="Do not wait for the installation.")
@server_option
@json_option
def install(
    name: str,
    packages: tuple[str, ...],
    files: tuple[str, ...],
    replace: bool,
    server: str,
    **wish: bool,
) -> None:
    """Install packages or other versions into an environment.

    The result is the environment's next version. If the installation fails, the current version
    stays.
    """
    text = _text(packages, files)
    body = EnvironmentChange(requirements=text) if replace else EnvironmentChange(add=text)
    _change(name, server, body, **wish)


@click.command()
@click.argument("name")
@click.argument("packages", nargs=-1, required=True)
@click.option("--preview", is_flag=True, help="Show the changes without applying them.")
@click.option("--detach", is_flag=True, help="Do not wait for the installation.")
@server_option
@json_option
def uninstall(name: str, packages: tuple[str, ...], server: str, **wish: bool) -> None:
    """Create a version of an environment without these packages."""
    _change(name, server, EnvironmentChange(remove=list(packages)), **wish)


def _change(
    name: str,
    server: str,
    body: EnvironmentChange,
    preview: bool,
    detach: bool,
    as_json: bool,
) -> None:
    connection = connect(server)
    if not preview:
        made = connection.environments.change(environment=name, body=body)
        _follow_installation(connection, made, detach, as_json)
        return
    resolution = connection.environments.preview(environment=name, body=body)
    if as_json:
        show_json(resolution)
    else:
        show_changes(Page(resolution.changes))


def _text(packages: tuple[str, ...], files: tuple[str, ...]) -> str:
    for file in files:
        if not Path(file).is_file():
            raise click.UsageError(f"There is no file {file}.")
    try:
        texts = [Path(file).read_text() for file in files]
    except UnicodeDecodeError as error:
        raise click.UsageError(f"A requirements file is text in UTF-8: {error}") from None
    return "\n".join([*texts, *packages])


def _follow_installation(connection: Any, made: Environment, detach: bool, as_json: bool) -> None:
    """Print the log of an installation until its end; exit with 1 if it failed."""
    warn_ignored_settings(connection)
    if detach:
        click.echo(made.id)
        return
    number, was_installed = made.current.number, made.installed
    try:
        _print_log(connection, made.id, number, quiet=as_json)
    except KeyboardInterrupt:
        print_note(continues_text(made.name))
        sys.exit(130)
    made = connection.environments.get(environment=made.id)
    if as_json:
        show_json(made)
    elif made.current.state == "ready":
        size = format_size(made.current.size_bytes)
        about = f"{size}, kernel {made.kernel}" if made.current.place else "ready as an image"
        print_note(f"{made.name} version {number}: {about}")
        if was_installed:  # the log already showed all packages of a first version
            show_changes(connection.environments.diff(environment=made.id, new=number))
    else:
        why = reason_text(made.current.reason)
        print_note(f"{made.name} version {number} {made.current.state}: {why}")
        print_note(next_step(made))
    if made.current.state != "ready":
        raise click.exceptions.Exit(1)


def _print_log(connection: Any, key: str, number: int, *, quiet: bool = False) -> None:
    def read(after: int) -> Any:
        return connection.environments.log(environment=key, after=after, version=number)

    # Standard output has only the result, such as the ID or JSON.
    print_growing_log(read, quiet=quiet, err=True)


@click.command()
@click.argument("name")
@click.option(
    "--version", default=0, metavar="N", help="Number of the version. Default: the newest."
)
@server_option
def log(name: str, version: int, server: str) -> None:
    """Print the log of an installation.

    You can interrupt this command; the installation continues.
    """
    _print_log(connect(server), name, version)


@click.command()
@click.argument("name")
@click.option(
    "--version", default=0, metavar="N", help="Number of the version. Default: the installed one."
)
@server_option
def lock(name: str, version: int, server: str) -> None:
    """Print a version's lock as a requirements file with hashes."""
    versions = connect(server).environments.versions(environment=name).items
    ready = (each for each in versions if each.state == "ready" and version in (0, each.number))
    if (chosen := next(ready, None)) is None:
        raise click.UsageError(f"This version of {name} is not installed.")
    for line in chosen.lock_lines:
        click.echo(line)


@click.command()
@click.argument("name")
@server_option
def kernel(name: str, server: str) -> None:
    """Print the kernel of an environment.

    At a JupyterHub with one service for all users, install the newest version in your account
    first. Interrupt this command to cancel the installation.
    """
    connection, shown = connect(server), ""
    try:
        while not (made := connection.environments.kernel(environment=name)).kernel:
            if made.progress != shown:
                print_note(shown := made.progress)
    except KeyboardInterrupt:
        connection.environments.kernel(environment=name, cancel=True)
        raise
    click.echo(made.kernel)


@click.command()
@click.argument("version", metavar="NAME@N")
@click.option("--preview", is_flag=True, help="Show the changes without applying them.")
@click.option("--detach", is_flag=True, help="Do not wait for the installation.")
@server_option
@json_option
def use(version: str, server: str, **wish: bool) -> None:
    """Roll back: create a new version with the same lock."""
    name, number = split_reference(version)
    # A name without a version would mean no change.
    if not number:
        raise click.UsageError(f"{version}: write NAME@N, such as {name}@1")
    _change(name, server, EnvironmentChange(version=number), **wish)


@click.command()
@click.argument("name", default="")
@click.option("--project", default="", metavar="PROJECT", help="Only for files of this project.")
@click.option("--clear", is_flag=True, help="Remove the default.")
@shows(lambda defaults: show_items(defaults, DEFAULT_COLUMNS))
def default(connection: Any, name: str, project: str, clear: bool) -> Any:
    """Set the environment of Python code that names none.

    It applies to notebooks and Python scripts. A project's default precedes that of the store.

    \b
    Examples:
      nbyard environments default cows
      nbyard environments default cows --project sales
      nbyard environments default --clear
    """
    if bool(name) == clear:
        raise click.UsageError("Give either NAME or --clear.")
    return connection.environments.set_default(body=NewDefault(name, project)).items


COMMANDS: tuple[click.Command, ...] = (create, install, uninstall, use, default, kernel, log, lock)
