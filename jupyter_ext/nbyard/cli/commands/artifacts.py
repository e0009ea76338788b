"""Commands for named artifacts, which report about the run that created them."""

import contextlib
import uuid
from typing import Any

import click

from nbyard.cli.commands.runs.run_watch import follow_run
from nbyard.cli.commands.runs.runs import show_state
from nbyard.cli.output.console import (
    chosen_server,
    follow_up,
    hinting_option,
    print_note,
    show_json,
)
from nbyard.cli.output.downloads import save_file, target_option
from nbyard.cli.output.logs import print_log
from nbyard.cli.shared_options import (
    confirm_deletion,
    connect,
    json_option,
    server_option,
    yes_option,
)
from nbyard.cli.typed_values import FILE_SHAPE, json_object, parse_pairs, split_target
from nbyard.domain.runs.structs import NewRun, Run
from nbyard.errors import NotFound


@click.command()
@click.option(
    "--executable",
    required=True,
    metavar="FILE|EXECUTABLE",
    help="Executable that creates the artifact.",
)
@click.option("--name", required=True, help="Unused name for the artifact.")
@click.option(
    "--parameters", default="{}", metavar="JSON", help="Parameter values as a JSON object, by name."
)
@click.option(
    "--input-file",
    "inputs",
    multiple=True,
    metavar="NAME=FILE…",
    help="File, dataset or artifact for an input.",
)
@click.option("--runtime", default="", help="Runtime: process, docker or dask.")
@click.option("--image", default="", help="Container image.")
@click.option(
    "--force", is_flag=True, help="Replace an artifact of this name, and ignore the cache."
)
@click.option(
    "--wait", is_flag=True, help="Wait until the run ends. The exit code shows its result."
)
@click.option("--log", is_flag=True, help="Print the log of the run until it ends.")
@click.argument("more", nargs=-1, metavar="[NAME=FILE…]")
@server_option
@json_option
def create(executable: str, name: str, server: str, as_json: bool, **wish: Any) -> None:
    """Run an executable once and store its outputs by name.

    The run continues if you interrupt this command. With --force, an artifact of that name is
    replaced; its run keeps its number.

    \b
    Examples:
      nbyard artifacts create --executable train.ipynb --name test1 \\
        --parameters '{"alpha": 0.1}' --input-file data=a.csv labels=b.csv --wait
    """
    # `--input-file a=1 b=2` gives two files: the second one arrives as an argument.
    if wish["more"] and not wish["inputs"]:
        raise click.UsageError(f"{wish['more'][0]}: pass files with --input-file")
    path, registered = split_target(executable, bool(chosen_server()))
    if path.endswith(".nbflow"):
        raise click.UsageError(f"{path} is a workflow: nbyard run {path} --name {name}")
    body = NewRun(
        path=path,
        executable=registered,
        name=name,
        replace=wish["force"],
        parameters=json_object(wish["parameters"]),
        texts=parse_pairs("--input-file", (*wish["inputs"], *wish["more"]), FILE_SHAPE),
        runtime=wish["runtime"],
        image=wish["image"],
        force=wish["force"],
        origin="shell",
    )
    connection = connect(server)
    with hinting_option("Use --force to take over the name."):
        made = connection.runs.create(body=body, idempotency_key=str(uuid.uuid4()))
    if wish["wait"] or wish["log"]:
        follow_run(connection, made, executable, as_json=as_json, log=wish["log"])
    elif as_json:
        show_json(made)
    else:
        print_note(f"Follow it with: {follow_up(f'nbyard artifacts log {name} --follow')}")
        click.echo(made.id)


def _run_of(connection: Any, name: str) -> Run:
    with contextlib.suppress(NotFound):
        run: Run = connection.runs.get(run=name).run
        # A key may also be a number or an ID, and a run of a workflow is no artifact.
        if run.name == name and not run.workflow_id:
            return run
    raise NotFound(
        f"There is no artifact '{name[:80]}'.",
        hint=(
            "nbyard artifacts ls lists named artifacts; nbyard runs lineage RUN shows those of a"
            " run."
        ),
    )


@click.command()
@click.argument("name")
@server_option
def parameters(name: str, server: str) -> None:
    """Print all values that an artifact was created with, as JSON.

    Defaults are included.
    """
    connection = connect(server)
    run = _run_of(connection, name)
    (task,) = connection.runs.get(run=run.id).tasks
    show_json({**task.arguments, **run.parameters})


@click.command()
@click.argument("name")
@server_option
@json_option
def status(name: str, server: str, as_json: bool) -> None:
    """Print the state of an artifact.

    The exit code is 1 if it failed or was cancelled.
    """
    show_state(_run_of(connect(server), name), as_json)


@click.command()
@click.argument("name")
@click.option("--follow", "-f", is_flag=True, help="Print new lines until the run ends.")
@server_option
def log(name: str, follow: bool, server: str) -> None:
    """Print the log of an artifact's run.

    You can interrupt this command; the run continues.
    """
    connection = connect(server)
    run = _run_of(connection, name)
    for task in connection.runs.get(run=run.id).tasks:
        print_log(connection, run.id, task.node, follow)


@click.command()
@click.argument("name")
@target_option("the artifact's file name")
@server_option
def export(name: str, target: str, server: str) -> None:
    """Save an artifact to a file.

    One file is saved as it is, several files and folders as a zip. NAME.OUTPUT selects one of
    several files.
    """
    save(connect(server), name, target)


def save(connection: Any, name: str, target: str) -> None:
    """Download an artifact to the file `target`, or to standard output for `-`."""
    source, own = connection.download("artifacts", name)
    save_file(source, own, target)


@click.command("rm")
@click.argument("name")
@server_option
@yes_option
def remove(name: str, server: str, yes: bool) -> None:
    """Delete an artifact and the run that created it."""
    connection = connect(server)
    run = _run_of(connection, name).id
    confirm_deletion(name, "Delete an artifact and the run that created it", yes)
    connection.runs.delete(run=run)
    click.echo(f"Deleted {name}.")


COMMANDS: tuple[click.Command, ...] = (create, parameters, status, log, export, remove)
