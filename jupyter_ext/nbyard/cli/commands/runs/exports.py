"""Commands that export runs in formats of others."""

from typing import Any

import click
import msgspec

from nbyard.cli.output.console import show_json
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
    found: Any = connect(server).runs.openlineage(run=run, namespace=namespace).events
    if as_json:
        show_json(found)
        return
    for event in found:
        click.echo(msgspec.json.encode(event).decode())


COMMANDS: tuple[click.Command, ...] = (openlineage,)
