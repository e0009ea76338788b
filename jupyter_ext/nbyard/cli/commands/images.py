"""Commands for images that use more than one operation."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import msgspec

from nbyard.cli.body_options import body_options, field_options
from nbyard.cli.commands.credentials import read_text
from nbyard.cli.output.console import ask_again, format_size, print_note, show_json
from nbyard.cli.output.logs import print_growing_log
from nbyard.cli.shared_options import connect, json_option, server_option
from nbyard.domain.images.structs import (
    ImageName,
    NamedImage,
    NewImage,
    PulledImage,
    Recipe,
    own_lines,
)
from nbyard.reasons.structs import reason_text

LOOK_SECONDS = 0.3
ENDED = ("ready", "failed")
wait_option = click.option(
    "--wait", is_flag=True, help="Wait until the end. The exit code is 1 after a failure."
)
version_option = click.option(
    "--version",
    default=0,
    metavar="N",
    help="Version of the environment. Default: the installed one.",
)
log_option = click.option("--log", is_flag=True, help="Print the log until the end.")
dockerfile_option = click.option(
    *("--dockerfile", "own"),
    metavar="FILE",
    help="Dockerfile whose lines below the marker are added.",
)


def recipe_options(command: Any) -> Any:
    """Add the options of an environment's image to a command."""
    anew = click.option(
        "--anew", is_flag=True, help="Ignore the options of the environment's last image."
    )
    return anew(field_options(Recipe)(dockerfile_option(command)))


@click.command()
@click.argument("target", metavar="ENVIRONMENT|DOCKERFILE")
@version_option
@click.option("--tag", default="", metavar="NAME:TAG", help="Name of the image.")
@recipe_options
@wait_option
@log_option
@server_option
@json_option
def build(target: str, version: int, tag: str, server: str, **wish: Any) -> None:
    """Build the image of an environment or of a Dockerfile.

    Omitted options keep the values of the environment's last image. An image that was built
    before is not built again. The build continues if you interrupt this command.

    \b
    Examples:
      nbyard images build cows --log
      nbyard images build cows --system-package libgomp1 --cuda 12.6 --wait
      nbyard images build cows --anew --wait
      nbyard images build tools/Dockerfile --tag tools:1 --log
      nbyard images build tools/Dockerfile --base python:3.12-slim
    """
    connection = connect(server)
    # Names of environments contain no slash.
    if "/" in target or Path(target).is_file():
        # The only option of a Dockerfile is its base (`ARG BASE`).
        others = [
            *sorted(_chosen(wish).keys() - {"base"}),
            *(["anew"] if wish["anew"] else []),
        ]
        if others:
            options = {
                param.name: param.opts[0] for param in click.get_current_context().command.params
            }
            message = f"{options[others[0]]} works only with environments, not with a Dockerfile."
            raise click.UsageError(message)
        recipe = Recipe(**chosen) if (chosen := _chosen(wish)) else None
        body = NewImage(path=target, tag=tag)
    else:
        body = NewImage(target, version, tag=tag)
        recipe = _recipe(connection, body, wish)
    made = connection.images.build(body=msgspec.structs.replace(body, recipe=recipe))
    _follow_build(connection, made, wish["wait"], wish["log"], wish["as_json"])


