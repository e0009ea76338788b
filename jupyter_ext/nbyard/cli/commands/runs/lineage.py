"""The commands that show where something comes from, and what was made with it."""

from typing import Any

import click

from nbyard.cli.output.console import show_json
from nbyard.cli.shared_options import connect, json_option, server_option, with_options


def lineage_options(command: Any) -> Any:
    """Add the options that all of these commands have."""
    most = click.option("--limit", default=200, metavar="N", help="Most nodes. Default: 200.")
    return with_options(command, most, server_option, json_option)


def show_lineage(kind: str, key: str, server: str, as_json: bool, **wish: Any) -> None:
    """Print the lineage of something as a tree, or as JSON."""
    lineage = connect(server).lineage.get(kind=kind, key=key, **wish)
    if as_json:
        show_json(lineage)
        return
    from nbyard.domain.lineage.tree import lines_of  # late: help needs none of it

    for line in lines_of(lineage):
        click.echo(line)


@click.command("lineage")
@click.argument("artifact")
@lineage_options
def of_artifact(artifact: str, **given: Any) -> None:
    """Show what an artifact comes from, and what was made with it.

    Before it are data, code, environment and run; after it are runs that used it, models, images
    and deployments. ARTIFACT is a file's ID, NAME.OUTPUT, or NAME for all of its files.
    """
    show_lineage("artifact", artifact, **given)


@click.command("lineage")
@click.argument("dataset")
@click.option(
    "--version", default=0, metavar="N", help="Number of the version. Default: the current one."
)
@lineage_options
def of_dataset(dataset: str, **given: Any) -> None:
    """Show what a dataset version comes from, and what was made with it."""
    show_lineage("dataset", dataset, **given)


@click.command("lineage")
@click.argument("deployment")
@lineage_options
def of_deployment(deployment: str, **given: Any) -> None:
    """Show the image, model, run, code and data of a deployment."""
    show_lineage("deployment", deployment, **given)


@click.command("lineage")
@click.argument("image")
@lineage_options
def of_image(image: str, **given: Any) -> None:
    """Show what an image comes from, and which deployments use it."""
    show_lineage("image", image, **given)


@click.command("lineage")
@click.argument("model")
@lineage_options
def of_model(model: str, **given: Any) -> None:
    """Show what a model comes from, and which deployments serve it."""
    show_lineage("model", model, **given)


@click.command("lineage")
@click.argument("run")
@click.option("--node", default="", help="Only this node.")
@click.option("--output", default="", help="Only this output of the node.")
@lineage_options
def of_run(run: str, **given: Any) -> None:
    """Show what a run used, and what was made with its results.

    RUN is an ID, name or number.

    \b
    Examples:
      nbyard runs lineage 12
      nbyard runs lineage 12 --node train --output model
    """
    show_lineage("run", run, **given)
