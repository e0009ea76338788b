"""Serving of a model of mode http while a command runs."""

import signal
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

from nbyard.cli.commands.deployments import LOOK_SECONDS, wait_until_settled
from nbyard.cli.output.console import print_note, show_json
from nbyard.domain.deployments.creation_form import name_of
from nbyard.domain.deployments.structs import OPEN, OPEN_VARIABLE, Deployment, NewDeployment
from nbyard.domain.models.structs import ModelPackage
from nbyard.domain.state_machines import DEPLOYMENT
from nbyard.errors import NotFound

# Signals besides Ctrl-C: from `kill`, and when the terminal is closed.
ENDING = (signal.SIGTERM, signal.SIGHUP)
LONGEST = 50
# Without a server in between, nothing would send the secret with the user's requests.
OPENED = {OPEN_VARIABLE: OPEN}


def serve(connection: Any, package: ModelPackage, *, as_json: bool) -> int:
    """Serve a model as a temporary deployment until interrupted; return the exit code.

    Its address and its log are printed.
    """
    # A random suffix, so that several commands can serve the same model.
    name = f"{name_of(package.name)[:LONGEST].strip('-') or 'model'}-{uuid.uuid4().hex[:8]}"
    print_note(f"Serving {package.reference} until Ctrl-C.")
    try:
        with _interrupted_by(*ENDING):
            body = NewDeployment(package.id, name=name, environment=OPENED)
            made = connection.deployments.create(body=body)
            deployment = wait_until_settled(connection, made)
            if deployment.state not in DEPLOYMENT.rests:
                if as_json:
                    show_json(deployment)
                else:
                    click.echo(connection.address(deployment))
                deployment = _print_log_until_over(connection, deployment)
        print_note(
            f"The model {deployment.state}: {deployment.reason}"
            if deployment.reason
            else f"The model is {deployment.state}."
        )
        if deployment.reproduce:
            print_note(f"To reproduce it: {deployment.reproduce}")
    except KeyboardInterrupt:
        return 0
    except NotFound:
        print_note("The deployment was deleted meanwhile.")
    finally:
        with suppress(NotFound):
            # By name, because an interruption may come before the ID is known.
            connection.deployments.delete(deployment=name)
    return 1


def _print_log_until_over(connection: Any, deployment: Deployment) -> Deployment:
    """Print the log until the deployment is stopped or fails; return the deployment."""
    after = 0
    while True:
        chunk = connection.deployments.log(deployment=deployment.id, after=after)
        click.echo(chunk.text, nl=False, err=True)
        if chunk.next > after:
            after = chunk.next
            continue
        if deployment.state in DEPLOYMENT.rests:
            return deployment
        connection.wait(LOOK_SECONDS)
        deployment = connection.deployments.get(deployment=deployment.id)


@contextmanager
def _interrupted_by(*signals: signal.Signals) -> Iterator[None]:
    """Treat these signals like Ctrl-C, so that the deployment is deleted."""
    if threading.current_thread() is not threading.main_thread():  # cannot handle signals
        yield
        return
    former = {
        signal_number: signal.signal(signal_number, signal.default_int_handler)
        for signal_number in signals
    }
    try:
        yield
    finally:
        for signal_number, handler in former.items():
            signal.signal(signal_number, handler)
