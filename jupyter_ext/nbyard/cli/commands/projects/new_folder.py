"""Command that creates a project folder."""

import shlex
import shutil
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

    It contains an example and nbyard.toml, which describes the project. Existing folders are kept.

    \b
    Examples:
      nbyard init wine
      nbyard init wine --starter notebook
    """
    made = Path(folder) / check_filename(check_name(name), "name")
    files, first = starter_files(starter, name, str(uuid.uuid4()))
    try:
        made.mkdir(parents=True)
    except FileExistsError:
        raise click.UsageError(f"{made} exists. Choose another name or --folder.") from None
    except OSError as error:
        raise click.UsageError(f"{made} cannot be created: {error.strerror}.") from None
    try:
        for path, text in files.items():
            (made / path).write_text(text, "utf-8")
    except OSError as error:
        # The command itself created the folder, so it has no files of the user.
        shutil.rmtree(made, ignore_errors=True)
        raise click.UsageError(f"{made} cannot be written to: {error.strerror}.") from None
    click.echo(str(made))
    print_note(f"Next: cd {shlex.quote(str(made))}; nbyard run {first}")
