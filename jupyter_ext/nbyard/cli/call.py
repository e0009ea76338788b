"""The command that sends any request, for those that no other command expresses."""

import sys
from typing import Any

import click

from nbyard.cli.output.console import show_json
from nbyard.cli.shared_options import connect, server_option
from nbyard.cli.typed_values import json_object, parse_pairs
from nbyard.field_suggestions import suggestion_text
from nbyard.services.operation import Operation
from nbyard.services.operation_table import table


@click.command()
@click.argument("operation")
@click.argument("values", nargs=-1, metavar="[NAME=VALUE…]")
@click.option("--body", metavar="JSON", help="Request body, as an object.")
@click.option(
    *("--ask", "secrets"),
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
    """Return the values for path and query, converted to their types.

    Raises:
        UsageError: a value is missing, unknown or of another type.
    """
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
