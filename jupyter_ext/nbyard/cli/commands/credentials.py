"""Commands for credentials that read secrets from standard input, a file or a hidden prompt.

They never take a secret as an argument, because other users can see command lines.
"""

import sys
from pathlib import Path
from typing import Any

import click

from nbyard.cli.output.console import print_note
from nbyard.cli.shared_options import is_terminal, shows
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


def show_version(made: Credential) -> None:
    """Print the name, kind, version and ID of a credential."""
    print_note(f"{made.name}: {kind_of(made.kind).label}, version {made.version}")
    click.echo(made.id)


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
@shows(show_version)
def add(connection: Any, name: str, kind: str, **given: Any) -> Any:
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
    return connection.credentials.create(body=body)


@click.command()
@click.argument("name")
@field_option
@file_option
@shows(show_version)
def replace(connection: Any, name: str, **given: Any) -> Any:
    """Replace the secret or other fields of a credential.

    Omitted fields keep their values.
    """
    credentials = connection.credentials
    credential = credentials.get(credential=name)
    fields = _fields(kind_of(credential.kind), given["words"], given["files"], is_new=False)
    body = CredentialPatch(credential.version, fields)
    return credentials.update(credential=credential.id, body=body)


COMMANDS = (add, replace)


def _fields(
    kind: CredentialKind, pair_texts: tuple[str, ...], files: tuple[str, ...], *, is_new: bool
) -> dict[str, str]:
    """Return all given fields; prompt for a missing secret, for a change only if none is given."""
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
        # Editors end a file with a newline, which is not part of the secret.
        pairs[name if equals else secret[0].name] = read_text(path).rstrip("\r\n")
    missing = [field for field in secret if field.required and field.name not in pairs]
    if missing and (is_new or not pairs):
        pairs[missing[0].name] = ask_secret(missing[0].label).rstrip("\r\n")
    return pairs


def read_text(path: str) -> str:
    """Return the text of a file.

    Raises:
        UsageError: the file is unreadable, or no text.
    """
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} cannot be read: {error}") from None


def ask_secret(label: str) -> str:
    """Read a secret from standard input, or at a hidden prompt."""
    if is_terminal():
        return str(click.prompt(label, hide_input=True, err=True))
    return sys.stdin.read()
