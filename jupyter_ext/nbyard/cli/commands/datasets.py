"""Commands for datasets that use more than one operation."""

import re
from pathlib import Path
from typing import Any

import click
from msgspec import UNSET

from nbyard.cli.output.console import (
    chosen_server,
    format_size,
    hinting_option,
    print_note,
    show_json,
    warn_ignored_settings,
)
from nbyard.cli.output.views.views_by_noun import show_version_comparison
from nbyard.cli.shared_options import connect, json_option, server_option, shows
from nbyard.domain.datasets.structs import FileSource, NewDataset, UploadSource, UrlSource
from nbyard.reasons.structs import reason_text

CHUNK = 8 << 20
# The server names the protocols that it reads.
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


@click.command("add")
@click.argument("source")
@click.option("--name", default="", help="Name of the dataset. Default: the file's name.")
@click.option("--replace", is_flag=True, help="Create a new version of the dataset with this name.")
@click.option("--unpack", is_flag=True, help="Unpack an archive and use the folder in it.")
@server_option
@json_option
def add(source: str, name: str, server: str, as_json: bool, **wish: Any) -> None:
    """Create a dataset from a file, folder or address.

    The command waits until the dataset is ready. An address is a URL of http or https, or an
    object in S3 with the name of the credential for it.

    \b
    Examples:
      nbyard datasets add penguins.csv
      nbyard datasets add https://example.org/penguins.csv
      nbyard datasets add s3://CREDENTIAL@bucket/folder/penguins.csv
    """
    connection = connect(server)
    body = NewDataset(_source(connection, source), name or UNSET, **wish)
    with hinting_option("Use --replace to add a version."):
        made = connection.datasets.create(body=body)
    warn_ignored_settings(connection)
    while made.current.state == "importing":
        connection.wait(1.0)
        made = connection.datasets.get(dataset=made.id)
    if as_json:
        show_json(made)
    else:
        current = made.current
        table = f"{current.rows} × {current.columns}" if current.columns else ""
        size, why = format_size(current.size_bytes), reason_text(current.reason)
        print_note(f"{made.name}: {', '.join(filter(None, (current.state, size, table, why)))}")
        if current.state == "ready":
            print_note(
                f"Code opens it in $NBYARD_RESOURCES/{made.id}, below JupyterLab's root also in"
                f" {made.resource or f'resources/{made.id}'} (a link, ignored by git)."
            )
        click.echo(made.id)
    if made.current.state == "failed":
        raise click.exceptions.Exit(1)


def _source(connection: Any, source: str) -> Any:
    if ADDRESS.match(source):
        return UrlSource(source)
    path = Path(source)
    if not chosen_server():
        # The dispatcher on this machine reads the file itself, so nothing is uploaded.
        return FileSource(str(path.absolute()))
    if path.is_dir():
        raise click.UsageError(
            f"{source} is a folder. A server receives a single file: pack the folder, and add the"
            " archive with --unpack."
        )
    if not path.is_file():
        raise click.UsageError(f"There is no file {source}.")
    return UploadSource(upload_file(connection, path))


def upload_file(connection: Any, path: Path) -> str:
    """Send a file, which may be larger than the memory; return the ID of the upload."""
    with path.open("rb") as handle:
        chunks = iter(lambda: handle.read(CHUNK), b"")
        return str(connection.upload(path.name, path.stat().st_size, chunks))


@click.command("compare")
@click.argument("dataset")
@click.argument("old", type=int, default=0)
@click.argument("new", type=int, default=0)
@shows(show_version_comparison)
def compare(connection: Any, dataset: str, old: int, new: int) -> Any:
    """Compare two versions of a dataset, by default the newest.

    The newest version is compared with the one before. The result shows the old and new statistics
    of columns, or the changed files of folders.
    """
    return connection.datasets.compare(dataset=dataset, old=old, new=new)


COMMANDS: tuple[click.Command, ...] = (add, compare)
