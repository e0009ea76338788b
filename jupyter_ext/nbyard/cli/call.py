"""The command that sends any request, for those that no other command expresses."""

import sys
from typing import Any

import click

from nbyard.cli.output.console import show_json
from nbyard.cli.shared_options import connect, server_option
from nbyard.cli.typed_values import json_object, parse_pairs
from nbyard.field_suggestions import suggestion_text
from nbyard.services.operation import Field, Operation
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
    found = _operation(operation)
    given = _arguments(found, parse_pairs(operation, values, "NAME=VALUE"))
    if found.placed("body"):
        content = json_object(body or "{}", "--body")
        for place in secrets:
            _put(content, place, _secret(place))
        given["body"] = content
    elif body is not None or secrets:
        raise click.UsageError(f"{operation} has no body.")
    answer = getattr(getattr(connect(server), found.noun), found.verb)(**given)
    if answer is not None:
        show_json(answer)


def _operation(name: str) -> Operation:
    known = {one.id: one for one in table()}
    if name not in known:
        raise click.UsageError(f"{name} is no operation{suggestion_text(name, list(known))}")
    return known[name]


def _arguments(operation: Operation, texts: dict[str, str]) -> dict[str, Any]:
    """Return the values for path and query, converted to their types."""
    fields = {field.name: field for field in operation.fields if field.place in ("path", "query")}
    for name in texts:
        if name not in fields:
            raise click.UsageError(
                f"{operation.id} has no {name}{suggestion_text(name, [*fields])}"
            )
    for name, field in fields.items():
        if field.place == "path" and name not in texts:
            raise click.UsageError(f"{operation.id} needs {name}=VALUE.")
    return {name: _value(fields[name], text) for name, text in texts.items()}


def _value(field: Field, text: str) -> Any:
    if field.type is str:
        return text
    try:
        return click.types.convert_type(field.type)(text)
    except click.BadParameter as error:
        raise click.UsageError(f"{field.name}: {error.message}") from None


def _secret(place: str) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(place, hide_input=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")


def _put(content: dict[str, Any], place: str, text: str) -> None:
    *outer, name = place.split(".")
    for one in outer:
        content = content.setdefault(one, {})
        if not isinstance(content, dict):
            raise click.UsageError(f"--ask {place}: {one} is no object in the body.")
    content[name] = text
