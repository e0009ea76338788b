"""Commands for deployments that use more than one operation."""

import getpass
import sys
from typing import Any

import click
from msgspec.structs import replace

from nbyard.cli.body_options import body_options
from nbyard.cli.output.console import ask_again, print_note, show_json
from nbyard.cli.output.logs import print_growing_log
from nbyard.cli.output.views.deployment_views import (
    print_warnings,
    show_deployment,
)
from nbyard.cli.shared_options import (
    connect,
    json_option,
    server_option,
    with_options,
)
from nbyard.cli.typed_values import parse_pairs
from nbyard.domain.deployments.creation_form import IDES
from nbyard.domain.deployments.deployment_status import is_settled
from nbyard.domain.deployments.structs import (
    Deployment,
    DeploymentChange,
    NewDeployment,
    Port,
    Revision,
)
from nbyard.domain.state_machines import DEPLOYMENT

LOOK_SECONDS = 0.3
wait_option = click.option(
    "--wait", is_flag=True, help="Wait until the deployment responds or fails."
)


def port_and_password_options(command: Any) -> Any:
    """Add the options that `read_ports_and_password` reads."""
    return with_options(
        command,
        click.option(
            *("--port", "ports"),
            multiple=True,
            metavar="NAME=PORT",
            help="Port that the service listens on, with the name of its link.",
        ),
        click.option(
            "--keep-prefix",
            multiple=True,
            metavar="NAME",
            help="Send the whole path to this port, with the port's name.",
        ),
        click.option(
            "--password-file",
            type=click.File(),
            help="File with the password; - for standard input. Without it, create asks for a"
            " required password.",
        ),
    )


@click.command()
@body_options(NewDeployment)
@port_and_password_options
@wait_option
@server_option
@json_option
def create(body: NewDeployment, wait: bool, server: str, as_json: bool, **given: Any) -> None:
    """Deploy an image as a service.

    \b
    Examples:
      nbyard deployments create nbyard/penguins:1 --wait
      nbyard deployments create --service jupyterlab --name lab --cpu 2 --memory 4
      nbyard deployments create tools:1 --service own --port web=8000 -- python3 -m http.server
    """
    given = read_ports_and_password(**given)
    # The services that are editors require a password.
    if "password" not in given and body.service in IDES:
        if not sys.stdin.isatty():
            raise click.UsageError(
                "A password is needed. Pass the file that contains it: --password-file PATH"
            )
        given["password"] = getpass.getpass("Password, at least 9 characters: ")
    connection = connect(server)
    made = connection.deployments.create(body=replace(body, **given))
    show_deployed(connection, made, wait, as_json)


@click.command()
@click.argument("deployment")
@body_options(DeploymentChange)
@port_and_password_options
@wait_option
@server_option
@json_option
def edit(
    deployment: str, body: DeploymentChange, wait: bool, server: str, as_json: bool, **given: Any
) -> None:
    """Change a deployment. Omitted options keep their values.

    \b
    Examples:
      nbyard deployments edit penguins --image nbyard/penguins:2 --wait
    """
    body = replace(body, **read_ports_and_password(**given))
    connection = connect(server)
    made = connection.deployments.edit(deployment=deployment, body=body)
    show_deployed(connection, made, wait, as_json)


@click.command()
@click.argument("deployment")
@click.option(
    "--revision", default=0, metavar="N", help="Number of the revision. Default: the previous one."
)
@wait_option
@server_option
@json_option
def rollback(deployment: str, revision: int, wait: bool, server: str, as_json: bool) -> None:
    """Roll back a deployment to an older revision.

    \b
    Examples:
      nbyard deployments rollback penguins --wait
    """
    connection = connect(server)
    made = connection.deployments.rollback(deployment=deployment, revision=revision)
    _show_changed(connection, made, wait, as_json)


@click.command()
@click.argument("deployment")
@wait_option
@server_option
@json_option
def start(deployment: str, wait: bool, server: str, as_json: bool) -> None:
    """Start a stopped, completed or failed deployment.

    \b
    Examples:
      nbyard deployments start penguins --wait
    """
    connection = connect(server)
    _show_changed(connection, connection.deployments.start(deployment=deployment), wait, as_json)


def _show_changed(connection: Any, made: Deployment, wait: bool, as_json: bool) -> None:
    if wait:
        show_deployed(connection, made, wait, as_json)
    elif as_json:
        show_json(made)
    else:
        show_deployment(made)


def read_ports_and_password(
    ports: tuple[str, ...], keep_prefix: tuple[str, ...], password_file: Any
) -> dict[str, Any]:
    """Return the fields of the given options."""
    fields: dict[str, Any] = {}
    if ports:
        numbers = parse_pairs("--port", ports, "NAME=PORT")
        for name, text in numbers.items():
            if not text.isdecimal():
                raise click.UsageError(f"--port {name}={text}: write NAME=PORT, such as web=8000")
        fields["ports"] = [
            Port(name, int(text), keep_prefix=name in keep_prefix) for name, text in numbers.items()
        ]
    if password_file:
        # Editors end a file with a line break, which is not part of the password.
        fields["password"] = password_file.readline().rstrip("\n")
    return fields


@click.command()
@click.argument("deployment")
@click.option(
    "--revision", default=0, metavar="N", help="Number of the revision. Default: the newest."
)
@click.option("--follow", "-f", is_flag=True, help="Print new lines while the deployment runs.")
@server_option
def log(deployment: str, revision: int, follow: bool, server: str) -> None:
    """Print the log of a deployment.

    You can interrupt this command; the deployment continues.
    """
    read = connect(server).deployments.log
    print_growing_log(lambda after: read(deployment, revision, after), follow=follow)


def show_deployed(connection: Any, made: Deployment, wait: bool, as_json: bool) -> None:
    """Show a deployment; with `wait`, first wait until it responds or fails.

    With `wait`, the exit code is 1 if it failed, and 130 after Ctrl-C.
    """
    deployment = made
    if wait:
        try:
            deployment = wait_until_settled(connection, made)
        except KeyboardInterrupt:
            print_note(
                f"\nThe deployment continues. Stop it with: nbyard deployments stop {made.name}"
            )
            sys.exit(130)
    if as_json:
        show_json(deployment)
    elif wait:
        show_deployment(deployment)
    else:
        print_note(f"Show its state with: nbyard deployments show {made.name}")
        print_warnings(deployment)
        click.echo(made.id)
    if wait and (deployment.state in DEPLOYMENT.rests or deployment.serving != deployment.revision):
        raise click.exceptions.Exit(1)


def wait_until_settled(connection: Any, made: Deployment) -> Deployment:
    """Wait until the newest revision responds or fails; print why it waits.

    Raises:
        KeyboardInterrupt: the user interrupted the wait.
    """
    deployment = made.id

    def newest_revision() -> Revision:
        asked = {"deployment": deployment, "limit": 1}
        newest: Revision = ask_again(connection.deployments.revisions, **asked).items[0]
        return newest

    connection.wait(0)  # the first call only starts to listen for changes
    printed_reason = None
    while True:
        if is_settled(made, newest_revision):
            return made
        if made.reason is not None and made.reason != printed_reason:
            printed_reason = made.reason
            print_note(f"{made.name} is {made.state}: {printed_reason}")
        connection.wait(LOOK_SECONDS)
        made = ask_again(connection.deployments.get, deployment=deployment)


COMMANDS: tuple[click.Command, ...] = (create, edit, log, rollback, start)
