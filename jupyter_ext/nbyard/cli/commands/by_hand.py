"""Commands for datasets, executables and runs that use more than one operation."""

from pathlib import Path
from typing import Any

import click
from msgspec import UNSET

from nbyard.cli.options import connect, json_option, server_option
from nbyard.cli.output.console import (
    asked_server,
    harmless,
    offering,
    say,
    show_json,
    size,
    tell_unheard,
)
from nbyard.cli.output.logs import print_log
from nbyard.cli.output.views import show_comparison, show_metrics, show_run
from nbyard.domain.arguments.structs import type_words
from nbyard.domain.datasets.s3 import SCHEME
from nbyard.domain.datasets.structs import FileSource, NewDataset, UploadSource, UrlSource
from nbyard.domain.executables.structs import AskHelp, Inspect, NewExecutable
from nbyard.reasons.structs import because, shown

CHUNK = 8 << 20


@click.command("add")
@click.argument("source")
@click.option("--name", default="", help="Name of the dataset. Default: the file's name.")
@click.option("--replace", is_flag=True, help="Create a new version of the dataset with this name.")
@click.option("--unpack", is_flag=True, help="Unpack an archive and use the folder in it.")
@server_option
@json_option
def add_dataset(source: str, name: str, server: str, as_json: bool, **wish: Any) -> None:
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
    with offering(because("replace-makes-version")):
        made = connection.datasets.create(body=body)
    tell_unheard(connection)
    while made.current.state == "importing":
        connection.wait(1.0)
        made = connection.datasets.get(dataset=made.id)
    if as_json:
        show_json(made)
    else:
        current = made.current
        table = f", {current.rows} × {current.columns}" if current.columns else ""
        why = shown(current.reason)
        say(f"{made.name}: {current.state}, {size(current.size_bytes)}{table} {why}")
        click.echo(made.id)
    if made.current.state == "failed":
        raise click.exceptions.Exit(1)


def _source(connection: Any, source: str) -> Any:
    if source.startswith(("http://", "https://", SCHEME)):
        return UrlSource(source)
    path = Path(source)
    if not asked_server():
        # The dispatcher on this machine reads the file itself, so nothing is uploaded.
        return FileSource(str(path.absolute()))
    if path.is_dir():
        raise click.UsageError(
            f"{source} is a folder, and one file is sent to a server: pack the folder, and add the"
            " archive with --unpack."
        )
    if not path.is_file():
        raise click.UsageError(f"There is no file {source}.")
    with path.open("rb") as handle:
        chunks = iter(lambda: handle.read(CHUNK), b"")
        return UploadSource(connection.upload(path.name, path.stat().st_size, chunks))


@click.command("compare")
@click.argument("dataset")
@click.argument("old", type=int, default=0)
@click.argument("new", type=int, default=0)
@server_option
@json_option
def compare(dataset: str, old: int, new: int, server: str, as_json: bool) -> None:
    """Compare two versions of a dataset, by default the newest.

    The newest version is compared with the one before. The result shows the old and new statistics
    of columns, or the changed files of folders.
    """
    found = connect(server).datasets.compare(dataset=dataset, old=old, new=new)
    if as_json:
        show_json(found)
    else:
        show_comparison(found)


@click.command("add")
@click.argument("path")
@click.option("--name", default="", help="Name of the executable. Default: the file's name.")
@server_option
@json_option
def add_executable(path: str, name: str, server: str, as_json: bool) -> None:
    """Register a notebook, script, binary or function.

    Its arguments are read from the code.
    """
    connection = connect(server)
    made = connection.executables.create(body=NewExecutable(path=path, name=name or UNSET))
    if as_json:
        show_json(made)
        return
    for argument in made.current.arguments:
        say(f"  {argument.role:6}  {argument.name}  {type_words(argument)}")
    for hint in connection.executables.inspect(body=Inspect(path=path)).hints:
        say(f"! {harmless(str(hint))}")
    click.echo(made.id)


@click.command("inspect")
@click.argument("path")
@server_option
def inspect(path: str, server: str) -> None:
    """Read the arguments of a file without running it."""
    show_json(connect(server).executables.inspect(body=Inspect(path=path)))


@click.command("help")
@click.argument("path")
@server_option
def ask_help(path: str, server: str) -> None:
    """Run a command with --help and read its arguments.

    Nothing is saved.
    """
    show_json(connect(server).executables.help(body=AskHelp(path=path)))


@click.command("show")
@click.argument("run")
@server_option
@json_option
def show(run: str, server: str, as_json: bool) -> None:
    """Show a run with its tasks, attempts and artifacts.

    RUN is an ID, name or number. For a live run, the remaining time is estimated from past runs.
    """
    connection = connect(server)
    detail = connection.runs.get(run=run)
    if as_json:
        show_json(detail)
    else:
        show_run(detail, connection.runs.estimate(run=detail.run.id))


@click.command("status")
@click.argument("run")
@server_option
def status(run: str, server: str) -> None:
    """Print the state of a run.

    The exit code is 1 if it failed or was cancelled.
    """
    found = connect(server).runs.get(run=run).run
    click.echo(found.state)
    if found.state in ("failed", "cancelled"):
        raise click.exceptions.Exit(1)


@click.command("log")
@click.argument("run")
@click.argument("node", default="")
@click.option(
    "--follow", "-f", is_flag=True, help="Print new lines until the end, over all attempts."
)
@click.option(
    "--attempt", default=0, metavar="N", help="Number of the attempt. Default: the newest."
)
@server_option
def log(run: str, node: str, follow: bool, attempt: int, server: str) -> None:
    """Print the log of a run's node, or of all its nodes."""
    connection = connect(server)
    nodes = [node] if node else [t.node for t in connection.runs.get(run=run).tasks]
    for name in nodes:
        if len(nodes) > 1:
            say(f"── {name}")
        print_log(connection, run, name, follow, attempt)


@click.command("metrics")
@click.argument("run")
@click.argument("node", default="")
@click.option(
    "--attempt", default=0, metavar="N", help="Number of the attempt. Default: the newest."
)
@server_option
@json_option
def metrics(run: str, node: str, attempt: int, server: str, as_json: bool) -> None:
    """Show metrics of one node of a run, or of all nodes."""
    runs = connect(server).runs
    nodes = [node] if node else [task.node for task in runs.get(run=run).tasks]
    found = {name: runs.metrics(run=run, node=name, attempt=attempt) for name in nodes}
    if as_json:
        show_json(found)
    else:
        show_metrics(found)
