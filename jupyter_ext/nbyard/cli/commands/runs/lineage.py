"""The commands that show where something comes from, and what was made with it."""

from typing import Any

import click

from nbyard.cli.shared_options import shows


def show_lineage(lineage: Any) -> None:
    """Print the lineage of something as a tree."""
    from nbyard.domain.lineage.tree import lines_of  # late: help needs none of it

    for line in lines_of(lineage):
        click.echo(line)


def lineage_options(command: Any) -> Any:
    """Add the options that all of these commands have, and show the lineage."""
    most = click.option("--limit", default=200, metavar="N", help="Most nodes. Default: 200.")
    return most(shows(show_lineage)(command))


@click.command("lineage")
@click.argument("artifact")
@lineage_options
def of_artifact(connection: Any, artifact: str, **given: Any) -> Any:
    """Show what an artifact comes from, and what was made with it.

    Before it are data, code, environment and run; after it are runs that used it, models, images
    and deployments. ARTIFACT is a file's ID, NAME.OUTPUT, or NAME for all of its files.
    """
    return connection.lineage.get(kind="artifact", key=artifact, **given)


@click.command("lineage")
@click.argument("dataset")
@click.option(
    "--version", default=0, metavar="N", help="Number of the version. Default: the current one."
)
@lineage_options
def of_dataset(connection: Any, dataset: str, **given: Any) -> Any:
    """Show what a dataset version comes from, and what was made with it."""
    return connection.lineage.get(kind="dataset", key=dataset, **given)


@click.command("lineage")
@click.argument("deployment")
@lineage_options
def of_deployment(connection: Any, deployment: str, **given: Any) -> Any:
    """Show the image, model, run, code and data of a deployment."""
    return connection.lineage.get(kind="deployment", key=deployment, **given)


@click.command("lineage")
@click.argument("image")
@lineage_options
def of_image(connection: Any, image: str, **given: Any) -> Any:
    """Show what an image comes from, and which deployments use it."""
    return connection.lineage.get(kind="image", key=image, **given)


@click.command("lineage")
@click.argument("model")
@lineage_options
def of_model(connection: Any, model: str, **given: Any) -> Any:
    """Show what a model comes from, and which deployments serve it."""
    return connection.lineage.get(kind="model", key=model, **given)


@click.command("lineage")
@click.argument("run")
@click.option("--node", default="", help="Only this node.")
@click.option("--output", default="", help="Only this output of the node.")
@lineage_options
def of_run(connection: Any, run: str, **given: Any) -> Any:
    """Show what a run used, and what was made with its results.

    RUN is an ID, name or number.

    \b
    Examples:
      nbyard runs lineage 12
      nbyard runs lineage 12 --node train --output model
    """
    return connection.lineage.get(kind="run", key=run, **given)
