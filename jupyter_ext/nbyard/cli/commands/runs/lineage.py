"""The commands that show where something comes from, and what was made with it."""

from typing import Any

import click

from nbyard.cli.shared_options import shows, with_options


def show_lineage(lineage: Any) -> None:
    """Print the lineage of something as a tree."""
    from nbyard.domain.lineage.graph import lines_of

    for line in lines_of(lineage):
        click.echo(line)


def lineage_of(kind: str, about: str, *options: Any) -> click.Command:
    """Return the command that shows the lineage of an item of this kind."""

    @shows(show_lineage)
    def show(connection: Any, **given: Any) -> Any:
        return connection.lineage.get(kind=kind, key=given.pop(kind), **given)

    most = click.option("--limit", default=200, metavar="N", help="Most nodes. Default: 200.")
    # The table of commands finds a command by the name of its function.
    show.__name__ = f"of_{kind}"
    parameters = with_options(show, click.argument(kind), *options, most)
    return click.command("lineage", help=about)(parameters)


of_artifact = lineage_of(
    "artifact",
    """Show what an artifact comes from, and what was made with it.

    Before it are data, code, environment and run; after it are runs that used it, models, images
    and deployments. ARTIFACT is a file's ID, NAME.OUTPUT, or NAME for all of its files.
    """,
)
of_dataset = lineage_of(
    "dataset",
    "Show what a dataset version comes from, and what was made with it.",
    click.option(
        "--version", default=0, metavar="N", help="Number of the version. Default: the current one."
    ),
)
of_deployment = lineage_of(
    "deployment", "Show the image, model, run, code and data of a deployment."
)
of_image = lineage_of("image", "Show what an image comes from, and which deployments use it.")
of_model = lineage_of("model", "Show what a model comes from, and which deployments serve it.")
of_run = lineage_of(
    "run",
    """Show what a run used, and what was made with its results.

    RUN is an ID, name or number.

    \b
    Examples:
      nbyard runs lineage 12
      nbyard runs lineage 12 --node train --output model
    """,
    click.option("--node", default="", help="Only this node."),
    click.option("--output", default="", help="Only this output of the node."),
)
