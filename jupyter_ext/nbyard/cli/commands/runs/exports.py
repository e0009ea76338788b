"""Commands that export runs in formats of others."""

from typing import Any

import click
import msgspec

from nbyard.cli.output.console import show_json
from nbyard.cli.output.downloads import save_file, target_option
from nbyard.cli.shared_options import connect, json_option, server_option


@click.command("openlineage")
@click.argument("run")
@click.option("--namespace", default="nbyard", help="Namespace of jobs and data. Default: nbyard.")
@server_option
@json_option
def openlineage(run: str, namespace: str, server: str, as_json: bool) -> None:
    """Print the OpenLineage events of a run as JSON lines.

    With --json, they are printed as one array.

    \b
    Examples:
      nbyard runs openlineage 12 > events.jsonl
      nbyard runs openlineage nightly --namespace lab
    """
    events: Any = connect(server).runs.openlineage(run=run, namespace=namespace).events
    if as_json:
        show_json(events)
        return
    for event in events:
        click.echo(msgspec.json.encode(event).decode())


@click.command("export")
@click.argument("run")
@target_option("the run's name", "--ro-crate", "FILE.zip")
@click.option(
    *("--inputs/--no-inputs", "inputs"),
    default=True,
    help="Include the input data, also beside the code; else only checksums. Default: include.",
)
@server_option
def export(run: str, target: str, inputs: bool, server: str) -> None:
    """Save a run with its code, data and results.

    The file is a Workflow Run RO-Crate: the workflow, the code of each node, the packages of its
    environments and kernels, inputs and outputs, and a description of what was done, when and by
    whom.

    \b
    Examples:
      nbyard runs export 12
      nbyard runs export nightly -o nightly.zip --no-inputs
    """
    source, own = connect(server).run_crate(run, inputs=inputs)
    save_file(source, own, target)


COMMANDS: tuple[click.Command, ...] = (export, openlineage)
