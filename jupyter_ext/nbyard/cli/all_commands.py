"""All commands with their code: those written by hand and those of operations, by noun.

The command that sends any request, for those that no other command expresses.
"""

import sys
from collections.abc import Iterator
from typing import Any

import click

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
from nbyard.cli.commands.automations import backfills
from nbyard.cli.commands.automations import verbs as automations
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
from nbyard.cli.commands.users import hub
from nbyard.cli.generated_commands import generated_commands
from nbyard.cli.output.console import show_json
from nbyard.cli.shared_options import connect, server_option
from nbyard.cli.typed_values import json_object, parse_pairs
from nbyard.field_suggestions import suggestion_text
from nbyard.services.operation import Operation
from nbyard.services.operation_table import table
from nbyard.services.spelling.words import HIDDEN


@click.command()
@click.argument("operation")
@click.argument("values", nargs=-1, metavar="[NAME=VALUE…]")
@click.option("--body", metavar="JSON", help="Request body, as an object.")
@click.option(
    "--ask",
    "secrets",
    multiple=True,
    metavar="FIELD",
    help="Read this field of the body at a hidden prompt, or from standard input.",
)
@server_option
def call(
    operation: str, values: tuple[str, ...], body: str | None, secrets: tuple[str, ...], server: str
) -> None:
    """Send a request to any operation and print its result as JSON.

    The reference of the REST API lists the operations with their fields. Other commands are
    shorter, and check more before they send a request.

    \b
    Examples:
      nbyard call runs.get run=12
      nbyard call projects.update project=wine --body '{"revision": 3, "name": "white-wine"}'
      nbyard call channels.update channel=team --body '{"revision": 1}' --ask url
    """
    known = {entry.id: entry for entry in table()}
    if operation not in known:
        raise click.UsageError(
            f"Unknown operation {operation}{suggestion_text(operation, [*known])}"
        )
    entry = known[operation]
    given = _arguments(entry, parse_pairs(operation, values, "NAME=VALUE"))
    if entry.placed("body"):
        given["body"] = content = json_object(body or "{}", "--body")
        for place in secrets:
            *outer, name = place.split(".")
            inner = content
            for part in outer:
                inner = inner.setdefault(part, {})
                if not isinstance(inner, dict):
                    raise click.UsageError(f"--ask {place}: {part} is not an object in the body.")
            # A command line is visible for others, so that a secret never stands in it.
            if sys.stdin.isatty():
                inner[name] = click.prompt(place, hide_input=True, err=True)
            else:
                inner[name] = sys.stdin.readline().rstrip("\r\n")
    elif body is not None or secrets:
        raise click.UsageError(f"{operation} accepts no body.")
    answer = getattr(getattr(connect(server), entry.noun), entry.verb)(**given)
    if answer is not None:
        show_json(answer)


def _arguments(operation: Operation, texts: dict[str, str]) -> dict[str, Any]:
    """Return the values for path and query, converted to their types."""
    fields = {field.name: field for field in operation.fields if field.place in ("path", "query")}
    arguments: dict[str, Any] = {}
    for name, text in texts.items():
        if name not in fields:
            suggestion = suggestion_text(name, [*fields])
            raise click.UsageError(f"{operation.id} has no parameter {name}{suggestion}")
        kind = fields[name].type
        try:
            # click would also strip or expand texts of its own types.
            arguments[name] = text if kind is str else click.types.convert_type(kind)(text)
        except click.BadParameter as error:
            raise click.UsageError(f"{name}: {error.message}") from None
    for name, field in fields.items():
        if field.place == "path" and name not in arguments:
            raise click.UsageError(f"{operation.id} needs {name}=VALUE.")
    return arguments


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
    "admin": "Show and stop the work of all users.",
    "artifacts": "Create, show and export named results.",
    "audit": "Show who changed what.",
    "automations": "Start runs at set times, or when something happens.",
    "backfills": "Show and cancel runs of past due times.",
    "bisections": "Show and cancel searches for the change that made a run bad.",
    "channels": "Send messages about runs to Slack, e-mail and others.",
    "contracts": "Propose, accept, import and export rules for outputs.",
    "credentials": "Store and replace secrets.",
    "datasets": "Add, preview and compare data.",
    "deployments": "Start, edit and stop services.",
    "deployments keys": "Keys with which programs call a deployment.",
    "environments": "Create environments and install packages.",
    "executables": "Register and show notebooks, scripts and programs.",
    "images": "Build, pull and push container images.",
    "kernels": "List the kernels of this machine.",
    "models": "Build, deploy and run models.",
    "projects": "Group resources that belong together.",
    "quotas": "Limit what users, groups and projects may hold at once.",
    "runs": "Follow, retry and cancel runs.",
    "shares": "Share projects and other resources with users and groups.",
    "workflows": "List workflows and build their images.",
}
# Nouns without operations: their commands use the store of this machine.
LOCAL = (
    click.Group("hub", hub.COMMANDS, help="Serve all users of a JupyterHub."),
    click.Group("service", service.COMMANDS, help="Start the dispatcher after a reboot."),
    click.Group("store", store.COMMANDS, help="Back up, restore and migrate the store."),
)
BY_HAND: dict[str, tuple[click.Command, ...]] = {
    "audit": hub.AUDIT,
    "artifacts": (*artifacts.COMMANDS, lineage.of_artifact),
    "automations": (*automations.COMMANDS, *backfills.COMMANDS),
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
    "workflows": workflows.COMMANDS,
}


def all_commands() -> Iterator[click.Command]:
    """Yield the commands without a noun, then a group for each noun."""
    yield from WITHOUT_NOUN
    for noun in dict.fromkeys(o.noun for o in table() if o.noun not in HIDDEN):
        if noun not in HELP:
            raise KeyError(f"add a line for `nbyard {noun}` to HELP in cli/all_commands.py")
        groups = {"": click.Group(noun, help=HELP[noun])}
        # A command written by hand replaces the one of its operation.
        for command in (*generated_commands(noun), *BY_HAND.get(noun, ())):
            word, _, verb = str(command.name).rpartition(" ")
            if word not in groups:
                groups[word] = click.Group(word, help=HELP[f"{noun} {word}"])
                groups[""].add_command(groups[word])
            groups[word].add_command(command, verb)
        yield groups[""]
    yield from LOCAL
