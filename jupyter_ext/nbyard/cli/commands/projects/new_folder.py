"""Command that creates a project folder."""

import os
import shlex
import uuid
from pathlib import Path

import click

from nbyard.cli.output.console import print_note
from nbyard.cli.shared_options import connect
from nbyard.domain.naming.names import check_filename, check_name
from nbyard.domain.projects.starters import STARTERS, Starter, starter_files
from nbyard.domain.workflows.structs import FilesOfWorkflow
from nbyard.host.git import repository_root, run_git
from nbyard.host.project_files import DOCUMENT


@click.command()
@click.argument("name", default="")
@click.option(
    "--from",
    "source",
    metavar="FOLDER",
    default="",
    help="Create a workflow of the notebooks and Python scripts in FOLDER.",
)
@click.option(
    "--starter",
    type=click.Choice(STARTERS),
    default="workflow",
    help="What the folder contains. Default: workflow.",
)
@click.option(
    "--folder", default="", help="Create the folder in FOLDER. Default: the working directory."
)
def init(name: str, source: str, starter: Starter, folder: str) -> None:
    """Create a project folder that runs at once.

    It contains an example and nbyard.toml, which describes the project. In an existing folder,
    such as . for the working directory, existing files are kept. In a Git repository, Git then
    merges workflow files by their nodes.

    With --from, nbyard reads the code in the folder without running it, connects nodes by the
    files that one writes and another reads, and keeps other written files as results. NAME is
    the name of the workflow file.

    \b
    Examples:
      nbyard init wine
      nbyard init wine --starter notebook
      nbyard init .
      nbyard init --from analysis
    """
    if source:
        return _from_folder(source, name)
    if not name:
        raise click.UsageError("Name the project, or a folder with --from.")
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
    _set_merge_driver(place)
    go = "" if name == "." and not folder else f"cd {shlex.quote(str(place))}; "
    print_note(f"Next: {go}nbyard run {first}")


def _set_merge_driver(place: Path) -> None:
    if root := repository_root(place.resolve()):
        run_git(root, "config", "merge.nbyard.driver", "nbyard workflows merge %O %A %B")


def _from_folder(folder: str, name: str) -> None:
    path = str(Path(folder) / f"{check_filename(name, 'name')}{DOCUMENT}") if name else ""
    made = connect("").workflows.from_files(body=FilesOfWorkflow([folder], path))
    shown = os.path.relpath(made.path)
    click.echo(shown)
    print_note(f"Nodes: {', '.join(made.nodes)}. Connections: {made.connections}.")
    if made.results:
        print_note(f"Results: {', '.join(made.results)}.")
    if made.project:
        print_note(f"{os.path.relpath(made.project)} is a project now: it has an nbyard.toml.")
    print_note(f"Next: nbyard run {shlex.quote(shown)}")
