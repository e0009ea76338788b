"""All commands with their code: those written by hand and those of operations, by noun."""

from collections.abc import Iterator

import click

from nbyard.cli.call import call
from nbyard.cli.commands import (
    artifacts,
    check,
    credentials,
    datasets,
    deployments,
    doctor_and_openapi,
    environments,
    executables,
    images,
    service,
    store,
    workflows,
)
from nbyard.cli.commands.models import verbs as models
from nbyard.cli.commands.notices import channels
from nbyard.cli.commands.projects import (
    foreign_project,
    new_folder,
    project_folder,
    project_records,
    retention,
)
from nbyard.cli.commands.run import run
from nbyard.cli.commands.runs import (
    bisect,
    clean_up,
    exports,
    lineage,
    run_bundle,
    runs,
    runs_files,
)
from nbyard.cli.commands.schedules import backfills
from nbyard.cli.commands.schedules import verbs as schedules
from nbyard.cli.commands.triggers import verbs as triggers
from nbyard.cli.generated_commands import generated_commands
from nbyard.services.operation_table import table
from nbyard.services.spelling.words import HIDDEN

WITHOUT_NOUN: tuple[click.Command, ...] = (
    run,
    check.check,
    call,
    new_folder.init,
    *project_folder.COMMANDS,
    workflows.example,
    *doctor_and_openapi.COMMANDS,
)
HELP = {
    "artifacts": "Create, show and export named results.",
    "backfills": "Show and cancel runs of past due times.",
    "bisections": "Show and cancel searches for the change that made a run bad.",
    "channels": "Send messages about runs to Slack, e-mail and others.",
    "credentials": "Store and replace secrets.",
    "datasets": "Add, preview and compare data.",
    "deployments": "Start, edit and stop services.",
    "environments": "Create environments and install packages.",
    "executables": "Register and show notebooks, scripts and programs.",
    "images": "Build, pull and push container images.",
    "kernels": "List the kernels of this machine.",
    "models": "Build, deploy and run models.",
    "projects": "Group resources that belong together.",
    "runs": "Follow, retry and cancel runs.",
    "schedules": "Start runs at set times.",
    "triggers": "Start runs when something happens.",
    "workflows": "List workflows and build their images.",
}
# Nouns without operations: their commands use the store of this machine.
LOCAL = (
    click.Group("service", service.COMMANDS, help="Start the dispatcher after a reboot."),
    click.Group("store", store.COMMANDS, help="Back up, restore and migrate the store."),
)
BY_HAND: dict[str, tuple[click.Command, ...]] = {
    "artifacts": (*artifacts.COMMANDS, lineage.of_artifact),
    "channels": channels.COMMANDS,
    "credentials": credentials.COMMANDS,
    "datasets": (*datasets.COMMANDS, lineage.of_dataset),
    "deployments": (*deployments.COMMANDS, lineage.of_deployment),
    "environments": environments.COMMANDS,
    "executables": executables.COMMANDS,
    "images": (*images.COMMANDS, lineage.of_image),
    "models": (*models.COMMANDS, lineage.of_model),
    "projects": (
        *project_records.COMMANDS,
        *retention.COMMANDS,
        *foreign_project.COMMANDS,
    ),
    "runs": (
        *(*runs.COMMANDS, *runs_files.COMMANDS, *clean_up.COMMANDS),
        *(*bisect.COMMANDS, *exports.COMMANDS, *run_bundle.COMMANDS),
        lineage.of_run,
    ),
    "schedules": (*schedules.COMMANDS, *backfills.COMMANDS),
    "triggers": triggers.COMMANDS,
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
    yield from LOCAL
