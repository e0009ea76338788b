"""Command that creates a project folder."""

import os
import shlex
import uuid
from pathlib import Path

import click

from nbyard.cli.output.console import print_note
from nbyard.domain.naming.names import check_filename, check_name
from nbyard.domain.projects.starters import STARTERS, Starter, starter_files


@click.command()
@click.argument("name")
@click.option(
    "--starter",
    type=click.Choice(STARTERS),
    default="workflow",
    help="What the folder contains. Default: workflow.",
)
@click.option(
    "--folder", default="", help="Create the folder in FOLDER. Default: the working directory."
)
def init(name: str, starter: Starter, folder: str) -> None:
    """Create a project folder that runs at once.

    It contains an example and nbyard.toml, which describes the project. In an existing folder,
    such as . for the working directory, existing files are kept.

    \b
    Examples:
      nbyard init wine
      nbyard init wine --starter notebook
      nbyard init .
    """
    if name != ".":
        name = check_filename(check_name(name), "name")
    place = Path(folder) / name
    title = check_name(place.resolve().name)
    files, first = starter_files(starter, title, str(uuid.uuid4()))
    if (place / "nbyard.toml").exists():
        raise click.UsageError(f"{place} is a project. Choose another name or --folder.")
    created: list[Path] = []
    try:
        place.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            if not os.path.lexists(place / path):
                created.append(place / path)
                (place / path).write_text(text, "utf-8")
    except OSError as error:
        for file in created:
            file.unlink(missing_ok=True)
        raise click.UsageError(f"{place} cannot be created: {error.strerror}.") from None
    click.echo(str(place))
    if kept := [path for path in files if place / path not in created]:
        print_note(f"Kept: {', '.join(kept)}")
    go = "" if name == "." and not folder else f"cd {shlex.quote(str(place))}; "
    print_note(f"Next: {go}nbyard run {first}")