def _chosen(wish: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a recipe that options set."""
    chosen: dict[str, Any] = wish["fields_for"]()
    return chosen | ({"own": wish["own"]} if wish["own"] else {})


def _recipe(connection: Any, body: NewImage, wish: dict[str, Any]) -> Recipe | None:
    """Return the last recipe (with `anew`, an empty one) with the chosen options; None for none."""
    chosen = _chosen(wish)
    if not chosen and not wish["anew"]:
        return None
    # The server knows the last recipe, and the text that own lines are compared with.
    generated = connection.images.dockerfile(body=body)
    if "own" in chosen:
        chosen["own"] = own_lines(read_text(chosen["own"]), generated.text)
    return msgspec.structs.replace(Recipe() if wish["anew"] else generated.recipe, **chosen)


@click.command()
@click.argument("environment")
@version_option
@recipe_options
@server_option
def dockerfile(environment: str, version: int, server: str, **wish: Any) -> None:
    """Print the Dockerfile of an environment without building it.

    To add your own lines, write them below its last line and build with --dockerfile.
    """
    connection = connect(server)
    body = NewImage(environment, version)
    recipe = _recipe(connection, body, wish)
    shown = connection.images.dockerfile(body=msgspec.structs.replace(body, recipe=recipe))
    click.echo(shown.text, nl=False)


@click.command()
@body_options(PulledImage)
@wait_option
@log_option
@server_option
@json_option
def pull(body: PulledImage, server: str, **wish: Any) -> None:
    """Fetch an image from a registry."""
    connection = connect(server)
    made = connection.images.pull(body=body)
    _follow_build(connection, made, **wish)


@click.command()
@click.argument("image")
@click.argument("reference", metavar="NAME:TAG|HOST/", default="")
@wait_option
@log_option
@server_option
@json_option
def push(image: str, reference: str, server: str, **wish: Any) -> None:
    """Push an image to a registry, optionally under another name.

    \b
    Examples:
      nbyard images push nbyard/cows:1 registry.example.org:5000/ --wait
    """
    connection = connect(server)
    made = connection.images.push(image=image, body=ImageName(reference))
    _follow_build(connection, made, **wish)


@click.command()
@click.argument("image")
@click.option("--follow", "-f", is_flag=True, help="Print new lines until the end.")
@server_option
def log(image: str, follow: bool, server: str) -> None:
    """Print the log of a build, pull or push.

    You can interrupt this command; the work continues.
    """
    connection = connect(server)
    print_log(connection, image, follow)


def print_log(connection: Any, image: str, follow: bool) -> None:
    """Print the log so far; with `follow`, until its end."""
    read = connection.images.log
    print_growing_log(lambda after: read(image=image, after=after), follow=follow, err=True)


def _follow_build(connection: Any, made: NamedImage, wait: bool, log: bool, as_json: bool) -> None:
    if not (wait or log):
        if as_json:
            show_json(made)
        else:
            print_note(f"Follow it with: nbyard images log {made.reference} --follow")
            click.echo(made.id)
        return
    image = wait_for_image(connection, made, log)
    if as_json:
        show_json(image)
    else:
        print_image(image)
    if image.state != "ready":
        raise click.exceptions.Exit(1)


def wait_for_image(
    connection: Any, made: NamedImage, log: bool, goes_on: bool = True
) -> NamedImage:
    """Wait until an image is ready or has failed.

    If the user interrupts and `goes_on` is false, the caller cancels the build.
    """
    try:
        if log:
            print_log(connection, made.id, follow=True)
        connection.wait(0)  # the first call only starts to listen for changes
        while made.state not in ENDED:
            made = ask_again(connection.images.get, image=made.id)
            if made.state not in ENDED:
                connection.wait(LOOK_SECONDS)
    except KeyboardInterrupt:
        if goes_on:
            print_note(f"\nThe build continues. Cancel it with: nbyard images rm {made.reference}")
        sys.exit(130)
    return made


def print_image(named_image: NamedImage) -> None:
    """Print the image's name, size and ID, or why it failed and at which line."""
    if named_image.state == "ready":
        if named_image.cached:
            print_note("Nothing changed since the last build.")
        if named_image.reason:
            print_note(reason_text(named_image.reason))
        size = format_size(named_image.size_bytes)
        click.echo(f"{named_image.reference}  {size}  {named_image.image_id}")
        return
    print_note(f"{named_image.reference} {named_image.state}: {reason_text(named_image.reason)}")
    if named_image.failed_line is not None:
        print_note(f"  {named_image.failed_line.line} | {named_image.failed_line.text}")
    if named_image.environment and named_image.recipe != Recipe():
        print_note("The next build uses these options again, unless you pass --anew.")


COMMANDS: tuple[click.Command, ...] = (build, dockerfile, pull, push, log)
