"""Commands for workflows that use more than one operation."""

import shlex
import tempfile
from pathlib import Path
from typing import Any, get_args

import click

from nbyard.cli.output.console import follow_up, print_note, show_json
from nbyard.cli.output.views.views_by_noun import show_changes
from nbyard.cli.shared_options import connect, json_option, server_option
from nbyard.discover import Local, connect_here
from nbyard.domain.parsing.canonical_json import canonical
from nbyard.domain.parsing.strict_json import read_json
from nbyard.domain.workflows.revisions import differences, merge
from nbyard.domain.workflows.structs import NAME, NewExample, Template, read_document
from nbyard.errors import NbyardError, Unavailable
from nbyard.host.project_files import write_whole


@click.command()
@click.argument("folder", default="")
@click.option(
    "-e", "--environment", default="", help="Environment for its nodes, instead of their kernel."
)
@click.option(
    "--template",
    type=click.Choice(get_args(Template)),
    default=NAME,
    help=f"Template to copy, by default {NAME}.",
)
@server_option
@json_option
def example(folder: str, environment: str, template: Any, server: str, as_json: bool) -> None:
    """Create an example from a template in a new folder of FOLDER.

    Existing files are kept: if there is a folder penguins, the new one is penguins-1.

    \b
    Examples:
      nbyard example
      nbyard example projects --template orders
    """
    connection = connect(server)
    workflows = connection.workflows
    made = workflows.create_example(body=NewExample(folder, environment, template))
    if as_json:
        show_json(made)
        return
    click.echo(made.path)
    needs = workflows.example_needs()
    run = f"nbyard run {shlex.quote(made.path)}"
    if needs.missing and not environment:
        print_note(f"Its kernel lacks {', '.join(needs.missing)}.")
        run = follow_up(f"{run} --environment {NAME}")
        known = connection.environments.list(search=NAME).items
        if not any(each.name == NAME and each.installed for each in known):
            create = f"nbyard environments create {NAME} {' '.join(needs.packages)}"
            run = f"{follow_up(create)} && {run}"
    else:
        run = follow_up(run)
    print_note(f"Next: {run}")


@click.command("build")
@click.argument("file")
@click.option(
    "--runtime", default="", help="docker = treat all nodes as if they ran in containers."
)
def build_workflow(file: str, runtime: str) -> None:
    """Build or fetch every image that a saved workflow needs.

    Its first run then waits for no image. Images that were already built from the same content
    are not built again. If an image fails, the others are still built, and the exit code is 1.

    \b
    Examples:
      nbyard workflows build pipeline.nbflow
      nbyard workflows build pipeline.nbflow --runtime docker
    """
    from nbyard.dockerd import logged_in

    connection = connect_here()
    if not isinstance(connection, Local):
        raise click.UsageError("The first run of the workflow builds its images at the JupyterHub.")
    needed = connection.workflows.images(path=file, runtime=runtime).items
    if not needed:
        print_note(
            "Nothing to build: no node runs in a container. --runtime docker chooses all nodes."
        )
        return
    with logged_in(connection.login):
        outcomes = [_ensure_image(connection.yard, image) for image in needed]
    if not all(outcomes):
        raise click.exceptions.Exit(1)


def _ensure_image(yard: Any, needed: Any) -> bool:
    """Build or pull a missing image, with its log on standard error; return whether it is here."""
    from nbyard.dockerd import Engine
    from nbyard.images.builds import code_image, environment_image

    nodes = ", ".join(needed.nodes)
    print_note(f"── {nodes}")
    settings = yard.settings
    engine = Engine(settings.docker_host, certificates=settings.docker_cert_path)
    try:
        if needed.dockerfile:
            with tempfile.TemporaryDirectory() as folder:
                code = Path(folder) / "code"
                yard.context.blobs.stage(needed.bundle, code, writable=True)
                name = code_image(
                    engine, code, needed.dockerfile, print_note, settings.docker_build_network
                )
        elif needed.is_built:
            name = environment_image(
                engine,
                *(needed.base, needed.requirements, needed.for_notebooks),
                print_note,
                blobs=yard.context.blobs,
                network=settings.docker_build_network,
                sources=settings.allowed_package_sources,
            )
        else:
            name = needed.base
            if not engine.image_id(name):
                engine.pull(name, print_note)
    # Without an engine, each of the other images would fail too.
    except Unavailable:
        raise
    except NbyardError as error:
        print_note(f"{nodes}: {error.message}")
        return False
    finally:
        engine.close()
    click.echo(f"{name}  {nodes}")
    return True


FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("diff")
@click.argument("old", type=FILE)
@click.argument("new", type=FILE)
def diff_workflows(old: Path, new: Path) -> None:
    """Show what differs between two workflow files, except positions of cards.

    \b
    Example:
      nbyard workflows diff before.nbflow after.nbflow
    """
    show_changes(differences(*(read_document(file.read_bytes()) for file in (old, new))))


@click.command("merge")
@click.argument("base", type=FILE)
@click.argument("mine", type=FILE)
@click.argument("theirs", type=FILE)
def merge_workflows(base: Path, mine: Path, theirs: Path) -> None:
    """Merge the changes of THEIRS since BASE into the workflow file MINE.

    Changes of different nodes and fields are merged. Where both changed one field, MINE keeps its
    value, and the exit code is 1. `nbyard init` sets this up as a merge driver of Git.

    \b
    Example:
      nbyard workflows merge base.nbflow mine.nbflow theirs.nbflow
    """
    texts = [read_json(file.read_bytes()) for file in (base, mine, theirs)]
    merged, clashes = merge(*(text if isinstance(text, dict) else {} for text in texts))
    read_document(canonical(merged))
    write_whole(mine, canonical(merged).encode())
    if clashes:
        print_note(f"Both changed {', '.join(clashes)}. Kept the values of {mine}.")
        raise click.exceptions.Exit(1)


COMMANDS: tuple[click.Command, ...] = (build_workflow, diff_workflows, merge_workflows)
