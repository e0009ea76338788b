"""All commands with their code: those written by hand and those of operations, by noun."""

from collections.abc import Iterator

import click

from nbyard.cli.commands import (
    artifacts,
    by_hand,
    credentials,
    deployments,
    environments,
    images,
    models,
    retry,
    run_files,
    system,
    workflows,
)
from nbyard.cli.commands.run import run
from nbyard.cli.generated_commands import generated_commands
from nbyard.services.table import table

HIDDEN = {"uploads", "events", "system"}
WITHOUT_NOUN: tuple[click.Command, ...] = (run, workflows.example, *system.COMMANDS)
HELP = {
    "artifacts": "Create, show and export named results.",
    "credentials": "Store and replace secrets.",
    "datasets": "Add, preview and compare data.",
    "deployments": "Start, edit and stop services.",
    "environments": "Create environments and install packages.",
    "executables": "Register and show notebooks, scripts and programs.",
    "images": "Build, pull and push container images.",
    "kernels": "List the kernels of this machine.",
    "models": "Build, deploy and run models.",
    "runs": "Follow, retry and cancel runs.",
    "workflows": "List workflows and build their images.",
}
BY_HAND: dict[str, tuple[click.Command, ...]] = {
    "artifacts": artifacts.COMMANDS,
    "credentials": credentials.COMMANDS,
    "datasets": (by_hand.add_dataset, by_hand.compare),
    "deployments": deployments.COMMANDS,
    "environments": environments.COMMANDS,
    "executables": (by_hand.add_executable, by_hand.ask_help, by_hand.inspect),
    "images": images.COMMANDS,
    "models": models.COMMANDS,
    "runs": (
        *(by_hand.show, by_hand.status, by_hand.log, by_hand.metrics),
        *(*retry.COMMANDS, *run_files.COMMANDS),
    ),
    "workflows": workflows.COMMANDS,
}


def all_commands() -> Iterator[click.Command]:
    """Yield the commands without a noun, then a group for each noun."""
    yield from WITHOUT_NOUN
    for noun in dict.fromkeys(o.noun for o in table() if o.noun not in HIDDEN):
        group = click.Group(noun, help=HELP[noun])
        # A command written by hand replaces the one of its operation.
        for command in (*generated_commands(noun), *BY_HAND.get(noun, ())):
            group.add_command(command)
        yield group
