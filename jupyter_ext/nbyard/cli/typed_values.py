"""Read values that users type: `NAME=VALUE`, JSON objects, and files or executables to run."""

from pathlib import Path
from typing import Any

import click

from nbyard.domain.parsing.strict_json import read_json
from nbyard.errors import BadRequest

FILE_SHAPE = "NAME=FILE"


def parse_pairs(option: str, given: tuple[str, ...], shape: str) -> dict[str, str]:
    """Return values by name, from words like `name=value`.

    Raises:
        UsageError: a word has another form, or a name occurs twice.
    """
    pairs: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise click.UsageError(f"{option} {text}: write {shape}")
        if name in pairs:
            several = "; several files for it are a folder" if shape == FILE_SHAPE else ""
            raise click.UsageError(f"{option} {name}: given twice{several}")
        pairs[name] = value
    return pairs


def texts_of(params: tuple[str, ...], inputs: tuple[str, ...]) -> dict[str, str]:
    """Return parameters and files by name, as typed."""
    values = parse_pairs("-p", params, "NAME=VALUE")
    files = parse_pairs("--input-file", inputs, FILE_SHAPE)
    if twice := sorted(values.keys() & files.keys()):
        raise click.UsageError(f"--input-file {twice[0]}: given twice")
    return values | files


def json_object(text: str, option: str = "--parameters") -> dict[str, Any]:
    """Return the object in the text of an option.

    Raises:
        UsageError: the text is no JSON object.
    """
    try:
        # Python reads bytes of a command line that are not UTF-8 as surrogates. The reader refuses
        # them.
        parsed = read_json(text.encode("utf-8", "surrogateescape"))
    except BadRequest as error:
        raise click.UsageError(f"{option}: {error.message}") from None
    if not isinstance(parsed, dict):
        raise click.UsageError(f"{option}: an object is needed, such as '{{\"alpha\": 0.1}}'")
    return parsed


def split_target(target: str, remote: bool) -> tuple[str, str]:
    """Return a file, else an executable's name or ID; the other text is empty.

    With `remote`, the files of this machine do not count.

    `churn v0.0.1` is a name, unless there is such a file.
    """
    is_named_so = "/" in target or Path(target).suffix[1:2].isalpha()
    is_file = is_named_so or (not remote and Path(target).exists())
    return (target, "") if is_file else ("", target)
