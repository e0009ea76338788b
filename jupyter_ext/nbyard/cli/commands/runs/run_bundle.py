"""The command that saves a run for plain papermill."""

import click

from nbyard.cli.output.downloads import save_file, target_option
from nbyard.cli.shared_options import connect, server_option


@click.command("bundle")
@click.argument("run")
@target_option("the run's name")
@server_option
def bundle(run: str, target: str, server: str) -> None:
    """Save a finished run as a zip that plain papermill can repeat.

    The zip has the code, inputs and parameters of each node, and a script that runs them in order.

    \b
    Examples:
      nbyard runs bundle 12 -o run.zip
      unzip run.zip -d again && sh again/repeat.sh
    """
    source, own = connect(server).run_bundle(run)
    save_file(source, own, target)


COMMANDS: tuple[click.Command, ...] = (bundle,)
