"""Commands for credentials that read secrets from standard input, a file or a hidden prompt.

They never take a secret as an argument, because other users can see command lines.
"""

import sys
from pathlib import Path
from typing import Any

import click

from nbyard.cli.output.console import print_note, show_json
from nbyard.cli.shared_options import connect, json_option, server_option
from nbyard.cli.typed_values import parse_pairs
from nbyard.domain.credentials import (
    KINDS,
    Credential,
    CredentialKind,
    CredentialPatch,
    NewCredential,
    kind_of,
)

field_option = click.option(
    "--field", "words", multiple=True, metavar="NAME=VALUE", help="Field that is not secret."
)
file_option = click.option(
    "--file",
    "files",
    multiple=True,
    metavar="[NAME=]PATH",
    help="Read a secret field from this file.",
)


@click.command()
@click.argument("name")
@click.option(
    "--kind",
    default="token",
    type=click.Choice([kind.kind for kind in KINDS]),
    help="Kind of the credential.",
)
@field_option
@file_option
@click.option("--description", default="", help="Purpose of the credential.")
@server_option
@json_option
def add(name: str, kind: str, server: str, as_json: bool, **given: Any) -> None:
    """Store a secret under a name.

    The secret is read from standard input, from a file or at a hidden prompt, never from the
    command line.

    \b
    Examples:
      nbyard credentials add weather-api
      nbyard credentials add weather-api < token.txt
      nbyard credentials add minio --kind s3 --field access_key_id=ann --file secret.txt
    """
    fields = _fields(kind_of(kind), given["words"], given["files"], is_new=True)
    body = NewCredential(name, kind, fields, given["description"])
    _print_result(connect(server).credentials.create(body=body), as_json)


@click.command()
@click.argument("name")
@field_option
@file_option
@server_option
@json_option
def replace(name: str, server: str, as_json: bool, **given: Any) -> None:
    """Replace the secret or other fields of a credential.

    Omitted fields keep their values.
    """
    credentials = connect(server).credentials
    credential = credentials.get(credential=name)
    fields = _fields(kind_of(credential.kind), given["words"], given["files"], is_new=False)
    body = CredentialPatch(credential.version, fields)
    _print_result(credentials.update(credential=credential.id, body=body), as_json)


COMMANDS = (add, replace)


def _print_result(made: Credential, as_json: bool) -> None:
    if as_json:
        show_json(made)
        return
    print_note(f"{made.name}: {kind_of(made.kind).label}, version {made.version}")
    click.echo(made.id)


def _fields(
    kind: CredentialKind, pair_texts: tuple[str, ...], files: tuple[str, ...], *, is_new: bool
) -> dict[str, str]:
    """Return all given fields; prompt for a missing required secret.

    An existing credential prompts only if no field is given.
    """
    secret = [field for field in kind.fields if field.secret]
    pairs = parse_pairs("--field", pair_texts, "NAME=VALUE")
    for field in secret:
        if field.name in pairs:
            raise click.UsageError(
                f"{field.name} is secret, and command lines are visible to other users. Pass it on"
                f" standard input, in a file (--file {field.name}=PATH) or at the prompt."
            )
    names = {field.name for field in kind.fields}
    for word in files:
        name, equals, path = word.partition("=")
        if name not in names and Path(word).exists():  # the path contains the sign
            equals, path = "", word
        try:
            text = Path(path).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise click.UsageError(f"{path} cannot be read: {error}") from None
        # Editors end a file with a newline, which is not part of the secret.
        pairs[name if equals else secret[0].name] = text.rstrip("\r\n")
    missing = [field for field in secret if field.required and field.name not in pairs]
    if missing and (is_new or not pairs):
        if is_terminal():
            text = str(click.prompt(missing[0].label, hide_input=True, err=True))
        else:
            text = sys.stdin.read().rstrip("\r\n")
        pairs[missing[0].name] = text
    return pairs


def is_terminal() -> bool:
    """Return whether standard input is a terminal."""
    return sys.stdin.isatty()
